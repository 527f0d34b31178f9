"""Cost against size: a chart for each dimension and path, both axes logarithmic, and its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from documents.sizes.document import grouped
from documents.sizes.tables import LEAD, machine_of, sizes_tables
from tailgate.report.blocks import Block, Chart, Line, Section, Series, TableBlock, Tag
from tailgate.report.scale import LogScale, Tick, log_scale, tick_duration
from tailgate.results.table import duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from documents.sizes.document import Curve, Sizes
    from documents.span import Span
    from tailgate.report.blocks import Stroke


def sizes_section(of: Sizes) -> Section:
    """Draw each dimension and path, then every table."""
    blocks: list[Block] = [_chart(*key, curves) for key, curves in grouped(of.curves).items()]
    tags = [tuple(map(_tag, curves)) for curves in grouped(of.curves).values() for _ in ("p50", "p99")]
    tables = sizes_tables(of)  # one of what was not measured may follow, which no filter knows
    blocks += [TableBlock(table, known, folded=True) for table, known in zip(tables, [*tags, ()], strict=False)]
    return Section("sizes", "Cost against size", f"{LEAD} Measured by {of.command}; {machine_of(of)}.", blocks)


def _chart(dimension: str, path: str, curves: Sequence[Curve]) -> Chart:
    sizes = sorted({size for each in curves for size in each.sizes})
    across = log_scale(sizes, margin=1.1)
    up = log_scale([span.value for each in curves for spans in (each.p50, each.p99) for span in spans if span])
    stops = tuple(Tick(across.at(size), f"{size:,}") for size in sizes)
    return Chart(
        f"sizes-{dimension}-{path}",
        f"{path} against {dimension}",
        f"p50 (solid) and p99 (dashed) of an operation by {curves[0].unit}, of {len(curves)} implementations.",
        curves[0].unit,
        "reproducible duration: p50 solid, p99 dashed",
        stops,
        up.ticks(tick_duration),
        tuple(_series(each, place, sizes, (across, up)) for place, each in enumerate(curves)),
        stops,
    )


def _tag(of: Curve) -> Tag:
    return Tag(of.path, of.implementation)


def _series(of: Curve, place: int, sizes: Sequence[int], scales: tuple[LogScale, LogScale]) -> Series:
    across, up = scales
    lines = []
    readings = {}
    strokes: tuple[tuple[str, Stroke, tuple[Span | None, ...]], ...] = (
        ("p50", "solid", of.p50),
        ("p99", "dashed", of.p99),
    )
    for name, stroke, spans in strokes:
        by_size = {size: span for size, span in zip(of.sizes, spans, strict=True) if span}
        points = tuple((across.at(size), up.at(span.value)) for size, span in by_size.items())
        lines.append(Line(name, stroke, points))
        readings[name] = tuple(duration(by_size[size].value) if size in by_size else "" for size in sizes)
    last = f"p50 {duration(of.p50[-1].value)} at {of.sizes[-1]:,}"
    return Series(of.implementation, _tag(of), place, tuple(lines), lines[0].points, last, readings)
