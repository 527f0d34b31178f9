"""A duel over blocks that are made."""

from __future__ import annotations

import math
import random
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tailgate.commands import doctor
from tailgate.judge.documents import duel_document
from tailgate.judge.duel import Budget, Duel, run_duel
from tailgate.machine.placement import CpuPlan
from tailgate.measure.lockstep import Block, Plan, SideRecord
from tailgate.measure.sides import Side, SideError, UnavailableSideError
from tailgate.results.duel_report import duel_sentence, duel_table
from tailgate.statistics.quantiles import quantiles

SIDES = (Side("one", "b/one"), Side("two", "b/two"))
PLAN = Plan(module="", root=Path(), settings={})


def fight(
    factor: float,
    *,
    spread: float = 0.01,
    seconds_per_block: int = 1,
    budget: float = 40.0,
    interrupted_after: int | None = None,
    clock_step_ns: int = 1,
    unit: float = 1.0,
) -> Duel:
    rng = np.random.default_rng(7)
    ticks = count()
    cost = rng.integers(1_000, 3_000, 5_000) * unit
    times = {"one": cost, "two": cost * factor}
    whole = count()

    def block(sides: Any, _plan: Plan, _rng: random.Random) -> Block:
        if next(whole) == interrupted_after:
            raise KeyboardInterrupt
        for _ in range(seconds_per_block):
            next(ticks)
        records = tuple(
            SideRecord(
                side,
                (times[side.name] * rng.lognormal(0.0, spread) // clock_step_ns * clock_step_ns).astype(np.int64)[
                    None, :
                ],
                np.ones((1, cost.size), dtype=np.bool_),
                "",
                "",
                {},
                {"clock_step_ns": clock_step_ns},
            )
            for side in sides
        )
        return Block(records, cost.size, {})

    return run_duel(SIDES, PLAN, random.Random(1), Budget(budget), block=block, clock=lambda: float(next(ticks)) / 4)


def test_a_clear_difference_ends_before_the_budget() -> None:
    told = fight(1.2)
    assert told.verdict == "slower"
    assert told.blocks < 20
    assert told.shift("raw", 0.5).comparison.estimate.low > 0
    assert "two is SLOWER than one at the reproducible p99, by" in duel_sentence(duel_document(told))


def test_the_faster_side_is_named_so() -> None:
    assert fight(0.5).verdict == "faster"
    assert "at the reproducible p99: 1.99 times as fast (interval 1.9" in duel_sentence(duel_document(fight(0.5)))


def test_no_difference_spends_the_budget_and_says_what_it_would_have_found() -> None:
    told = fight(1.0)
    assert told.verdict == "undecided"
    assert "blocks would have found" in duel_sentence(duel_document(told))
    estimate = told.shift("reproducible", 0.99).comparison.estimate
    assert estimate.low < 0 < estimate.high


def test_blocks_that_grow_longer_cut_the_plan_and_the_duel_still_ends_with_a_look() -> None:
    told = fight(1.0, seconds_per_block=9, budget=30.0)
    assert 8 <= told.blocks <= 14
    assert told.shift("reproducible", 0.99).comparison.estimate.n == told.blocks


def test_the_table_has_both_tails_and_marks_what_is_advisory() -> None:
    rows = duel_table(duel_document(fight(1.2))).rows
    assert [row[0] for row in rows][:4] == [
        "reproducible p50",
        "reproducible p90",
        "~reproducible p99",
        "~reproducible p99.9",
    ]
    assert len(rows) == 8


def test_a_side_that_cannot_run_here_is_named_with_its_reason() -> None:
    blocks = iter([Block((), 10, {"two": "it needs a package"})])

    def block(*_: Any) -> Block:
        return next(blocks)

    with pytest.raises(UnavailableSideError, match="two cannot run here: it needs a package"):
        run_duel(SIDES, PLAN, random.Random(1), Budget(), block=block)


@pytest.mark.parametrize("blocks", [1, 4, 9])
def test_an_interrupted_duel_tells_its_whole_blocks_and_decides_nothing(blocks: int) -> None:
    told = fight(1.2, interrupted_after=blocks)
    assert (told.verdict, told.interrupted, told.blocks) == ("undecided", True, blocks)
    assert duel_sentence(duel_document(told)).startswith(f"UNDECIDED: interrupted after {blocks} block")
    assert duel_table(duel_document(told)).notes[0].startswith("interrupted: ")


