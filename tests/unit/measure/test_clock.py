"""The clock's step, from durations that are made."""

from __future__ import annotations

import random
from itertools import count

import pytest

from tailgate.measure.clock import clock_step, measure_overhead

RNG = random.Random(3)
TICKS = [RNG.randrange(1, 40) for _ in range(300)]


@pytest.mark.parametrize(
    ("durations", "step"),
    [
        ({10 * tick for tick in TICKS}, 10),
        ({10 * tick + RNG.randrange(2) for tick in TICKS}, 10),
        ({round(41.667 * tick) for tick in TICKS}, 42),
        ({100 * tick for tick in TICKS} | {0}, 100),
        ({round(RNG.gauss(60, 9)) for _ in range(3_000)} | {173, 260, 1_411}, 1),
        ({*range(40, 46), *range(52, 58), 110, 173, 260}, 1),
        ({60}, 1),
        ({0}, 1),
    ],
)
def test_a_step_shows_where_durations_are_its_multiples(durations: set[int], step: int) -> None:
    assert clock_step(durations) == step


def test_the_floor_knows_the_step_of_its_clock() -> None:
    reads, rng = count(), random.Random(1)
    assert measure_overhead(lambda: rng.randrange(3) * 20 + 100 * next(reads)).clock_step_ns == 20
