"""What would decide a figure that is open: how many blocks, or which margin."""

from __future__ import annotations

import math

import pytest

from tailgate.statistics.decision import PASS_ALPHA, Decision
from tailgate.statistics.effect import spread
from tailgate.statistics.estimate import Estimate
from tailgate.statistics.need import need_of

D = [0.03, 0.05, 0.01, 0.04, 0.02, 0.06, 0.0, 0.07]


def decision(estimate: float, level: float, high: float = 0.1) -> Decision:
    return Decision("continue", Estimate(estimate, -0.1, high, 0.99, len(D)), 0.0, 0.5, level, 0.02, 0)


def blocks_for(z: float, distance: float) -> int:
    return math.ceil(((z + 1.2815515594) * spread(D) / distance) ** 2)


def test_a_regression_is_proven_at_the_level_of_the_analysis_and_a_pass_at_its_own() -> None:
    assert need_of(decision(0.03, 0.001), D).blocks == blocks_for(3.0902323, 0.03)
    assert PASS_ALPHA == 0.05
    assert need_of(decision(0.005, 0.001), D).blocks == blocks_for(1.6448536, 0.015)


def test_no_fewer_blocks_are_needed_than_a_sign_flip_test_of_that_level_has() -> None:
    assert need_of(decision(1.0, 2.0**-14), D).blocks == 14


@pytest.mark.parametrize(("high", "step", "margin"), [(0.001, 0.01, 0.01), (0.015, 0.01, 0.015)])
def test_no_margin_below_a_step_of_the_clock_is_named(high: float, step: float, margin: float) -> None:
    assert need_of(decision(0.0, 0.01, high), D, step).margin == margin