def test_a_duel_that_is_interrupted_in_its_first_block_has_nothing_to_tell() -> None:
    with pytest.raises(KeyboardInterrupt):
        fight(1.2, interrupted_after=0)


def test_a_block_that_was_half_added_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = count()

    def interrupted(samples: Any, steps: Any) -> tuple[float, ...]:
        if next(calls) == 9:  # two blocks of two sides and two kinds, and one figure more
            raise KeyboardInterrupt
        return quantiles(samples, steps)

    monkeypatch.setattr("tailgate.judge.series.quantiles", interrupted)
    assert fight(1.2).blocks == 2


def test_nothing_finer_than_the_clocks_step_is_called_detectable() -> None:
    told = fight(1.0, spread=0.0, clock_step_ns=10, unit=0.025)  # every block reads 70 ns at p99
    shift = told.shift("reproducible", 0.99)
    assert (shift.base_ns, shift.comparison.estimate.high) == (70.0, 0.0)
    assert shift.comparison.mde == pytest.approx(math.log(80 / 70))
    assert "would have found a change of 14.29 %" in duel_sentence(duel_document(told))
    assert any("resolution is 10 ns" in note for note in duel_table(duel_document(told)).notes)
    assert not any("resolution" in note for note in duel_table(duel_document(fight(1.0))).notes)


def test_a_doctor_whose_comparison_is_interrupted_gives_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "run_duel", lambda *_: fight(1.0, interrupted_after=9))
    with pytest.raises(KeyboardInterrupt):
        doctor._smallest_effect(1.0, CpuPlan(0, (0,), isolated=False, reason=""))


def short_fight(refused: str = "", *, unit: float = 0.1) -> tuple[Duel, list[int]]:
    """Return a duel of operations of some 300 ns under a clock of 10, and the sizes of batch that were run."""
    rng = np.random.default_rng(7)
    cost = rng.integers(1_000, 3_000, 5_000) * unit
    sizes: list[int] = []

    def block(sides: Any, plan: Plan, _rng: random.Random) -> Block:
        sizes.append(plan.batch)
        if refused and plan.batch > 1:
            raise SideError(refused)
        each = cost[: cost.size // plan.batch * plan.batch].reshape(-1, plan.batch).sum(axis=1)
        records = tuple(
            SideRecord(
                side,
                (each * (1.05 if side.name == "two" else 1.0) * rng.lognormal(0.0, 0.004) // 10 * 10).astype(np.int64)[
                    None, :
                ],
                np.ones((1, each.size), dtype=np.bool_),
                "",
                "",
                {},
                {"clock_step_ns": 10},
            )
            for side in sides
        )
        return Block(records, each.size, {})

    ticks = count()
    told = run_duel(SIDES, PLAN, random.Random(1), Budget(40.0), block=block, clock=lambda: float(next(ticks)) / 4)
    return told, sizes


def test_operations_too_short_for_the_clock_are_timed_in_batches_and_the_first_block_counts_for_nothing() -> None:
    told, sizes = short_fight()
    size = sizes[1]
    assert size > 1
    assert sizes == [1] + [size] * told.blocks
    assert (told.batch, told.verdict, told.series.operations) == (size, "slower", 5_000 // size)
    assert (
        f"{size} at a time were timed, and every percentile is of such a batch"
        in duel_table(duel_document(told)).text()
    )
    assert told.series.step("reproducible", "one", 0.99) < 0.01


def test_operations_that_cannot_be_batched_are_duelled_one_by_one() -> None:
    told, sizes = short_fight("side 'one' failed: operations that are awaited or exhausted cannot be timed in batches")
    assert (told.batch, sizes[:2], set(sizes[2:])) == (1, [1, 7], {1})
    with pytest.raises(SideError, match="it died"):
        short_fight("side 'one': it died")


def test_operations_long_enough_for_the_clock_are_duelled_one_by_one() -> None:
    assert set(short_fight(unit=1.0)[1]) == {1}
