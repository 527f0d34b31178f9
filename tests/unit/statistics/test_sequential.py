from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats

from tailgate.statistics.errors import StatisticsError
from tailgate.statistics.sequential import Plan, Spending, duel_plan, spent
from tailgate.statistics.simulation import Noise, blocks_of_noise, rates

if TYPE_CHECKING:
    from tailgate.statistics.estimate import Floats

# Bounds of equally spaced looks as published for the program of Reboussin, DeMets, Kim and Lan (ld98, R's ldbounds).
PUBLISHED = [
    ("obrien-fleming", 0.025, (4.8769, 3.3569, 2.6803, 2.2898, 2.0310)),
    ("obrien-fleming", 0.025, (3.7103, 2.5114, 1.9930)),
    ("obrien-fleming", 0.05, (4.2292, 2.8881, 2.2981, 1.9618, 1.7397)),
    ("pocock", 0.025, (2.4380, 2.4268, 2.4101, 2.3966, 2.3859)),
]


@pytest.mark.parametrize(("spending", "alpha", "bounds"), PUBLISHED)
def test_the_bounds_are_the_published_ones(spending: Spending, alpha: float, bounds: tuple[float, ...]) -> None:
    plan = Plan(tuple(range(1, len(bounds) + 1)), alpha, spending)
    assert [plan.boundary(look) for look in range(len(bounds))] == pytest.approx(bounds, abs=2e-4)


@pytest.mark.parametrize("plan", [Plan(), Plan((6, 7, 15), 0.05, "pocock"), Plan((10, 40), 0.02, "obrien-fleming")])
def test_the_bounds_spend_what_was_planned_by_scipys_multivariate_normal(plan: Plan) -> None:
    blocks = np.array(plan.looks, dtype=float)
    correlation = np.sqrt(np.minimum.outer(blocks, blocks) / np.maximum.outer(blocks, blocks))
    for look in range(len(plan.looks)):
        bounds = [plan.boundary(k) for k in range(look + 1)]
        inside = stats.multivariate_normal(np.zeros(look + 1), correlation[: look + 1, : look + 1], seed=0)
        crossed = 1 - float(inside.cdf(np.array(bounds)))
        assert crossed == pytest.approx(plan.spent_at(look), rel=2e-3)


@pytest.mark.parametrize("spending", ["obrien-fleming", "cubic", "quadratic", "pocock"])
def test_spending_rises_from_nothing_to_alpha(spending: Spending) -> None:
    used = [spent(spending, 0.01, t) for t in np.linspace(0, 1, 21)]
    assert used[0] == 0.0
    assert used[-1] == pytest.approx(0.01)
    assert used == sorted(used)


def test_a_single_look_tests_at_alpha() -> None:
    assert Plan((20,), 0.01).nominal_alpha(0) == pytest.approx(0.01, rel=1e-9)


@pytest.mark.parametrize("spending", ["obrien-fleming", "cubic", "quadratic", "pocock"])
def test_the_level_of_a_look_never_falls_when_alpha_rises(spending: Spending) -> None:
    # What lets Holm hand the share of a rejected figure to the others.
    plans = [Plan(alpha=alpha, spending=spending) for alpha in np.geomspace(0.0005, 0.1, 8).tolist()]
    for look in range(3):
        levels = [plan.nominal_alpha(look) for plan in plans]
        assert levels == sorted(levels)


@pytest.mark.parametrize("noise", ["normal", "t3", "contaminated"])
def test_all_looks_together_err_no_more_often_than_alpha(noise: Noise) -> None:
    d = blocks_of_noise(noise, 10_000, 24, seed=5)
    error = rates(d, Plan(alpha=0.05), lower_margin=-math.inf).above
    assert error <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 10_000)
    assert error > 0.035  # and alpha is not wasted either


def test_looking_three_times_without_a_plan_errs_far_more_often() -> None:
    d = blocks_of_noise("normal", 10_000, 24, seed=5)
    crossed = np.zeros(len(d), dtype=bool)
    for blocks in (12, 18, 24):
        crossed |= rates_at_one_look(d[:, :blocks])
    assert crossed.mean() > 0.08


def rates_at_one_look(d: Floats) -> Floats:
    z = d.mean(axis=1) / d.std(axis=1, ddof=1) * math.sqrt(d.shape[1])
    return np.asarray(z > stats.t.ppf(0.95, d.shape[1] - 1))


def test_a_run_cut_short_keeps_its_earlier_bounds_and_spends_the_rest_at_its_end() -> None:
    whole = Plan((12, 18, 24), 0.01)
    cut = whole.cut_at(15)
    assert cut.looks == (12, 15)
    assert cut.boundary(0) == pytest.approx(whole.boundary(0), rel=1e-9)
    assert cut.spent_at(1) == 0.01
    assert cut.spent_at(0) == whole.spent_at(0)


def test_idle_looks_are_those_below_the_least_p_value() -> None:
    assert Plan(alpha=0.005, spending="obrien-fleming").is_idle(0)
    assert not Plan(alpha=0.01, spending="obrien-fleming").is_idle(0)
    assert not Plan(alpha=0.01 / 10).is_idle(0)  # ten figures can still be judged at 12 blocks
    assert Plan(alpha=0.01 / 11).is_idle(0)


def test_a_duel_leaves_its_idle_looks_out() -> None:
    plan = duel_plan(30)
    assert plan.looks == (12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
    assert not plan.with_alpha(plan.alpha / 2).is_idle(0)
    assert duel_plan(5).looks == (5,)


@pytest.mark.parametrize("looks", [(), (0, 3), (5, 5), (6, 4)])
def test_looks_that_do_not_rise_are_refused(looks: tuple[int, ...]) -> None:
    with pytest.raises(StatisticsError, match="rising"):
        Plan(looks)


def test_unknown_spending_and_looks_are_refused_by_name() -> None:
    with pytest.raises(StatisticsError, match="linear"):
        Plan(spending="linear")  # type: ignore[arg-type]  # what a configuration file might say
    with pytest.raises(StatisticsError, match="no analysis 3"):
        Plan().nominal_alpha(3)
    with pytest.raises(StatisticsError, match="after 13 blocks"):
        Plan().look_at(13)
    with pytest.raises(StatisticsError, match="alpha"):
        Plan(alpha=1.0)
    with pytest.raises(StatisticsError, match="no analyses"):
        duel_plan(0)
