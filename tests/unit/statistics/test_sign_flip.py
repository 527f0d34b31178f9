from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats

from tailgate.statistics.errors import StatisticsError
from tailgate.statistics.sign_flip import (
    Alternative,
    critical_count,
    estimate_shift,
    hodges_lehmann,
    lower_bound,
    null_distribution,
    sign_flip_interval,
    sign_flip_p_value,
    upper_bound,
    walsh_averages,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from tailgate.statistics.estimate import Floats


def d_of(n: int, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).normal(0.4, 1.0, n)


def p_by_every_flip(d: Floats) -> float:
    """Enumerate all 2^n patterns of signs: the share with as few averages at or below zero as were seen."""
    seen = np.count_nonzero(walsh_averages(d) <= 0)
    patterns = np.array(list(itertools.product((-1.0, 1.0), repeat=d.size)))
    counts = np.count_nonzero(walsh_averages(patterns * np.abs(d)) <= 0, axis=1)
    return float(np.mean(counts <= seen))


@pytest.mark.parametrize("n", range(1, 13))
def test_the_p_value_counts_every_pattern_of_signs(n: int) -> None:
    d = d_of(n, seed=n)
    assert sign_flip_p_value(d, 0.0, "greater") == pytest.approx(p_by_every_flip(d), abs=1e-15)
    assert sign_flip_p_value(d, 0.3, "greater") == pytest.approx(p_by_every_flip(d - 0.3), abs=1e-15)
    assert sign_flip_p_value(d, 0.0, "less") == pytest.approx(p_by_every_flip(-d), abs=1e-15)


@pytest.mark.parametrize("seed", range(20))
def test_ties_and_zeros_only_make_the_p_value_larger(seed: int) -> None:
    d = np.random.default_rng(seed).integers(-2, 4, 9).astype(float)
    assert sign_flip_p_value(d, 0.0, "greater") >= p_by_every_flip(d) - 1e-15


@pytest.mark.parametrize("n", [5, 12, 24, 50])
@pytest.mark.parametrize("alternative", ["greater", "less", "two-sided"])
def test_the_p_value_is_wilcoxons(n: int, alternative: Alternative) -> None:
    d = d_of(n)
    expected = stats.wilcoxon(d, alternative=alternative, method="exact").pvalue
    assert sign_flip_p_value(d, 0.0, alternative) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("n", [1, 2, 12, 24, 30])
def test_the_null_distribution_counts_subsets_of_ranks(n: int) -> None:
    ways = [0] * (n * (n + 1) // 2 + 1)
    ways[0] = 1
    for r in range(1, n + 1):
        for w in range(len(ways) - 1, r - 1, -1):
            ways[w] += ways[w - r]
    exact = [sum(ways[: w + 1]) / 2**n for w in range(len(ways))]
    assert null_distribution(n).tolist() == pytest.approx(exact, rel=1e-14)


@pytest.mark.parametrize("n", [12, 18, 24])
@pytest.mark.parametrize("alpha", [0.001, 0.01, 0.1])
def test_the_interval_holds_exactly_the_shifts_that_are_not_rejected(n: int, alpha: float) -> None:
    d = d_of(n)
    low, high = sign_flip_interval(d, alpha)
    averages = walsh_averages(d)
    kept = [s for s in averages.tolist() if sign_flip_p_value(d, s) > alpha]
    assert (low, high) == (min(kept), max(kept))
    if math.isfinite(low):
        assert sign_flip_p_value(d, np.nextafter(low, -np.inf)) <= alpha
        assert sign_flip_p_value(d, np.nextafter(high, np.inf)) <= alpha


def test_twelve_blocks_can_not_reject_below_one_in_4096() -> None:
    d = np.linspace(1, 2, 12)
    assert sign_flip_p_value(d, 0.0, "greater") == 2**-12
    assert lower_bound(d, 2**-12) == 1.0
    assert lower_bound(d, 2**-12 * 0.999) == -math.inf
    assert upper_bound(d, 2**-12 * 0.999) == math.inf
    assert critical_count(12, 2**-12) == 1


def test_no_p_value_exceeds_one() -> None:
    assert sign_flip_p_value([0.0]) == 1.0
    assert sign_flip_p_value([-1.0, 1.0]) == 1.0


def test_the_estimate_is_the_median_of_the_averages_of_pairs() -> None:
    assert hodges_lehmann([1.0, 2.0, 9.0]) == np.median([1, 1.5, 5, 2, 5.5, 9])
    assert hodges_lehmann([4.0]) == 4.0


def test_one_wild_block_hardly_moves_the_estimate() -> None:
    d = d_of(24)
    wild = np.where(np.arange(24) == 3, 1e6, d)
    assert abs(hodges_lehmann(wild) - hodges_lehmann(d)) < 0.2


@pytest.mark.parametrize("noise", ["normal", "t3"])
def test_the_interval_covers_the_truth_as_often_as_it_says(noise: str) -> None:
    rng = np.random.default_rng(3)
    size = (4000, 12)
    d = rng.standard_normal(size) if noise == "normal" else rng.standard_t(3, size)
    averages = walsh_averages(d)
    count = critical_count(12, 0.025)
    covered = np.mean((averages[:, count - 1] <= 0) & (averages[:, -count] >= 0))
    exact = 1 - 2 * null_distribution(12)[count - 1]
    assert exact >= 0.95
    assert covered == pytest.approx(exact, abs=0.011)  # three standard errors of 4,000 trials


def test_an_estimate_says_how_sure_it_is_and_on_how_many_blocks() -> None:
    d = d_of(18)
    estimate = estimate_shift(d, 0.99)
    assert (estimate.low, estimate.high) == sign_flip_interval(d, 1 - 0.99)
    assert (estimate.n, estimate.confidence) == (18, 0.99)
    assert estimate.low < estimate.estimate < estimate.high


@pytest.mark.parametrize("bad", [[], [[1.0]], [1.0, math.nan], [math.inf]])
def test_blocks_without_a_finite_value_are_refused(bad: ArrayLike) -> None:
    with pytest.raises(StatisticsError):
        hodges_lehmann(bad)


def test_an_unknown_alternative_is_refused() -> None:
    with pytest.raises(StatisticsError, match="sideways"):
        sign_flip_p_value([1.0], 0.0, "sideways")  # type: ignore[arg-type]  # what an untyped caller might pass
