"""The figures of a benchmark: percentiles, how far the processes agree, and the ratio to the path's bottleneck."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tailgate.results import histogram
from tailgate.results.table import Table, duration
from tailgate.statistics.quantiles import LADDER, is_advisory
from tailgate.statistics.sign_flip import hodges_lehmann

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailgate.results.histogram import Histogram
    from tailgate.results.load import BenchmarkResult

LABELS: Final = tuple(f"p{100 * p:g}" for p in LADDER)
_P50, _P99 = LADDER.index(0.5), LADDER.index(0.99)


@dataclass(frozen=True, slots=True)
class Figures:
    """The percentiles of one benchmark, in ns.

    raw, reproducible, first_pass: by LADDER. low and high: the least and the greatest value of a process, by LADDER
    (they enclose the median over processes with probability 1 - 2 ** (1 - processes)). advisory: too few operations,
    by LADDER.
    """

    name: str
    raw: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    reproducible: tuple[float, ...]
    first_pass: tuple[float, ...]
    advisory: tuple[bool, ...]
    max_ns: float
    mean_ns: float


def ladder(of: Histogram) -> tuple[float, ...]:
    """Give the percentiles of LADDER of a histogram, in ns."""
    return tuple(map(float, histogram.percentiles(of, [100 * p for p in LADDER])))


def figures(result: BenchmarkResult) -> Figures:
    """Compute what a table and a page show of one benchmark."""
    merged = result.raw()
    each = [ladder(process.raw) for process in result.processes]
    return Figures(
        result.name,
        ladder(merged),
        tuple(min(column) for column in zip(*each, strict=True)),
        tuple(max(column) for column in zip(*each, strict=True)),
        ladder(result.reproducible()),
        ladder(result.first_pass()),
        tuple(is_advisory(p, result.recorded) for p in LADDER),
        float(histogram.maximum(merged)),
        histogram.mean(merged),
    )


def reproducible_p99(result: BenchmarkResult, known: Figures) -> str:
    """Give the reproducible p99, marked where it is advisory: a process has one value an operation, not one a pass."""
    return ("~" if is_advisory(LADDER[_P99], result.operations) else "") + duration(known.reproducible[_P99])


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times faster than the bottleneck, block against block in lockstep, and the range over the blocks."""

    times: float
    low: float
    high: float

    def __str__(self) -> str:
        """Give the ratio with its range."""
        digits = 2 if self.times < 10 else 0
        return f"{self.times:.{digits}f}x [{self.low:.{digits}f}, {self.high:.{digits}f}]"


def ratio(result: BenchmarkResult, base: BenchmarkResult, place: int) -> Ratio | None:
    """Give base over result at the LADDER's `place`, from the blocks that both have."""
    theirs = {process.block: process for process in base.processes}
    logs = [
        math.log(ladder(theirs[mine.block].raw)[place] / ladder(mine.raw)[place])
        for mine in result.processes
        if mine.block in theirs
    ]
    return Ratio(math.exp(hodges_lehmann(logs)), math.exp(min(logs)), math.exp(max(logs))) if logs else None


def percentile_table(title: str, results: Sequence[BenchmarkResult]) -> Table:
    """Give the table of one group: an implementation a row."""
    base = next((each for each in results if each.role == "bottleneck"), None)
    rows = tuple(_row(each, base) for each in results)
    notes = []
    if any(flag for each in results for flag in (*figures(each).advisory, is_advisory(LADDER[_P99], each.operations))):
        notes.append("~ too few operations in a process for this percentile: advisory")
    columns = ("implementation", *LABELS, "max", "p99 over processes", "reproducible p99")
    vs = ("vs bottleneck p50", "vs bottleneck p99") if base else ()
    return Table(title, (*columns, *vs, "operations", "processes", "floor"), rows, tuple(notes))


def _row(result: BenchmarkResult, base: BenchmarkResult | None) -> tuple[str, ...]:
    known = figures(result)
    raw = (
        ("~" if advisory else "") + duration(value) for value, advisory in zip(known.raw, known.advisory, strict=True)
    )
    versus: tuple[str, ...] = ()
    if base is not None:
        versus = tuple(
            "-" if base is result else str(ratio(result, base, place) or "no common block") for place in (_P50, _P99)
        )
    role = f" ({result.role})" if result.role and result.role != result.implementation else ""
    return (
        result.implementation + role,
        *raw,
        duration(known.max_ns),
        f"{duration(known.low[_P99])} .. {duration(known.high[_P99])}",
        reproducible_p99(result, known),
        *versus,
        f"{result.operations:,} x {result.passes}",
        str(len(result.processes)),
        f"{result.floor_inside_ns:.0f}/{result.floor_total_ns:.0f} ns",
    )


def first_pass_table(results: Sequence[BenchmarkResult]) -> Table:
    """Give first pass (cold) beside the warm ones, at p50 and p99, for each benchmark."""
    rows = []
    for each in results:
        known = figures(each)
        cells = (known.first_pass[_P50], known.raw[_P50], known.first_pass[_P99], known.raw[_P99])
        rows.append((each.name, *map(duration, cells)))
    return Table(
        "First pass (cold) and warm passes",
        ("benchmark", "first p50", "warm p50", "first p99", "warm p99"),
        tuple(rows),
    )


def stage_table(results: Sequence[BenchmarkResult]) -> Table | None:
    """Give where the time of an operation goes, for the benchmarks that are split by stage."""
    rows = []
    for each in results:
        for stage in each.processes[0].stages:
            merged = histogram.merge(process.stages[stage] for process in each.processes)
            rows.append((f"{each.implementation}: {stage}", *map(duration, (*ladder(merged), histogram.mean(merged)))))
    return Table("Time by stage", ("stage", *LABELS, "mean"), tuple(rows)) if rows else None
