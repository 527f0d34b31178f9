from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from tailgate.statistics.effect import minimum_detectable_effect, robust_spread, spread
from tailgate.statistics.errors import StatisticsError
from tailgate.statistics.sign_flip import critical_count, walsh_averages


def test_both_spreads_estimate_the_standard_deviation_of_normal_blocks() -> None:
    d = np.random.default_rng(1).normal(3.0, 0.02, 20_000)
    assert spread(d) == pytest.approx(0.02, rel=0.02)
    assert robust_spread(d) == pytest.approx(0.02, rel=0.03)
    assert robust_spread(d[:99]) == pytest.approx(float(stats.median_abs_deviation(d[:99], scale="normal")), rel=1e-4)


def test_one_wild_block_moves_the_plain_spread_only() -> None:
    d = np.random.default_rng(1).normal(0.0, 0.02, 24)
    wild = np.append(d, 5.0)
    assert spread(wild) > 40 * spread(d)
    assert robust_spread(wild) < 2 * robust_spread(d)


def test_many_blocks_detect_what_the_formula_says() -> None:
    formula = (stats.norm.isf(0.01) + stats.norm.isf(0.1)) * 0.02 / math.sqrt(100)
    efficiency = math.sqrt(math.pi / 3)  # Pitman's, of signed ranks on normal values
    assert minimum_detectable_effect(0.02, 100, 0.01) == pytest.approx(formula * efficiency, rel=0.03)


@pytest.mark.parametrize(
    ("blocks", "alpha", "margin"), [(12, 0.00125, 0.0), (12, 2**-12, 0.0198), (24, 0.0033, 0.0198)]
)
def test_the_effect_named_is_found_nine_times_in_ten(blocks: int, alpha: float, margin: float) -> None:
    sd = 0.02
    effect = minimum_detectable_effect(sd, blocks, alpha, margin=margin)
    d = np.random.default_rng(9).normal(effect, sd, (4000, blocks))
    averages = walsh_averages(d)
    found = (averages[:, critical_count(blocks, alpha) - 1] > 0) & (np.median(averages, axis=1) > margin)
    assert found.mean() == pytest.approx(0.9, abs=0.02)


def test_no_effect_is_detectable_where_the_blocks_can_not_reject() -> None:
    assert minimum_detectable_effect(0.02, 12, 1e-4) == math.inf


def test_blocks_without_spread_detect_anything_above_the_margin() -> None:
    assert minimum_detectable_effect(0.0, 12, 0.01, margin=0.02) == pytest.approx(0.02)


def test_the_detectable_effect_scales_with_the_spread() -> None:
    one, three = (minimum_detectable_effect(s, 18, 0.004) for s in (0.01, 0.03))
    assert three == pytest.approx(3 * one)


def test_a_single_block_has_no_spread() -> None:
    for measure in (spread, robust_spread):
        with pytest.raises(StatisticsError, match="two are the least"):
            measure([0.1])


def test_a_negative_spread_is_refused() -> None:
    with pytest.raises(StatisticsError, match="no effect"):
        minimum_detectable_effect(-1.0, 12, 0.01)
