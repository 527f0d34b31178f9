"""From compositions to sides and figures: what a composition is made of, who is to blame for a block that failed."""

from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tailgate.benchmark import Benchmark, Workload
from tailgate.documents.search import SearchAxis, Space, Term
from tailgate.errors import TailgateError
from tailgate.judge.search.measuring import BlockMeasuring, Means, checked_figure
from tailgate.measure.lockstep import Plan
from tailgate.measure.sides import BrokenSideError, Side, SideError, UnavailableSideError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SPACE = Space(
    (
        SearchAxis("parse", ("plain", "fast", "bad")),
        SearchAxis("allocator", ("own", "malloc"), "allocator"),
        SearchAxis("gc", ("on", "frozen")),
    )
)
MEANS = {("allocator", "malloc"): Means(env=(("PYTHONMALLOC", "malloc"),), python="/python")}


def find(name: str) -> Benchmark:
    axes = dict(part.split("=") for part in name.partition("[")[2].removesuffix("]").split(",") if part)
    return Benchmark("flow", "own", lambda _: Workload([1], lambda: print), axes)


class Record:
    """Two passes over a hundred operations; the second is half as long."""

    def __init__(self, side: Side, ns: int) -> None:
        self.side = side
        self.samples = np.array([np.arange(1, 101) * 2 * ns, np.arange(1, 101) * ns])

    def raw(self) -> Any:
        return self.samples.ravel()

    def reproducible(self) -> Any:
        return self.samples.min(axis=0)


def measuring(block: Callable[..., Any], *terms: Term, count: Callable[..., Any] | None = None) -> BlockMeasuring:
    plan = Plan("known", Path(), {}, operations=4_000)
    parts = (find("flow/own"), SPACE, terms or (Term("p50"),), plan, random.Random(1), find)
    return BlockMeasuring(*parts, means=MEANS, block=block, count=count)


def ran(sides: Sequence[Side], plan: Plan, _: random.Random, **more: Any) -> Any:
    records = [
        Record(side, 10 if "fast" in side.name else 20) for side in sides if side.name not in more.get("gone", ())
    ]
    facts: dict[str, Any] = {"unavailable": {}, "unequal": {}} | more
    return SimpleNamespace(records=records, operations=plan.operations, **facts)


def test_a_composition_is_a_benchmark_of_its_name_with_an_environment_of_its_own() -> None:
    made = measuring(ran)
    assert made.side((0, 0, 0)) == Side("flow/own", "flow/own")
    side = made.side((1, 1, 1))
    assert (side.name, side.benchmark) == ("parse=fast allocator=malloc gc=frozen", "flow/own[parse=fast,gc=frozen]")
    assert (side.gc, side.python, dict(side.env)) == ("frozen", "/python", {"PYTHONMALLOC": "malloc"})
    assert side.may_differ


def test_figures_are_of_the_least_durations_unless_raw_is_asked_for() -> None:
    done = measuring(ran, Term("p50"), Term("raw-p99"), Term("p99"))("alone", [(0, 0, 0), (1, 0, 0)])
    assert done.figures[(0, 0, 0)] == (50 * 20.0, 98 * 40.0, 99 * 20.0)
    assert done.figures[(1, 0, 0)] == (50 * 10.0, 98 * 20.0, 99 * 10.0)


def test_answers_are_held_equal_when_a_composition_is_new_and_the_tape_stays_what_it_was() -> None:
    plans: list[Plan] = []

    def block(sides: Sequence[Side], plan: Plan, rng: random.Random) -> Any:
        plans.append(plan)
        return ran(sides, plan, rng)

    made = measuring(block)
    for sides in ([(0, 0, 0), (1, 0, 0)], [(0, 0, 0), (1, 0, 0)], [(0, 0, 0), (0, 0, 1)]):
        made("alone", sides)
    assert [plan.check for plan in plans] == [True, False, True]
    assert [plan.cold for plan in plans] == [True, False, False]
    assert {plan.operations for plan in plans} == {4_000}


