"""A suite of pyperf's of another program: each benchmark's processes, and what its values are."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from tailgate.report.blocks import Block, Ranges, Section, Span, TableBlock, Tag
from tailgate.report.scale import log_scale, tick_duration
from tailgate.results.table import Table, duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailgate.report.scale import LogScale
    from tailgate.results.foreign import ForeignBenchmark, ForeignSuite

_NS = 1e9
_LEAD = (
    "Measured by pyperf, not by tailgate: a value is the mean of a loop, warm-ups are left out, and what varies "
    "independently is the process. There is no percentile of operations in it."
)


def foreign_section(of: ForeignSuite) -> Section:
    """Draw the range of the processes' means, and tabulate the values."""
    timed = [each for each in of.benchmarks if each.unit == "second" and each.means and min(each.means) > 0.0]
    table = TableBlock(_table(of.benchmarks), folded=bool(timed))
    blocks: list[Block] = [_ranges(timed, table) if timed else table]
    if of.facts:
        facts = Table("Where it was measured", ("fact", "value"), tuple(of.facts.items()))
        blocks.append(TableBlock(facts, folded=True))
    when = f" From {of.dates[0]:%Y-%m-%d %H:%M} to {of.dates[1]:%Y-%m-%d %H:%M}." if of.dates else ""
    return Section("pyperf", f"pyperf: {of.path.name}", f"{_LEAD}{when}", blocks)


def _ranges(timed: Sequence[ForeignBenchmark], table: TableBlock) -> Ranges:
    scale = log_scale([_NS * end for each in timed for end in (min(each.means), max(each.means))])
    spans = tuple(_span(each, scale) for each in timed)
    description = "For each benchmark the mean of each process: the median of the processes, and their range."
    legend = (("\u25c6", "median of the processes, with their range"),)
    return Ranges("Mean of each process", description, scale.ticks(tick_duration), spans, legend, tables=(table,))


def _span(of: ForeignBenchmark, scale: LogScale) -> Span:
    low, middle, high = (_NS * end for end in (min(of.means), median(of.means), max(of.means)))
    marks = ((scale.at(middle), "\u25c6", f"median {duration(middle)}"),)
    text = f"{duration(middle)} [{duration(low)}, {duration(high)}]"
    return Span(of.name, Tag(), scale.at(low), scale.at(high), marks, text)


def _table(benchmarks: Sequence[ForeignBenchmark]) -> Table:
    names = ("mean", "stddev", "median", "min", "max")
    rows = []
    for each in benchmarks:
        found = each.figures()
        cells = (_valued(found[name], each.unit) if name in found else "-" for name in names)
        rows.append((each.name, *cells, f"{len(each.values):,}", f"{len(each.means):,}"))
    notes = () if all(each.values for each in benchmarks) else ("- no value: a calibration alone, or one value",)
    return Table("Values of pyperf", ("benchmark", *names, "values", "processes"), tuple(rows), notes)


def _valued(value: float, unit: str) -> str:
    """Return a value in its unit."""
    if unit == "second":
        return duration(_NS * value)
    return f"{value:,.0f} {unit}" if unit != "integer" else f"{value:,.6g}"
