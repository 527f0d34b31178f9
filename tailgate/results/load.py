"""Reads results back as plain data: what every report starts from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tailgate.errors import TailgateError
from tailgate.results import histogram, schema
from tailgate.results.foreign import text_of
from tailgate.results.store import load_pyperf

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tailgate.results.histogram import Histogram


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """One process: its distributions and what it says of itself."""

    block: int
    raw: Histogram
    reproducible: Histogram
    first_pass: Histogram
    stages: Mapping[str, Histogram]


@dataclass(frozen=True, slots=True)
class BenchmarkResult:
    """One benchmark over all its processes. Times are ns."""

    name: str
    path: str
    implementation: str
    group: str
    role: str
    operations: int  # per pass
    passes: int
    digest: str
    floor_inside_ns: float
    floor_total_ns: float
    processes: tuple[ProcessResult, ...]
    tape: int = 0  # operations on the whole tape; 0 where the file does not say

    def different(self) -> int:
        """Return how many different operations a process counts: after a change of turns samples are kept out."""
        return min(self.operations, *(histogram.count(process.raw) for process in self.processes))

    def stages(self) -> tuple[str, ...]:
        """Name the stages, where the time of an operation is split."""
        return tuple(self.processes[0].stages)

    def raw(self) -> Histogram:
        """Return the raw distribution of all processes together."""
        return histogram.merge(process.raw for process in self.processes)

    def reproducible(self) -> Histogram:
        """Return the per-operation minima of all processes together."""
        return histogram.merge(process.reproducible for process in self.processes)

    def first_pass(self) -> Histogram:
        """Return the cold first passes of all processes together."""
        return histogram.merge(process.first_pass for process in self.processes)


@dataclass(frozen=True, slots=True)
class Results:
    """All benchmarks of one results file, in the order they were declared.

    pyperf: what pyperf says of machine and interpreter, by its keys. machine: the machine's fitness, by condition.
    """

    path: Path
    benchmarks: tuple[BenchmarkResult, ...]
    settings: Mapping[str, Any]
    pyperf: Mapping[str, Any]
    machine: Mapping[str, str]

    @property
    def facts(self) -> dict[str, str]:
        """Return what a page tells of machine and interpreter, in a person's words."""
        return {title: str(self.pyperf[key]) for key, title in schema.FACTS.items() if key in self.pyperf}

    def groups(self) -> dict[str, list[BenchmarkResult]]:
        """Return the benchmarks that are compared with each other, by group."""
        found: dict[str, list[BenchmarkResult]] = {}
        for each in self.benchmarks:
            found.setdefault(each.group, []).append(each)
        return found


def is_results(path: Path) -> bool:
    """Recognise a pyperf suite of ours, the only result that is no typed document."""
    try:
        plain = json.loads(text_of(path))
    except (OSError, EOFError, ValueError):  # only who reads it can tell what is wrong with it
        return False
    if not isinstance(plain, dict) or not {"version", "benchmarks"} <= plain.keys():
        return False
    return schema.PREFIX in json.dumps(plain.get("metadata", plain["benchmarks"]))


def load_results(path: Path) -> Results:
    """Read a results file; another schema version, or a foreign file, is refused with the reason."""
    suite = load_pyperf(path)
    benchmarks = tuple(_benchmark(bench, path) for bench in suite.get_benchmarks())
    first: Mapping[str, Any] = suite.get_benchmarks()[0].get_runs()[0].get_metadata()
    pyperf = {key: value for key, value in first.items() if not key.startswith(schema.PREFIX) or key == schema.GIL}
    machine = {
        key.removeprefix(schema.MACHINE): str(value) for key, value in first.items() if key.startswith(schema.MACHINE)
    }
    try:
        settings = json.loads(str(first.get(schema.SETTINGS, "{}")))
    except ValueError as error:
        raise _damaged(path, benchmarks[0].name, f"{schema.SETTINGS} is no JSON: {error}") from error
    return Results(path, benchmarks, settings, pyperf, machine)


def _damaged(path: Path, name: str, why: str) -> TailgateError:
    return TailgateError(f"{path}: {name}: {why}; the file is damaged", hint="run the bench again")


def _benchmark(bench: Any, path: Path) -> BenchmarkResult:
    name: str = bench.get_name()
    runs = [run.get_metadata() for run in bench.get_runs()]
    for metadata in runs:  # of a file that was put together by hand, too
        schema.check_version(metadata, name, path)
    try:
        return _result(name, runs)
    except KeyError as error:
        raise _damaged(path, name, f"lacks {error.args[0]}") from error
    except TailgateError as error:
        raise _damaged(path, name, error.message) from error
    except (ValueError, TypeError) as error:
        raise _damaged(path, name, str(error)) from error


def _result(name: str, runs: list[Mapping[str, Any]]) -> BenchmarkResult:
    processes = tuple(map(_process, runs))
    first = runs[0]
    return BenchmarkResult(
        name,
        str(first.get(schema.PATH, name.split("/", 1)[0])),
        str(first.get(schema.IMPLEMENTATION, name)),
        str(first.get(schema.GROUP, name.split("/", 1)[0])),
        str(first.get(schema.ROLE, "")),
        int(first[schema.OPERATIONS]),
        int(first[schema.PASSES]),
        str(first[schema.DIGEST]),
        sum(float(each[schema.FLOOR_INSIDE]) for each in runs) / len(runs),
        sum(float(each[schema.FLOOR_TOTAL]) for each in runs) / len(runs),
        processes,
        int(first.get(schema.TAPE, 0)),
    )


def _recorded(metadata: Mapping[str, Any], key: str) -> Histogram:
    """Read a histogram of samples; ValueError where there are none, for they have no percentile."""
    found = histogram.decode(str(metadata[key]))
    if not histogram.count(found):
        raise ValueError(f"{key} holds no samples")
    return found


def _process(metadata: Mapping[str, Any]) -> ProcessResult:
    return ProcessResult(
        int(metadata.get(schema.BLOCK, 0)),
        _recorded(metadata, schema.HISTOGRAM),
        _recorded(metadata, schema.REPRODUCIBLE),
        _recorded(metadata, schema.FIRST_PASS),
        {
            key.removeprefix(schema.STAGES): histogram.decode(str(value))
            for key, value in metadata.items()
            if key.startswith(schema.STAGES)
        },
    )
