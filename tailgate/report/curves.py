"""Percentile curves as plain data: a latency for each step of the 1/(1-p) axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tailgate.results import histogram
from tailgate.statistics.quantiles import LADDER, OPERATIONS_BEYOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailgate.documents.bench import BenchFigures, BenchSummary
    from tailgate.results.histogram import Histogram
    from tailgate.results.load import BenchmarkResult, Results

STEPS_A_DECADE: Final = 16


@dataclass(frozen=True, slots=True)
class Point:
    """The latency, in ns, that one operation in `one_in` exceeds; `percent` is the percentile that this is."""

    one_in: float
    percent: float
    ns: float


@dataclass(frozen=True, slots=True)
class Curves:
    """What a picture needs of one benchmark; sure_to: the greatest 1/(1-p) whose percentile is no advisory one."""

    figures: BenchFigures
    raw: tuple[Point, ...]
    reproducible: tuple[Point, ...]
    sure_to: float


def groups_of(results: Results, summary: BenchSummary) -> dict[str, list[Curves]]:
    """Return the curves of each group, those that are split by stage left out."""
    by_name = {each.name: each for each in results.benchmarks}
    return {
        title: [curves(by_name[each.name], each) for each in members] for title, members in summary.groups().items()
    }


def curves(result: BenchmarkResult, figures: BenchFigures) -> Curves:
    """Return both curves of a benchmark."""
    sure_to = max(1.0, result.operations / OPERATIONS_BEYOND)
    return Curves(figures, curve(result.raw()), curve(result.reproducible()), sure_to)


def parted(points: Sequence[Point], sure_to: float) -> tuple[Sequence[Point], Sequence[Point]]:
    """Part a curve into what is sure and what is advisory; they meet in a point, so that no gap is drawn."""
    sure = sum(point.one_in <= sure_to for point in points)
    return points[:sure], points[max(sure - 1, 0) :]


def curve(of: Histogram) -> tuple[Point, ...]:
    """Return the curve from the least value to the greatest, evenly on the logarithm of 1/(1-p).

    The percentiles of LADDER are among the points, to the last digit as every table has them.
    """
    total = histogram.count(of)
    steps = {1 / (1 - percent / 100): percent for percent in (round(100 * p, 9) for p in LADDER)}
    place = 0
    while (one_in := 10 ** (place / STEPS_A_DECADE)) < total:
        if not any(abs(one_in / known - 1) < 0.02 for known in steps):
            steps[one_in] = 100 * (1 - 1 / one_in)
        place += 1
    inside = sorted((one_in, percent) for one_in, percent in steps.items() if one_in < total)
    values = histogram.percentiles(of, [percent for _, percent in inside])
    points = [Point(one_in, percent, float(ns)) for (one_in, percent), ns in zip(inside, values, strict=True)]
    return (*points, Point(float(total), 100.0, float(histogram.maximum(of)))) if total else ()
