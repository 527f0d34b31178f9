"""Comparisons become a chain: sums along a path, least squares where they meet, nothing across a gap."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tailgate.statistics.chain import Compared, chain, combined
from tailgate.statistics.errors import StatisticsError


def test_along_a_path_ratios_and_variances_add() -> None:
    found = chain([Compared(0, 1, 0.01, 1e-4), Compared(1, 2, 0.02, 2e-4), Compared(2, 5, -0.01, 3e-4)])
    assert [each.place for each in found] == [0, 1, 2, 5]
    assert [each.log_ratio for each in found] == pytest.approx([0.0, 0.01, 0.03, 0.02])
    assert [each.variance for each in found] == pytest.approx([0.0, 1e-4, 3e-4, 6e-4])
    assert {each.piece for each in found} == {0}


def test_a_gap_parts_the_chain() -> None:
    found = chain([Compared(3, 4, 0.05, 1e-4), Compared(0, 1, 0.01, 1e-4)])
    assert [(each.place, each.piece) for each in found] == [(0, 0), (1, 0), (3, 1), (4, 1)]
    assert found[2].log_ratio == found[2].variance == 0.0


def test_several_comparisons_of_a_pair_weigh_by_their_variances_and_direction_does_not_matter() -> None:
    (found,) = combined([Compared(0, 1, 0.02, 1e-4), Compared(1, 0, -0.05, 3e-4)])
    assert (found.base, found.head) == (0, 1)
    assert found.log_ratio == pytest.approx((0.02 / 1e-4 + 0.05 / 3e-4) / (1 / 1e-4 + 1 / 3e-4))
    assert found.variance == pytest.approx(1 / (1 / 1e-4 + 1 / 3e-4))


def test_a_comparison_of_the_ends_shares_what_it_knows() -> None:
    """Two links and their span: a triangle, whose misclosure goes to each side by its variance."""
    found = chain([Compared(0, 1, 0.01, 1e-4), Compared(1, 2, 0.01, 1e-4), Compared(0, 2, 0.05, 1e-4)])
    assert [each.log_ratio for each in found] == pytest.approx([0.0, 0.02, 0.04])
    assert [each.variance for each in found] == pytest.approx([0.0, 2e-4 / 3, 2e-4 / 3])


def test_the_least_squares_are_those_of_numpy() -> None:
    rng = np.random.default_rng(3)
    pairs = [(n, n + 1) for n in range(12)] + [(0, 6), (3, 12), (5, 9), (0, 12)]
    links = [Compared(a, b, float(rng.normal(0, 0.02)), float(rng.uniform(1e-5, 1e-3))) for a, b in pairs]
    design = np.zeros((len(links), 13))
    for row, each in enumerate(links):
        design[row, [each.base, each.head]] = -1, 1
    weights = np.sqrt([1 / each.variance for each in links])
    values = weights * [each.log_ratio for each in links]
    expected = np.linalg.lstsq(weights[:, None] * design[:, 1:], values, rcond=None)[0]
    assert [each.log_ratio for each in chain(links)][1:] == pytest.approx(expected.tolist())


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    inside = 0
    for _ in range(400):
        links = [Compared(n, n + 1, float(rng.normal(0.001, 0.004)), 0.004**2) for n in range(50)]
        last = chain(links)[-1]
        inside += abs(last.log_ratio - 0.05) <= 1.96 * math.sqrt(last.variance)
    assert 0.92 < inside / 400 < 0.98


def test_a_comparison_without_an_error_is_refused() -> None:
    with pytest.raises(StatisticsError, match="variance 0"):
        chain([Compared(0, 1, 0.1, 0.0)])
