"""pyperf's JSON of any program, also .json.gz: read for the page and for a history.

A value of pyperf's is the mean of a loop, not one operation, and the values of one process resemble each other more
than those of two: the process is the unit, and no percentile of operations can be told.
"""

from __future__ import annotations

import gzip
import json
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyperf

from tailgate.errors import TailgateError
from tailgate.results import schema

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

GZIP: Final = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class ForeignBenchmark:
    """One benchmark of another program, in its own unit: second, byte or integer.

    values: of all processes, warm-ups left out. means: one a process, of those that have values; none of a calibration
    alone.
    """

    name: str
    unit: str
    values: tuple[float, ...]
    means: tuple[float, ...]

    def figures(self) -> dict[str, float]:
        """Return mean, median, least and greatest value, and the standard deviation of two or more."""
        if not self.values:
            return {}
        found = {
            "mean": statistics.fmean(self.values),
            "median": statistics.median(self.values),
            "min": min(self.values),
            "max": max(self.values),
        }
        return found | ({"stddev": statistics.stdev(self.values)} if len(self.values) > 1 else {})


@dataclass(frozen=True, slots=True)
class ForeignSuite:
    """A file of pyperf's. metadata: what is common to all benchmarks; dates: of the first and the last process."""

    path: Path
    benchmarks: tuple[ForeignBenchmark, ...]
    metadata: Mapping[str, Any]
    dates: tuple[Any, Any] | None

    @property
    def facts(self) -> dict[str, str]:
        """Return what a page tells of machine and interpreter, in a person's words."""
        return {title: str(self.metadata[key]) for key, title in schema.FACTS.items() if key in self.metadata}


def text_of(path: Path) -> str:
    """Return the text of a file, unpacked where it is compressed by gzip, whatever its name is."""
    raw = path.read_bytes()
    return (gzip.decompress(raw) if raw.startswith(GZIP) else raw).decode("utf-8")


def is_pyperf(plain: Any) -> bool:
    """Tell whether parsed JSON is a suite of pyperf's, of any program."""
    if not isinstance(plain, dict):
        return False
    benchmarks = plain.get("benchmarks")
    return (
        isinstance(benchmarks, list)
        and "version" in plain
        and all(isinstance(each, dict) and "runs" in each for each in benchmarks)
    )


def foreign_suite(path: Path) -> ForeignSuite | None:
    """Return the suite of a file; None where it is none of pyperf's. TailgateError where it is one and damaged."""
    try:
        plain = json.loads(text_of(path))
    except (OSError, EOFError, ValueError):  # only who reads it can tell what is wrong with it
        return None
    return read_suite(plain, path) if is_pyperf(plain) else None


def read_suite(plain: Any, path: Path) -> ForeignSuite:
    """Return a suite from its parsed JSON."""
    try:
        suite = pyperf.BenchmarkSuite.loads(json.dumps(plain))
        benchmarks = tuple(map(_benchmark, suite.get_benchmarks()))
        metadata = suite.get_benchmarks()[0].get_metadata()
        dates = [each for one in suite.get_benchmarks() if (each := one.get_dates())]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise TailgateError(f"{path} is no pyperf suite: {error}", hint="was it truncated?") from error
    span = (min(each[0] for each in dates), max(each[1] for each in dates)) if dates else None
    return ForeignSuite(path, benchmarks, metadata, span)


def _benchmark(of: Any) -> ForeignBenchmark:
    values = tuple(map(float, of.get_values()))
    runs = (run.values for run in of.get_runs())
    means = tuple(statistics.fmean(each) for each in runs if each)
    return ForeignBenchmark(of.get_name() or "unnamed", of.get_unit(), values, means)