def test_other_answers_and_what_cannot_run_are_left_out() -> None:
    unequal = {"parse=bad": "operation 3 is the first that differs"}
    unavailable = {"gc=frozen": "no such collector"}

    def block(sides: Sequence[Side], plan: Plan, rng: random.Random) -> Any:
        return ran(sides, plan, rng, unequal=unequal, unavailable=unavailable, gone=("gc=frozen",))

    done = measuring(block)("alone", [(0, 0, 0), (2, 0, 0), (0, 0, 1), (1, 0, 0)])
    assert set(done.figures) == {(0, 0, 0), (1, 0, 0)}
    assert "operation 3 is the first that differs" in done.failed[(2, 0, 0)]
    assert done.failed[(0, 0, 1)] == "it cannot run here: no such collector"


def test_who_dies_is_left_out_and_the_others_run_again() -> None:
    started: list[list[str]] = []

    def block(sides: Sequence[Side], plan: Plan, rng: random.Random) -> Any:
        started.append([side.name for side in sides])
        if "parse=bad" in started[-1]:
            error = BrokenSideError("side 'parse=bad' died: it was killed by SIGSEGV")
            error.side = "parse=bad"
            raise error
        return ran(sides, plan, rng)

    done = measuring(block)("alone", [(0, 0, 0), (2, 0, 0), (1, 0, 0)])
    assert [len(names) for names in started] == [3, 2]
    assert set(done.figures) == {(0, 0, 0), (1, 0, 0)}
    assert "SIGSEGV" in done.failed[(2, 0, 0)]


@pytest.mark.parametrize("name", ["flow/own", ""])
def test_a_base_that_dies_and_a_fault_of_the_machine_end_the_search(name: str) -> None:
    def block(*_: Any) -> Any:
        error = BrokenSideError("a side died") if name else SideError("no memory")
        error.side = name
        raise error

    with pytest.raises(SideError):
        measuring(block)("alone", [(0, 0, 0), (1, 0, 0)])


def test_a_base_that_cannot_run_here_ends_it() -> None:
    with pytest.raises(UnavailableSideError, match="flow/own cannot run here: why"):
        measuring(lambda *a: ran(*a, unavailable={"flow/own": "why"}))("alone", [(0, 0, 0), (1, 0, 0)])


def test_counts_are_made_once_and_no_block_runs_for_what_was_checked() -> None:
    counted: list[str] = []
    blocks: list[Plan] = []

    def count(side: Side, _: Plan) -> dict[str, float]:
        counted.append(side.name)
        if "bad" in side.name:
            raise TailgateError("it crashed")
        return {"allocations": 3.0, "bytes": 0.0}

    def block(sides: Sequence[Side], plan: Plan, rng: random.Random) -> Any:
        blocks.append(plan)
        return ran(sides, plan, rng)

    made = measuring(block, Term("allocations"), Term("bytes"), count=count)
    first = made("alone", [(0, 0, 0), (1, 0, 0), (2, 0, 0)])
    again = made("proof", [(0, 0, 0), (1, 0, 0)])
    assert first.figures[(1, 0, 0)] == again.figures[(1, 0, 0)] == (3.0, 0.01)
    assert first.failed == {(2, 0, 0): "it could not be counted: it crashed"}
    assert counted == ["flow/own", "parse=fast", "parse=bad"]
    assert [plan.operations for plan in blocks] == [500]


@pytest.mark.parametrize("name", ["p50", "p99", "p99.9", "raw-p99", "allocations", "bytes"])
def test_figures_that_are_known(name: str) -> None:
    assert checked_figure(name) == name


@pytest.mark.parametrize("name", ["p0", "p100", "99", "mean", "raw-p", "raw-bytes"])
def test_a_figure_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(TailgateError, match="there is no figure"):
        checked_figure(name)
