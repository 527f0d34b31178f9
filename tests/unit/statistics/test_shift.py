from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tailgate.statistics.errors import StatisticsError
from tailgate.statistics.estimate import Estimate, log_shift, ratio_percent
from tailgate.statistics.shift import log_ratios, shift_function
from tailgate.statistics.sign_flip import estimate_shift

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def test_each_percentile_gets_the_estimate_of_its_own_column() -> None:
    table = np.random.default_rng(1).normal([0.0, 0.01, 0.1], 0.02, (12, 3))
    answers = shift_function(table, 0.99)
    assert answers == [estimate_shift(table[:, k], 0.99) for k in range(3)]


def test_log_ratios_turn_into_percent_and_back() -> None:
    ratios = log_ratios([[100.0, 200.0]], [[105.0, 190.0]])
    assert [ratio_percent(r) for r in ratios[0]] == pytest.approx([5.0, -5.0])
    assert ratio_percent(log_shift(2.0)) == pytest.approx(2.0)


def test_log_shift_refuses_to_lose_all_latency() -> None:
    with pytest.raises(StatisticsError):
        log_shift(-100.0)


@pytest.mark.parametrize(("base", "head"), [([1.0], [1.0, 2.0]), ([0.0], [1.0]), ([1.0], [np.nan]), ([1.0], [-1.0])])
def test_quantiles_without_a_ratio_are_refused(base: list[float], head: list[float]) -> None:
    with pytest.raises(StatisticsError):
        log_ratios(base, head)


@pytest.mark.parametrize("table", [[], [1.0, 2.0], [[]]])
def test_a_table_that_is_not_blocks_by_percentiles_is_refused(table: ArrayLike) -> None:
    with pytest.raises(StatisticsError, match="blocks, probabilities"):
        shift_function(table)


def test_an_interval_excludes_what_lies_beyond_either_end_and_holds_its_ends() -> None:
    interval = Estimate(0.5, 0.25, 1.0, 0.95, 12)
    assert [interval.excludes(value) for value in (0.2, 0.25, 1.0, 1.1)] == [True, False, False, True]
