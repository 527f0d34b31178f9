from __future__ import annotations

import numpy as np
import pytest

from tailgate.statistics.errors import StatisticsError
from tailgate.statistics.estimate import log_shift, ratio_percent
from tailgate.statistics.shift import log_ratios


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
