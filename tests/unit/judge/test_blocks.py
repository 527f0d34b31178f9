"""A block that is sent: nothing is lost on the way, and what was not asked for does not travel."""

from __future__ import annotations

import pickle
import random
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from tailgate.documents.comparison import Series
from tailgate.errors import TailgateError
from tailgate.judge.arms import Arms
from tailgate.judge.blocks import BlockReport, Found, Spot, found_in, order_of, run_order
from tailgate.judge.gate import GateRules, Trial, Verdict, measured_at_once, run_gate
from tailgate.judge.lanes import spots_for
from tailgate.machine.place import Place
from tailgate.measure.lockstep import Block, Contest, Plan, SideRecord
from tailgate.measure.sides import Side, SideError
from tailgate.measure.timing import Timing
from tailgate.statistics.sequential import Plan as Looks

SIDES = (Side("base", "x"), Side("head", "x"))
PLAN = Plan(module="m", root=Path("here"), settings=MappingProxyType({"size": 3}), cpu=1, seat=lambda _: None)


def block(*medians: int) -> Block:
    records = []
    for side, median in zip(SIDES, medians, strict=True):
        samples = np.array([[median - 1, median, median + 1], [median, median, median]], dtype=np.int64)
        counted = np.ones(samples.shape, dtype=np.bool_)
        records.append(SideRecord(side, samples, counted, "same", "", {}, {"clock_step_ns": 10, "gil": "on"}))
    return Block(tuple(records), 3, {}, {"head": "operation 2"})


def test_an_order_travels_and_carries_no_place() -> None:
    order = order_of([Contest("x", SIDES, PLAN)], random.Random(1))
    arrived = pickle.loads(pickle.dumps(order))
    assert arrived == order
    plan = arrived.contests[0].plan
    assert (plan.cpu, plan.seat, plan.settings, plan.root) == (None, None, {"size": 3}, Path("here"))


def test_orders_are_drawn_anew() -> None:
    rng = random.Random(1)
    assert order_of([], rng).seed != order_of([], rng).seed


def test_a_found_block_travels_and_is_added_whole() -> None:
    found = found_in("x", block(100, 110))
    arrived: Found = pickle.loads(pickle.dumps(found))
    assert (arrived.digests, arrived.unequal) == ({"base": "same", "head": "same"}, {"head": "operation 2"})
    assert arrived.means_ns == {"base": [100.0, 100.0], "head": [110.0, 110.0]}
    series = Series(clock_step_ns=20)
    arrived.add_to(series)
    arrived.add_to(series)
    assert (len(series), series.operations, series.clock_step_ns) == (2, 3, 20)
    assert series.ratio_at("reproducible", "base", "head", 0.5) == pytest.approx(np.log([1.1, 1.1]))


def test_an_error_travels_with_its_hint() -> None:
    error = SideError("side 'head' died", hint="look at it")
    arrived: Any = pickle.loads(pickle.dumps(found_in("x", error)))
    assert (arrived.error.message, arrived.error.hint) == ("side 'head' died", "look at it")


def test_an_order_is_run_where_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def contests_run(contests: Any, rng: random.Random, take: Any) -> None:
        seen.extend((contests[0].plan, rng.random()))
        take("x", block(1, 1))

    monkeypatch.setattr("tailgate.judge.blocks.run_contests", contests_run)
    order = order_of([Contest("x", SIDES, PLAN)], random.Random(1))
    report = run_order(order, Spot(7, (2, 3)))
    assert (seen[0].cpu, seen[0].coordinator_cpus, report.cpu) == (7, frozenset({2, 3}), 7)
    run_order(order, Spot(8))
    assert seen[1] == seen[3], "an order is the same wherever it runs"


def report_of(head: float, error: TailgateError | None = None) -> BlockReport:
    spread = random.Random(head).gauss(0, 0.002)
    rows: dict[str, list[tuple[float, ...]]] = {
        "base": [(1_000.0,) * 4],
        "head": [(1_000.0 * (head + spread),) * 4],
        "negative-control": [(1_000.0 * (1 + spread),) * 4],
        "positive-control": [(1_300.0 * head,) * 4],
    }
    series = Series({"raw": rows, "reproducible": {side: list(each) for side, each in rows.items()}}, 100_000, 100_000)
    timing = Timing()
    timing.seconds["passes"] = 2.0
    timing.times["passes"] = 7
    return BlockReport((Found("x", Series() if error else series, error=error),), 0, 1.0, timing)


