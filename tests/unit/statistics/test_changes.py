"""What the search for changes finds in histories whose truth is known, and what it cries of nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tailgate.statistics.changes import (
    LEAST_LEVELS,
    level_changes,
    link_changes,
    link_penalty,
    moderated,
    scores,
)
from tailgate.statistics.estimate import log_shift, ratio_percent
from tailgate.statistics.histories import history, with_step

if TYPE_CHECKING:
    from tailgate.statistics.estimate import Floats

COMMITS = 200


def places(seed: int) -> int:
    return 5 + (37 * seed) % (COMMITS - 10)


def test_a_step_of_3_percent_is_found_at_its_commit_in_19_of_20_histories() -> None:
    exact = 0
    for seed in range(20):
        found = history(with_step(COMMITS, 3.0, places(seed)), seed=seed).changes()
        exact += [(each.kind, each.first, each.last) for each in found] == [("step", places(seed), places(seed))]
    assert exact >= 19, exact


def test_nothing_is_found_in_19_of_20_histories_of_identical_code() -> None:
    alarms = sum(bool(history(np.zeros(COMMITS), seed=100 + seed).changes()) for seed in range(20))
    assert alarms <= 1, alarms


def test_a_step_down_is_found_too_with_its_size() -> None:
    (found,) = history(with_step(COMMITS, -4.0, 60), seed=5).changes()
    assert (found.kind, found.first, found.last) == ("step", 60, 60)
    assert found.low < log_shift(-4.0) < found.high
    assert ratio_percent(found.size) == pytest.approx(-4.0, abs=1.5)
    assert found.probability > 0.9


def test_a_drift_that_no_commit_makes_is_found() -> None:
    """Where it begins and ends is less sure: what is found lies inside of it, and may be a part."""
    shifts = np.zeros(COMMITS)
    shifts[80:140] = log_shift(0.35)
    found = [history(shifts, seed=seed).changes() for seed in range(20)]
    inside = [[e for e in one if e.kind == "drift" and e.first >= 70 and e.last < 150] for one in found]
    assert sum(map(bool, inside)) >= 18
    loud = [max(scores_of(shifts, seed)[80:140] ** 2) >= 2 * link_penalty(COMMITS) for seed in range(20)]
    assert sum(loud) <= 5  # no single commit stands out, as a rule


def scores_of(shifts: Floats, seed: int) -> Floats:
    links = history(shifts, seed=seed)
    return scores(links.values, *moderated(links.spreads, links.blocks))


def test_two_links_that_may_both_have_made_it_are_a_range_with_its_probability() -> None:
    values = np.zeros(40)
    values[20] = values[21] = 0.018
    found = link_changes(values, np.full(40, 0.004**2), np.full(40, math.inf))
    assert len(found) == 1
    assert (found[0].first, found[0].last) == (20, 21)
    assert found[0].high > 0.03


def test_few_blocks_make_no_link_too_sure_of_itself() -> None:
    """Of 200 spreads of 8 blocks some are a third of the truth; drawn together none is half of it."""
    rng = np.random.default_rng(1)
    spreads = rng.normal(0, 0.012, (200, 8)).std(axis=1, ddof=1)
    variances, freedom = moderated(spreads, np.full(200, 8.0))
    truth = math.pi / 3 * 0.012**2 / 8
    assert (spreads**2 / 8).min() < truth / 4
    assert variances.min() > truth / 2
    assert variances.max() < 2 * truth
    assert freedom.min() > 20


def test_spreads_that_differ_stay_different() -> None:
    rng = np.random.default_rng(2)
    sizes = np.repeat([0.005, 0.05], 100)
    spreads = (rng.normal(0, 1, (200, 12)) * sizes[:, None]).std(axis=1, ddof=1)
    variances, freedom = moderated(spreads, np.full(200, 12.0))
    assert np.median(variances[100:]) / np.median(variances[:100]) > 50
    assert freedom.max() < 20


def test_the_search_is_pelt_at_every_index() -> None:
    """ruptures' own Pelt looks at every fifth index unless told otherwise, and finds a step at 52 twice."""
    import ruptures

    rng = np.random.default_rng(4)
    z = rng.standard_normal(100)
    z[52:] += 6
    signal = z.reshape(-1, 1)
    assert ruptures.Pelt(model="l2", min_size=1, jump=1).fit(signal).predict(pen=9) == [52, 100]
    assert ruptures.KernelCPD(kernel="linear", min_size=1).fit(signal).predict(pen=9) == [52, 100]
    (found,) = level_changes(z)
    assert (found.first, found.last) == (52, 52)


def test_absolute_figures_change_where_their_level_does() -> None:
    rng = np.random.default_rng(8)
    values = rng.normal(math.log(1000), 0.03, 60)
    values[25:] += log_shift(15.0)
    (found,) = level_changes(values)
    assert found.first <= 25 <= found.last
    assert found.low < log_shift(15.0) < found.high
    values[45:] -= log_shift(15.0)
    assert [each.size > 0 for each in level_changes(values)] == [True, False]


def test_absolute_figures_of_identical_code_have_a_change_in_few_of_100() -> None:
    rng = np.random.default_rng(21)
    assert sum(bool(level_changes(rng.normal(0, 0.05, 50))) for _ in range(100)) <= 9


@pytest.mark.parametrize("runs", [1, 2, LEAST_LEVELS - 1])
def test_too_few_runs_have_no_change(runs: int) -> None:
    assert level_changes(np.linspace(1, 9, runs)) == []


def test_figures_that_are_all_the_same_have_no_change() -> None:
    assert level_changes(np.full(30, 7.0)) == []
