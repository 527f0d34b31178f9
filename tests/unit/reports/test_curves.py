from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tailgate.report.curves import curve, curves, parted
from tailgate.results import histogram
from tailgate.results.load import load_results
from tailgate.results.summary import figures, ladder
from tailgate.statistics.quantiles import LADDER

if TYPE_CHECKING:
    from pathlib import Path


def test_ladder_percentiles_are_on_the_curve_to_the_last_digit() -> None:
    of = histogram.fill([7 * i * i for i in range(1, 20_001)])
    by_percent = {round(point.percent, 9): point.ns for point in curve(of)}
    assert [by_percent[round(100 * p, 9)] for p in LADDER] == list(ladder(of))


def test_curve_rises_from_the_least_to_the_greatest() -> None:
    of = histogram.fill([100 + i for i in range(5000)])
    points = curve(of)
    assert points[0].ns == histogram.minimum(of)
    assert points[-1].ns == histogram.maximum(of)
    assert points[-1].one_in == 5000
    assert [p.ns for p in points] == sorted(p.ns for p in points)
    assert [p.one_in for p in points] == sorted({p.one_in for p in points})


def test_curve_of_one_value_has_two_ends() -> None:
    points = curve(histogram.fill([400]))
    assert points[-1].ns == 400
    assert points[-1].percent == 100


def test_curve_of_nothing_is_empty() -> None:
    assert curve(histogram.fill([])) == ()


def test_curve_is_sure_as_far_as_200_operations_lie_beyond(golden: Path) -> None:
    first = load_results(golden / "bench" / "results.json").benchmarks[0]
    assert curves(first, figures(first)).sure_to == pytest.approx(first.operations / 200)


def test_a_curve_is_parted_without_a_gap() -> None:
    points = curve(histogram.fill(range(1, 1001)))
    sure, few = parted(points, 100.0)
    assert sure[-1] == few[0]
    assert (*sure, *few[1:]) == points
    assert sure[-1].one_in <= 100 < few[1].one_in
    assert parted(points, 1e9) == (points, points[-1:])
