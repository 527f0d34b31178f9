"""The figures of a benchmark: percentiles, how far the processes agree, and the ratio to the path's bottleneck."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from tailgate.results import histogram
from tailgate.results.table import Table, advisory_note, duration, marked
from tailgate.statistics.quantiles import LADDER, is_advisory
from tailgate.statistics.sign_flip import hodges_lehmann

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailgate.results.histogram import Histogram
    from tailgate.results.load import BenchmarkResult, ProcessResult

LABELS: Final = tuple(f"p{100 * p:g}" for p in LADDER)
_P50, _P99 = LADDER.index(0.5), LADDER.index(0.99)


@dataclass(frozen=True, slots=True)
class Figures:
    """The percentiles of one benchmark, in ns.

    raw, reproducible, first_pass: by LADDER. low and high: the least and the greatest value of a process, by LADDER
    (they enclose the median over processes with probability 1 - 2 ** (1 - processes)). advisory: too few different
    operations lie beyond it, by LADDER; another pass over them makes none of them another one.
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
        tuple(is_advisory(p, result.operations) for p in LADDER),
        float(histogram.maximum(merged)),
        histogram.mean(merged),
    )


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
    theirs = _by_block(base)
    logs = [
        math.log(ladder(theirs[block].raw)[place] / ladder(mine.raw)[place])
        for block, mine in _by_block(result).items()
        if block in theirs
    ]
    return Ratio(math.exp(hodges_lehmann(logs)), math.exp(min(logs)), math.exp(max(logs))) if logs else None


def ratio_text(result: BenchmarkResult, base: BenchmarkResult | None, place: int) -> str:
    """Give the ratio as a table shows it, marked where it rests on advisory percentiles."""
    if base is None or base is result:
        return "-"
    found = ratio(result, base, place)
    few = is_advisory(LADDER[place], min(result.operations, base.operations))
    return marked(str(found), advisory=few) if found else "no common block"


def _by_block(result: BenchmarkResult) -> dict[tuple[int, int], ProcessResult]:
    """Give the processes by block; a file merged of several runs has each block once from every run, in order."""
    seen: Counter[int] = Counter()
    found = {}
    for process in result.processes:
        found[process.block, seen[process.block]] = process
        seen[process.block] += 1
    return found


def percentile_table(title: str, results: Sequence[BenchmarkResult]) -> Table:
    """Give the table of one group: an implementation a row."""
    base = next((each for each in results if each.role == "bottleneck"), None)
    rows = tuple(_row(each, base) for each in results)
    columns = ("implementation", *LABELS, "max", "p99 over processes", "reproducible p99")
    vs = ("vs bottleneck p50", "vs bottleneck p99") if base else ()
    notes = (*advisory_note(rows), *opening_note(results))
    return Table(title, (*columns, *vs, "operations", "processes", "floor"), rows, notes)


class Replayed(Protocol):
    """What knows how many operations of its tape were replayed in a pass."""

    @property
    def operations(self) -> int:
        """Give the operations of a pass."""

    @property
    def tape(self) -> int:
        """Give the operations on the whole tape; 0 where that is not known."""


def opening_note(replayed: Sequence[Replayed]) -> tuple[str, ...]:
    """Say where a tape was not replayed to its end: what is rare and comes early weighs more there."""
    cut = [each for each in replayed if each.operations < each.tape]
    if not cut:
        return ()
    said = ", ".join(sorted({f"{each.operations:,} of {each.tape:,}" for each in cut}))
    whose = "" if len(cut) == len(replayed) else f" for {len(cut)} of these {len(replayed)}"
    return (f"only the first operations of the tape were replayed{whose} ({said}): the tail of the whole may differ",)


def _row(result: BenchmarkResult, base: BenchmarkResult | None) -> tuple[str, ...]:
    known = figures(result)
    raw = (marked(duration(ns), advisory=few) for ns, few in zip(known.raw, known.advisory, strict=True))
    versus: tuple[str, ...] = ()
    if base is not None:
        versus = tuple(ratio_text(result, base, place) for place in (_P50, _P99))
    role = f" ({result.role})" if result.role and result.role != result.implementation else ""
    return (
        result.implementation + role,
        *raw,
        duration(known.max_ns),
        marked(f"{duration(known.low[_P99])} .. {duration(known.high[_P99])}", advisory=known.advisory[_P99]),
        marked(duration(known.reproducible[_P99]), advisory=known.advisory[_P99]),
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
        cells = (
            marked(duration(ns[place]), advisory=known.advisory[place])
            for place in (_P50, _P99)
            for ns in (known.first_pass, known.raw)
        )
        rows.append((each.name, *cells))
    return Table(
        "First pass (cold) and warm passes",
        ("benchmark", "first p50", "warm p50", "first p99", "warm p99"),
        tuple(rows),
        (*advisory_note(rows), *opening_note(results)),
    )


def stage_table(results: Sequence[BenchmarkResult]) -> Table | None:
    """Give where the time of an operation goes, for the benchmarks that are split by stage."""
    rows = []
    for each in results:
        for stage in each.processes[0].stages:
            merged = histogram.merge(process.stages[stage] for process in each.processes)
            shown = zip(LADDER, map(duration, ladder(merged)), strict=True)
            cells = (marked(text, advisory=is_advisory(p, each.operations)) for p, text in shown)
            rows.append((f"{each.implementation}: {stage}", *cells, duration(histogram.mean(merged))))
    notes = (*advisory_note(rows), *opening_note(results))
    return Table("Time by stage", ("stage", *LABELS, "mean"), tuple(rows), notes) if rows else None