def trial() -> Trial:
    nobody = Side("", "")
    return Trial("x", Arms(nobody, nobody, nobody, nobody), PLAN)


@pytest.mark.parametrize(("at_once", "asked"), [(1, [1] * 8), (3, [3, 3, 2]), (16, [8])])
def test_blocks_that_run_at_once_end_where_a_look_is(at_once: int, asked: list[int]) -> None:
    sizes: list[int] = []

    def run(orders: Any) -> list[BlockReport]:
        sizes.append(len(orders))
        return [report_of(1.1 + 0.0001 * len(sizes)) for _ in orders]

    looks = Looks((8, 11, 14), 0.05)
    one = replace(trial(), plan=replace(PLAN, timing=Timing()))
    heard: list[int] = []
    measure = measured_at_once(random.Random(1), run, at_once, looks)
    verdict = run_gate([one], GateRules(looks, 0.02, 1e9), measure, heard=lambda blocks, *_: heard.append(blocks))
    assert (verdict, sizes, heard[-1], len(one.series)) == (Verdict.REGRESSION, asked, 8, 8)
    assert one.plan.timing.seconds["passes"] == 16.0
    assert one.plan.timing.times["passes"] == 56


def test_no_round_of_blocks_is_begun_that_the_budget_would_not_see_the_end_of() -> None:
    ticks = iter(range(0, 1_000, 10))
    looks = Looks((16, 24), 0.01)
    one = trial()
    measure = measured_at_once(random.Random(1), lambda orders: [report_of(1.1) for _ in orders], 4, looks)
    run_gate([one], GateRules(looks, 0.5, 65.0), measure, clock=lambda: float(next(ticks)))
    assert len(one.series) == 12, "a round of 4 takes 10 s, and 10 s pass between two: the third ends after 60 s"
    assert one.cut


def test_a_block_that_fails_in_a_lane_ends_its_trial() -> None:
    looks = Looks((8, 11), 0.01)
    one = trial()
    run = [report_of(1.0), report_of(1.0, SideError("side 'head' died"))]
    measure = measured_at_once(random.Random(1), lambda orders: run[: len(orders)], 2, looks)
    run_gate([one], GateRules(looks, 0.02, 1e9), measure)
    assert one.failure == "side 'head' died"


def test_one_lane_is_the_place_itself() -> None:
    place = Place(1, frozenset({0, 2}))
    assert spots_for(1, place) == ((Spot(1, (0, 2)),), ())


def test_a_shield_has_one_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(1, frozenset({0}), seat=lambda _: None)
    spots, told = spots_for(None, place)
    assert (len(spots), "shielded" in told[0]) == (1, True)
    with pytest.raises(TailgateError, match="a shield is entered by one block at a time"):
        spots_for(2, place)
    monkeypatch.setattr("tailgate.judge.lanes.free_lanes", lambda _: ((1,), "CPU 0 is a thread of CPU 1's core"))
    assert spots_for(None, Place(1)) == (
        (Spot(1),),
        ("lanes: one block at a time: CPU 0 is a thread of CPU 1's core",),
    )


def test_lanes_that_were_asked_for_leave_what_is_free_to_the_coordinators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2})
    spots, told = spots_for(2, Place(2, frozenset({0, 1})))
    assert spots == (Spot(2, (1,)), Spot(0, (1,)))
    assert told == ("lanes: 2 blocks at once, on CPU 0,2 (asked for, whatever the CPUs share)",)
    spots, told = spots_for(3, Place(2, frozenset({0, 1})))
    assert [each.coordinator_cpus for each in spots] == [(2,), (0,), (1,)]
    assert told[0].endswith("no CPU is left for their coordinators, each lives on its own lane's")
    with pytest.raises(TailgateError, match="--lanes 4: this process may run on 3 CPUs"):
        spots_for(4, Place(2, frozenset({0, 1})))
