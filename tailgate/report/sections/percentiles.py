"""Percentile curves: one chart a group of implementations, its table behind it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tailgate.documents.bench import P50, P99
from tailgate.files import slug
from tailgate.report.blocks import Chart, Line, Section, Series, TableBlock, Tag
from tailgate.report.curves import parted
from tailgate.report.scale import LogScale, Tick, log_scale, tick_duration
from tailgate.results.bench_report import first_pass_table, ladder_cells, percentile_table
from tailgate.results.table import duration
from tailgate.statistics.quantiles import LADDER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tailgate.documents.bench import BenchFigures
    from tailgate.report.curves import Curves, Point


def percentiles_section(groups: Mapping[str, Sequence[Curves]]) -> Section:
    """Draw each group that is not split by stage."""
    charts = [group_chart(title, members) for title, members in groups.items() if members]
    everything = [each.figures for members in groups.values() for each in members]
    cold = TableBlock(first_pass_table(everything), tuple(tag_of(each) for each in everything), folded=True)
    lead = (
        "How long one operation takes, from the commonest on the left to the rarest on the right; each labelled step "
        "is ten times rarer. Raw is what a user of this machine felt, reproducible what code and data cause, and the "
        "thin part of a line rests on too few operations to be more than advisory."
    )
    return Section("percentiles", "Percentiles", lead, [*charts, cold])


def tag_of(figures: BenchFigures) -> Tag:
    """Return what the filters know a benchmark by."""
    return Tag(figures.path, figures.implementation)


def group_chart(title: str, members: Sequence[Curves]) -> Chart:
    """Draw the raw and the reproducible curve of each implementation of a group."""
    last = max(each.raw[-1].one_in for each in members)
    across = LogScale(1.0, max(last, 10.0))
    up = log_scale([point.ns for each in members for point in (*each.raw, *each.reproducible)])
    longest = max(members, key=lambda each: each.raw[-1].one_in).raw
    stops = tuple(Tick(across.at(point.one_in), point_name(point)) for point in longest)
    return Chart(
        f"curves-{slug(title)}",
        title,
        f"Latency by percentile of {len(members)} implementations of {title}.",
        "percentile, on the scale of 1/(1-p)",
        "latency of one operation",
        percentile_ticks(across),
        up.ticks(tick_duration),
        tuple(_series(each, place, across, up, stops) for place, each in enumerate(members)),
        stops,
        (
            TableBlock(
                percentile_table(title, [each.figures for each in members]),
                tuple(tag_of(each.figures) for each in members),
                folded=True,
            ),
        ),
    )


def point_name(point: Point) -> str:
    """Name a percentile as short as it can be told from its neighbours: p50, p99.9, p99.44, max."""
    if point.percent == 100:
        return "max"
    digits = max(0, math.ceil(math.log10(point.one_in)) - 1)
    return f"p{round(point.percent, digits):g}"


def percentile_ticks(across: LogScale) -> tuple[Tick, ...]:
    """Label p50 and every decade."""
    names = {2: "p50", 10: "p90", 100: "p99", 1e3: "p99.9", 1e4: "p99.99", 1e5: "p99.999", 1e6: "p99.9999"}
    return tuple(Tick(across.at(one_in), name) for one_in, name in names.items() if one_in <= across.high)


def _series(each: Curves, place: int, across: LogScale, up: LogScale, stops: Sequence[Tick]) -> Series:
    def xy(points: Sequence[Point]) -> tuple[tuple[float, float], ...]:
        return tuple((across.at(point.one_in), up.at(point.ns)) for point in points)

    cells = ladder_cells(each.figures.raw, each.figures.advisory)
    sure, few = parted(each.raw, each.sure_to)
    sure_once, few_once = parted(each.reproducible, each.sure_to)
    return Series(
        each.figures.title,
        tag_of(each.figures),
        place,
        (
            Line("raw", "solid", xy(sure)),
            Line("raw", "thin", xy(few)),
            Line("reproducible", "dashed", xy(sure_once)),
            Line("reproducible", "dashed thin", xy(few_once)),
        ),
        xy([point for point in each.raw if any(abs(point.percent - 100 * p) < 1e-9 for p in LADDER)]),
        f"p50 {cells[P50]}, p99 {cells[P99]}",
        {"raw": _readings(each.raw, stops), "reproducible": _readings(each.reproducible, stops)},
    )


def _readings(points: Sequence[Point], stops: Sequence[Tick]) -> tuple[str, ...]:
    """Return one text a stop; the greatest value stands at the last, wherever the curve itself ends."""
    inner = [duration(point.ns) for point in points[:-1]][: len(stops) - 1]
    return (*inner, *[""] * (len(stops) - 1 - len(inner)), duration(points[-1].ns))
