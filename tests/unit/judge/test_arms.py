"""The positive control's delay is read off a curve that was seen."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tailgate.documents.comparison import KINDS, Series
from tailgate.judge.arms import BlindError, Scouting, arms_of, scout, too_short
from tailgate.measure.inject import InjectionCost
from tailgate.measure.lockstep import Block, Contest, OverError, Plan, SideRecord
from tailgate.measure.protocol import Injection
from tailgate.measure.sides import Side, SideError

if TYPE_CHECKING:
    from collections.abc import Callable

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


def test_only_the_positive_control_is_slowed_and_it_is_head() -> None:
    base, head = Side("b", "x", roots=(Path("b"),)), Side("h", "x", roots=(Path("h"),))
    arms = arms_of(base, head, Side("c", "x", roots=(Path("c"),)), Injection("spin", 3))
    assert [side.name for side in arms.sides()] == ["base", "head", "negative-control", "positive-control"]
    assert [side.injection.spins for side in arms.sides()] == [0, 0, 0, 3]
    assert arms.positive_control.roots == (Path("h"),)


def block_of(sides: Any, cost_ns: Callable[[Side], float], operations: int = 100) -> Block:
    ready = {"injection": {"turn_ns": 1.0, "list_ns": 25.0}}
    records = []
    for side in sides:
        samples = np.full((1, operations), round(cost_ns(side)), dtype=np.int64)
        records.append(SideRecord(side, samples, np.ones_like(samples, dtype=np.bool_), "", "", {}, ready))
    return Block(tuple(records), operations, {})


def scouted(cost_ns: Callable[[Side], float], **more: Any) -> tuple[Any, list[list[Contest]]]:
    """Return what scouting two benchmarks finds, and the contests of its two rounds."""
    rounds: list[list[Contest]] = []

    def run(contests: Any, _rng: random.Random, take: Any) -> None:
        rounds.append(list(contests))
        for each in contests:
            take(each.name, block_of(each.sides, cost_ns))

    sides = {
        name: [Side(arm, name, process=arm) for arm in ("base", "head", "control")] for name in ("path/a", "path/b")
    }
    plan = more.pop("plan", Plan(module="", root=Path(), settings={}))
    return scout(sides, plan, random.Random(1), run=run, **more), rounds


def test_all_benchmarks_are_scouted_in_the_same_two_rounds_of_processes() -> None:
    found, rounds = scouted(lambda side: 2_000 + side.injection.spins)
    assert [len(contests) for contests in rounds] == [2, 2]
    first, second = rounds
    assert {side.process for contest in first for side in contest.sides} == {"base", "head", "control"}
    assert {side.process for contest in second for side in contest.sides} == {"scout 0 base"}
    assert not any(contest.plan.cold or contest.plan.check for contest in second)
    assert found["path/a"].spin(5.0).spins == 100  # 5 % of 2,000 ns, a turn being 1 ns


def test_batches_of_many_sizes_are_scouted_in_the_same_two_rounds() -> None:
    plans = {name: Plan(module="", root=Path(), settings={}, batch=n) for name, n in (("path/a", 3), ("path/b", 7))}
    found, rounds = scouted(lambda side: 2_000 + side.injection.spins, plan=plans)
    assert [{each.name: each.plan.batch for each in contests} for contests in rounds] == [
        {"path/a": 3, "path/b": 7}
    ] * 2
    assert {name: each.plan.batch for name, each in found.items()} == {"path/a": 3, "path/b": 7}


def test_each_benchmark_that_is_too_short_has_its_own_batch() -> None:
    found, _ = scouted(lambda side: (2_000 if side.benchmark == "path/a" else 100) + side.injection.spins)
    for each in found.values():
        each.series.clock_step_ns = 10
    assert too_short(found, lambda name, _: 0.02) == {"path/b": 10}  # a step of 10 % is to be half of 2 %


def test_what_the_time_for_scouting_does_not_come_to_is_told_by_an_error_of_its_own() -> None:
    now = [0.0]

    def run(contests: Any, _rng: random.Random, take: Any, is_over: Callable[[], bool]) -> None:
        for each in contests:
            now[0] += 1.0
            take(each.name, OverError("over") if is_over() else block_of(each.sides, lambda side: 2_000))

    sides = {name: [Side("base", name)] for name in "abcdefgh"}
    plan = Plan(module="", root=Path(), settings={})
    found = scout(sides, plan, random.Random(1), run=run, is_over=lambda share: now[0] > share * 10.0)
    assert [name for name, each in found.items() if isinstance(each, OverError)] == ["g", "h", "c", "d", "e", "f"]


def test_a_delay_is_sized_by_the_median_over_processes_of_what_it_does_within_each() -> None:
    slow = {"0": 1.0, "1": 1.1, "2": 3.0}  # a process may be slower as a whole

    def cost_ns(side: Side) -> float:
        number = side.name.partition(" ")[0]
        return slow.get(number, 1.0) * (2_000 + side.injection.spins)

    found, rounds = scouted(cost_ns, processes=3)
    assert len({side.process for side in rounds[1][0].sides}) == 3
    assert found["path/a"].spin(5.0).spins == pytest.approx(100, abs=1)


def test_a_great_delay_that_is_not_seen_has_an_error_of_its_own() -> None:
    found, _ = scouted(lambda side: 2_000)
    assert isinstance(found["path/a"], BlindError)
    assert "30 % of the p99 of path/a was not seen" in str(found["path/a"])


def test_a_benchmark_that_fails_while_scouting_costs_the_others_nothing() -> None:
    def run(contests: Any, _rng: random.Random, take: Any) -> None:
        for each in contests:
            bad = each.name == "path/bad"
            take(each.name, SideError("died") if bad else block_of(each.sides, lambda s: 2_000 + s.injection.spins))

    sides = {name: [Side("base", name)] for name in ("path/bad", "path/good")}
    found = scout(sides, Plan(module="", root=Path(), settings={}), random.Random(1), run=run)
    assert isinstance(found["path/bad"], SideError)
    assert isinstance(found["path/good"], Scouting)


@pytest.mark.parametrize(("percentile", "turns"), [(0.5, {0, 25, 50, 300}), (0.99, {0, 50, 100, 600})])
def test_the_median_is_judged_of_an_input_that_is_repeated(percentile: float, turns: set[int]) -> None:
    rounds: list[list[Contest]] = []

    def run(contests: Any, _rng: random.Random, take: Any) -> None:
        rounds.append(list(contests))
        for each in contests:
            block = block_of(each.sides, lambda side: 1_000 + side.injection.spins)
            for record in block.records:
                record.samples[:, 90:] *= 2  # a tail that is twice the median
                record.ready["repeats"] = percentile == 0.5  # type: ignore[index]  # a dict, here
            take(each.name, block)

    sides = {"path/a": [Side(arm, "path/a") for arm in ("base", "head", "control")]}
    found = scout(sides, Plan(module="", root=Path(), settings={}), random.Random(1), run=run)["path/a"]
    assert isinstance(found, Scouting)
    assert found.percentile == percentile
    assert {side.injection.spins for side in rounds[1][0].sides} == turns


@pytest.mark.parametrize(("operation_ns", "passes"), [(1_000, 7), (100_000_000, 4), (900_000_000, 1)])
def test_an_operation_that_outlasts_its_share_is_replayed_in_fewer_passes(operation_ns: int, passes: int) -> None:
    plans: list[Plan] = []

    def run(contests: Any, _rng: random.Random, take: Any) -> None:
        for each in contests:
            plans.append(each.plan)
            take(each.name, block_of(each.sides, lambda side: operation_ns + side.injection.spins, operations=1))

    sides = {"path/a": [Side(arm, "path/a") for arm in ("base", "head", "control")]}
    plan = Plan(module="", root=Path(), settings={}, passes=7, process_budget_s=0.5)
    found = scout(sides, plan, random.Random(1), run=run)["path/a"]
    assert isinstance(found, Scouting)
    assert found.plan.passes == passes
    assert plans[-1].passes == min(passes, 4), "to size a delay takes fewer"
