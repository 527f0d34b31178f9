"""Laws that hold for every set of blocks: who is called base, the unit and the order of the blocks do not matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.statistics.binomial import clopper_pearson
from tailgate.statistics.decision import compare, decide
from tailgate.statistics.quantiles import quantiles
from tailgate.statistics.rank import rank
from tailgate.statistics.sequential import Plan, duel_plan
from tailgate.statistics.shift import log_ratios
from tailgate.statistics.sign_flip import estimate_shift, sign_flip_interval, sign_flip_p_value

if TYPE_CHECKING:
    from random import Random

    from tailgate.statistics.estimate import Floats

# Multiples of 1/1024: halves and sums of them are exact, so the laws hold to the last bit, ties and zeros included.
shifts = st.integers(-400, 400).map(lambda k: k / 1024)
many = st.lists(shifts, min_size=1, max_size=24)
twelve = st.lists(shifts, min_size=12, max_size=12)
alphas = st.sampled_from([0.0005, 0.01, 0.05, 0.5])
latencies = st.lists(st.integers(1, 10**9), min_size=12, max_size=12)
PLAN = Plan()


@given(many, alphas)
def test_swapping_the_sides_turns_the_sign(d: list[float], alpha: float) -> None:
    low, high = sign_flip_interval(d, alpha)
    assert sign_flip_interval(np.negative(d), alpha) == (-high, -low)
    here, there = estimate_shift(d), estimate_shift(np.negative(d))
    assert there.estimate == -here.estimate
    assert sign_flip_p_value(d, 0.0, "greater") == sign_flip_p_value(np.negative(d), 0.0, "less")


@given(twelve)
def test_swapping_the_sides_of_a_duel_turns_its_answer(d: list[float]) -> None:
    plan = duel_plan(12)
    turned = {"slower": "faster", "faster": "slower", "undecided": "undecided"}
    here, there = compare(d, plan, plan.last), compare(np.negative(d), plan, plan.last)
    assert there.verdict == turned[here.verdict]
    assert there.p_value == here.p_value


@given(latencies, latencies, st.integers(1, 1000))
def test_scaling_both_sides_changes_nothing(base: list[int], head: list[int], unit: int) -> None:
    ratios = log_ratios(base, head)
    scaled = log_ratios(np.multiply(base, unit), np.multiply(head, unit))
    assert scaled == pytest.approx(ratios, abs=1e-9)


@given(many, alphas, st.randoms(use_true_random=False))
def test_the_order_of_the_blocks_does_not_matter(d: list[float], alpha: float, random: Random) -> None:
    shuffled = random.sample(d, len(d))
    assert sign_flip_interval(shuffled, alpha) == sign_flip_interval(d, alpha)
    assert sign_flip_p_value(shuffled) == sign_flip_p_value(d)


@given(many, shifts, alphas)
def test_moving_every_block_moves_estimate_and_interval_by_as_much(d: list[float], by: float, alpha: float) -> None:
    low, high = sign_flip_interval(d, alpha)
    assert sign_flip_interval(np.add(d, by), alpha) == (low + by, high + by)
    assert estimate_shift(np.add(d, by)).estimate == estimate_shift(d).estimate + by


@given(many, shifts, alphas)
def test_a_shift_is_rejected_exactly_when_it_lies_outside(d: list[float], shift: float, alpha: float) -> None:
    low, high = sign_flip_interval(d, alpha)
    assert (sign_flip_p_value(d, shift) <= alpha) == (shift < low or shift > high)


@given(many, alphas, alphas)
def test_more_confidence_never_narrows_the_interval(d: list[float], one: float, other: float) -> None:
    wide, narrow = sign_flip_interval(d, min(one, other)), sign_flip_interval(d, max(one, other))
    assert wide[0] <= narrow[0]
    assert wide[1] >= narrow[1]


@given(many, st.sampled_from([0.9, 0.95, 0.99]))
def test_the_estimate_lies_inside_its_interval(d: list[float], confidence: float) -> None:
    answer = estimate_shift(d, confidence)
    assert answer.low <= answer.estimate <= answer.high


@given(twelve, shifts.filter(lambda s: s > 0))
def test_slower_blocks_never_turn_a_regression_into_anything_else(d: list[float], more: float) -> None:
    def verdict(blocks: Floats) -> str:
        return decide(blocks, PLAN, 0, 0.02).verdict

    order = ["pass", "continue", "regression"]
    assert order.index(verdict(np.add(d, more))) >= order.index(verdict(np.asarray(d)))


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60), st.sampled_from([0.0, 0.07, 0.5, 0.9, 0.99, 0.999, 1.0]))
def test_a_quantile_is_the_smallest_value_with_at_least_p_n_at_or_below(samples: list[int], p: float) -> None:
    (value,) = quantiles(samples, (p,))
    needed = rank(len(samples), p)
    assert sum(s <= value for s in samples) >= needed
    assert sum(s < value for s in samples) < needed


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_failures_are_the_mirror_of_successes(counts: tuple[int, int]) -> None:
    k, n = counts
    here, there = clopper_pearson(k, n), clopper_pearson(n - k, n)
    assert (there.low, there.high) == pytest.approx((1 - here.high, 1 - here.low), abs=1e-12)
    assert here.low <= here.estimate <= here.high
