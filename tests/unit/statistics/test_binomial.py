from __future__ import annotations

import pytest
from scipy import stats

from tailgate.statistics.binomial import clopper_pearson
from tailgate.statistics.errors import StatisticsError


@pytest.mark.parametrize(
    ("k", "n"), [(0, 1), (1, 1), (0, 200), (2, 200), (57, 60), (60, 60), (3, 20_000), (19_990, 20_000)]
)
@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_clopper_pearson_agrees_with_scipy(k: int, n: int, confidence: float) -> None:
    rate = clopper_pearson(k, n, confidence)
    exact = stats.binomtest(k, n).proportion_ci(confidence, "exact")
    assert (rate.low, rate.high) == pytest.approx((exact.low, exact.high), rel=1e-9, abs=1e-12)
    assert rate.estimate == k / n


def test_the_interval_covers_the_truth_at_least_as_often_as_it_says() -> None:
    n, truth = 40, 0.03
    intervals = [clopper_pearson(k, n, 0.9) for k in range(n + 1)]
    covered = sum(stats.binom.pmf(k, n, truth) for k, i in enumerate(intervals) if i.low <= truth <= i.high)
    assert covered >= 0.9


@pytest.mark.parametrize(("k", "n"), [(1, 0), (-1, 5), (6, 5)])
def test_a_count_beyond_its_total_is_refused(k: int, n: int) -> None:
    with pytest.raises(StatisticsError, match="is not a rate"):
        clopper_pearson(k, n)
