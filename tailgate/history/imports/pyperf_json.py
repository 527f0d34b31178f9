"""pyperf's JSON, of any program: the values are means of loops, not single operations, so they have no p99."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pyperf

from tailgate.errors import TailgateError
from tailgate.history.imports.common import NS_PER_S, Foreign, commit, entry, time_of
from tailgate.machine.identity import interpreter_of
from tailgate.results.exports import Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tailgate.history.entries import Entry

_FACTS: Final = {"cpu_model_name": "CPU", "cpu_count": "CPUs", "platform": "system"}
_UNITS: Final = {"second": ("ns", NS_PER_S), "byte": ("byte", 1.0), "integer": ("", 1.0)}


def recognises(plain: Any) -> bool:
    """Tell whether it is a suite of pyperf's, or one benchmark as its first versions wrote it."""
    if not isinstance(plain, dict):
        return False
    benchmarks = plain.get("benchmarks")
    return isinstance(benchmarks, list) and "version" in plain and all("runs" in each for each in benchmarks)


def read(plain: Any, path: Path, project: str) -> Iterator[Entry]:
    """Yield one run: of each benchmark mean, median, least and greatest value, and the standard deviation."""
    try:
        suite = pyperf.BenchmarkSuite.loads(json.dumps(plain))
        benchmarks = list(suite.get_benchmarks())
        measures = [row for each in benchmarks for row in _rows(each)]
        told: Mapping[str, Any] = benchmarks[0].get_metadata() if benchmarks else {}
        dates = [each.get_dates() for each in benchmarks]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise TailgateError(f"{path} is no pyperf suite: {error}", hint="was it truncated?") from error
    began = [each[0].astimezone().timestamp() for each in dates if each]
    when = min(began, default=path.stat().st_mtime)
    version = f"{told.get('python_implementation', 'Python')} {str(told.get('python_version', '')).partition(' ')[0]}"
    build = (str(told.get("python_compiler", "")), str(told.get("python_cflags", "")))
    yield entry(
        Foreign(
            "pyperf",
            path,
            project,
            when,
            measures,
            _commit(told),
            facts={title: told[key] for key, title in _FACTS.items() if key in told},
            interpreter=interpreter_of(version.strip(), *build),
            settings={key: told[key] for key in ("performance_version", "loops", "tags") if key in told},
        )
    )


def _rows(bench: Any) -> Iterator[Row]:
    values = bench.get_values()
    if not values:  # a calibration alone
        return
    unit, factor = _UNITS.get(bench.get_unit(), (str(bench.get_unit()), 1.0))
    note = f"{len(values)} values of {bench.get_nrun()} processes"
    name = bench.get_name() or "unnamed"
    figures = {"mean": bench.mean(), "median": bench.median(), "min": min(values), "max": max(values)}
    if len(values) > 1:
        figures["stddev"] = bench.stdev()
    for measure, value in figures.items():
        yield Row(name, measure, unit, factor * float(value), note=note)


def _commit(told: Mapping[str, Any]) -> Any:
    """Return the commit that pyperformance notes of the interpreter it has built; other programs name none."""
    sha, when = told.get("commit_id"), time_of(told.get("commit_date"))
    return commit(str(sha), when) if sha and when else None
