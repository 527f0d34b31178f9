"""The canary's delay is read off a curve that was seen."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tailgate.judge.arms import CANARY, BlindError, Scouting, arms_of, scout
from tailgate.judge.series import KINDS, Series
from tailgate.measure.inject import InjectionCost
from tailgate.measure.lockstep import Block, Plan, SideRecord
from tailgate.measure.protocol import Injection
from tailgate.measure.sides import Side

CURVE = ((0.0, 0.0), (10.0, 0.03), (40.0, 0.06), (200.0, 0.20))


def scouting() -> Scouting:
    series = Series()
    for kind in KINDS:
        series.rows[kind]["base"] = [(1_000.0, 1_500.0, 2_000.0, 9_000.0)]
    plan = Plan(module="", root=Path(), settings={})
    return Scouting(series, InjectionCost(turn_ns=1.0, list_ns=25.0), plan, "base", CURVE)


@pytest.mark.parametrize(
    ("percent", "turns"),
    [(100 * math.expm1(0.03), 10), (100 * math.expm1(0.045), 25), (100 * math.expm1(0.13), 120), (0.001, 1)],
)
def test_a_delay_is_interpolated_between_what_was_seen(percent: float, turns: int) -> None:
    assert scouting().spin(percent) == Injection("spin", turns)


def test_a_rare_delay_is_the_same_one_behind_fewer_operations() -> None:
    assert scouting().rare(100 * math.expm1(0.06), every=50) == Injection("spin", 40, every=50)


def test_small_lists_are_counted_by_their_cost() -> None:
    assert scouting().allocate(5.0) == Injection("allocate", 4)


def test_only_the_canary_is_slowed_and_it_is_head() -> None:
    base, head = Side("b", "x", roots=(Path("b"),)), Side("h", "x", roots=(Path("h"),))
    arms = arms_of(base, head, Side("c", "x", roots=(Path("c"),)), Injection("spin", 3))
    assert [side.name for side in arms.sides()] == ["base", "head", "control", CANARY]
    assert [side.injection.spins for side in arms.sides()] == [0, 0, 0, 3]
    assert arms.canary.roots == (Path("h"),)


def test_a_great_delay_that_is_not_seen_has_an_error_of_its_own() -> None:
    def block(sides: Any, _plan: Plan, _rng: random.Random) -> Block:
        samples, counted = np.full((1, 100), 2_000, dtype=np.int64), np.ones((1, 100), dtype=np.bool_)
        ready = {"injection": {"turn_ns": 1.0, "list_ns": 25.0}}
        return Block(tuple(SideRecord(side, samples, counted, "", "", {}, ready) for side in sides), 100, {})

    with pytest.raises(BlindError, match="30 % of the p99 of b/x was not seen"):
        scout(Side("one", "b/x"), Plan(module="", root=Path(), settings={}), random.Random(1), block=block)
