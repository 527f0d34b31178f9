"""The law of a cost over sizes, and where its curve bends: on curves whose law is known."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import pytest

from documents.sizes.growth import bend_of, growth_of

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = (10, 30, 100, 300, 1_000, 3_000, 10_000)
LAWS: dict[str, Callable[[int], float]] = {
    "constant": lambda n: 700.0,
    "log n": lambda n: 300.0 + 90.0 * math.log(n),
    "n": lambda n: 500.0 + 2.0 * n,
    "n log n": lambda n: 800.0 + 5.0 * n * math.log(n),
    "n²": lambda n: 900.0 + 0.1 * n * n,
}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("seed", range(5))
def test_the_law_is_found_through_noise_of_one_percent(law: str, seed: int) -> None:
    rng = random.Random(seed)
    found = growth_of(SIZES, [LAWS[law](n) * rng.gauss(1.0, 0.01) for n in SIZES])
    assert found is not None
    assert found.law == law
    assert found.error < 0.05


def test_what_is_fixed_and_what_each_unit_costs_are_found() -> None:
    found = growth_of(SIZES, [500.0 + 2.0 * n for n in SIZES])
    assert found is not None
    assert (found.fixed_ns, found.each_ns) == pytest.approx((500.0, 2.0))


def test_a_part_below_zero_is_left_out() -> None:
    found = growth_of(SIZES, [100.0 * n - 500.0 for n in SIZES])
    assert found is not None
    assert found.fixed_ns >= 0.0
    assert found.each_ns > 0.0


def test_a_curve_without_a_law_says_so() -> None:
    found = growth_of(SIZES, [100.0, 5_000.0, 90.0, 4_000.0, 120.0, 6_000.0, 80.0])
    assert found is not None
    assert found.law == ""
    assert found.error > 0.25


def test_few_sizes_have_no_law_and_no_bend() -> None:
    assert growth_of(SIZES[:4], [1.0, 2.0, 3.0, 4.0]) is None
    assert bend_of(SIZES[:5], [1.0, 1.0, 1.0, 10.0, 100.0]) is None


@pytest.mark.parametrize("seed", range(5))
def test_the_size_at_which_a_curve_bends_is_found(seed: int) -> None:
    rng = random.Random(seed)
    found = bend_of(SIZES, [max(600.0, 600.0 * n / 300) * rng.gauss(1.0, 0.01) for n in SIZES])
    assert found is not None
    assert found.size == 300
    assert (found.before, found.behind) == pytest.approx((0.0, 1.0), abs=0.05)


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("seed", range(20))
def test_one_power_of_n_does_not_bend(exponent: float, seed: int) -> None:
    rng = random.Random(seed)
    assert bend_of(SIZES, [100.0 * n**exponent * rng.gauss(1.0, 0.02) for n in SIZES]) is None


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("seed", range(5))
def test_a_fixed_part_before_a_law_is_no_bend(law: str, seed: int) -> None:
    rng = random.Random(seed)
    assert bend_of(SIZES, [LAWS[law](n) * rng.gauss(1.0, 0.01) for n in SIZES]) is None
