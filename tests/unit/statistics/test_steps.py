"""Where a figure steps between ordered sides, over made blocks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tailgate.statistics.errors import StatisticsError
from tailgate.statistics.steps import Noise, find_steps

PLACES = (0, 9, 18, 27, 36, 45, 54, 64)
MARGIN = math.log(1.01)


def blocks(
    levels: list[float], count: int = 6, sd: float = 0.008, seed: int = 1
) -> np.ndarray[Any, np.dtype[np.float64]]:
    rng = np.random.default_rng(seed)
    drift = rng.normal(0.0, 0.2, (count, 1))  # what the machine does to a whole block
    made: np.ndarray[Any, np.dtype[np.float64]] = drift + np.array(levels) + rng.normal(0.0, sd, (count, len(levels)))
    return made


def stepping(*gaps: int, by: float = 0.03) -> list[float]:
    return [by * sum(n > gap for gap in gaps) for n in range(len(PLACES))]


@pytest.mark.parametrize("gap", range(7))
def test_a_step_is_found_in_its_gap(gap: int) -> None:
    found = find_steps(blocks(stepping(gap)), PLACES, MARGIN)
    assert (found.shape, found.gaps) == ("steps", (gap,))
    assert found.shifts[0] == pytest.approx(0.03, abs=0.01)
    assert found.posterior > 0.99


def test_two_steps_and_a_rise_that_falls_again_are_two_places() -> None:
    assert find_steps(blocks(stepping(1, 5)), PLACES, MARGIN).gaps == (1, 5)
    hill = [0.0, 0.0, 0.04, 0.04, 0.04, 0.0, 0.0, 0.0]
    found = find_steps(blocks(hill), PLACES, MARGIN)
    assert found.gaps == (1, 4)
    assert found.shifts[0] > 0 > found.shifts[1]


def test_identical_code_has_no_step_and_a_slow_rise_none_of_its_own() -> None:
    assert find_steps(blocks([0.0] * 8), PLACES, MARGIN).shape == "none"
    rise = [0.06 * place / 64 for place in PLACES]
    found = find_steps(blocks(rise, count=16, sd=0.004), PLACES, MARGIN)
    assert found.shape == "slow rise"
    assert found.shifts[0] == pytest.approx(0.06, abs=0.01)


def test_less_than_the_margin_is_no_step() -> None:
    assert find_steps(blocks(stepping(3, by=0.006), sd=0.001), PLACES, MARGIN).shape == "none"


def test_one_wild_process_does_not_move_the_step() -> None:
    made = blocks(stepping(3))
    made[2, 6] += 0.3
    assert find_steps(made, PLACES, MARGIN).gaps == (3,)


def test_what_earlier_blocks_say_of_the_scatter_keeps_a_lucky_few_from_being_sure() -> None:
    lucky = blocks([0.0, 0.0, 0.02], count=4, sd=0.0005)
    alone = find_steps(lucky, (0, 1, 2), MARGIN)
    known = find_steps(lucky, (0, 1, 2), MARGIN, Noise(squares=100 * 0.02**2, freedom=100))
    assert alone.posterior > 0.99 > known.posterior


def test_what_is_no_table_of_blocks_is_refused() -> None:
    with pytest.raises(StatisticsError, match="sides in two blocks"):
        find_steps(np.zeros((1, 3)), (0, 1, 2), MARGIN)
    with pytest.raises(StatisticsError, match="must rise"):
        find_steps(np.zeros((4, 3)), (0, 2, 1), MARGIN)
