"""A bisection over made blocks: what is guilty, skipped, open, and what a second run takes over."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tailgate.documents.bisection import Bisection, Commit
from tailgate.documents.envelope import load, save
from tailgate.errors import TailgateError
from tailgate.judge.bisect import BisectRules, Measuring, Search, bisection_of, verdict_of
from tailgate.measure.lockstep import Block, Plan, SideRecord
from tailgate.measure.sides import BrokenSideError, Side, SideError
from tailgate.results.bisect_report import bisect_markdown, bisect_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def level(*at: int, by: float = 0.03) -> Callable[[int], float]:
    """Return the log level of a place that steps at these commits."""
    return lambda place: by * sum(place >= each for each in at)


def search(
    levels: Callable[[int], float],
    *,
    count: int = 64,
    seed: int = 1,
    sd: float = 0.012,
    unbuilt: Sequence[int] = (),
    dying: Sequence[int] = (),
    **more: Any,
) -> Search:
    """Return a search whose ratios of identical code scatter by `sd`, as processes of one side do."""
    rng = np.random.default_rng(seed)

    def lay_out(commit: Commit) -> Side:
        if commit.place in unbuilt:
            raise TailgateError("the build failed\nlog")
        return Side(str(commit.place), "path/name")

    def alone(side: Side) -> None:
        if int(side.name) in dying:
            raise BrokenSideError(f"side {side.name!r} failed")

    def measure(sides: Sequence[Side]) -> list[float]:
        for side in sides:
            alone(side)
        machine = rng.normal(0.0, 0.1)
        return [5_000.0 * math.exp(machine + levels(int(s.name)) + rng.normal(0.0, sd / math.sqrt(2))) for s in sides]

    commits = [Commit(n, f"{n:040x}", f"change {n}", merge=n == 40) for n in range(count + 1)]
    return Search(commits, more.pop("rules", BisectRules()), lay_out, measure, alone, **more)


def searched(seed: int) -> bool:
    """Tell whether a search over 64 commits names the right one."""
    at = 1 + seed * 29 % 64
    one = search(level(at), seed=seed)
    one.run()
    return [each.place for each in one.guilty] == [at] and verdict_of(one) == "found"


def test_the_right_one_of_64_commits_is_found_in_nineteen_of_twenty_searches() -> None:
    assert sum(searched(seed) for seed in range(60)) >= 57


def test_the_guilty_commit_is_named_with_the_shift_of_each_candidate() -> None:
    one = search(level(40))
    one.run()
    told = bisection_of(one, "path/name")
    assert (told.verdict, [(each.after, each.place) for each in told.guilty]) == ("found", [(39, 40)])
    text = bisect_text(told)
    assert f"{40:040x}"[:10] + " 'change 40' makes it slower: +" in text
    assert "it is a merge; within it: tailgate bisect --good" in text
    assert bisect_markdown(told).startswith("# Bisection: found\n")
    measured = {place for each in told.rounds for place in each.places}
    assert all(f"change {place} " in text for place in measured)
    assert len(measured) < 25


def test_two_rises_are_both_told() -> None:
    one = search(level(10, 50))
    one.run()
    assert (verdict_of(one), [each.place for each in one.guilty]) == ("several", [10, 50])


def test_what_cannot_be_built_or_run_is_skipped_and_named() -> None:
    one = search(level(30), unbuilt=(9, 18, 27, 29), dying=(36, 31))
    one.run()
    assert [(each.after, each.place) for each in one.guilty] == [(28, 30)]
    told = bisection_of(one, "path/name")
    assert [each.commit for each in told.between(told.guilty[0])] == [f"{29:040x}", f"{30:040x}"]
    text = bisect_text(told)
    assert "one of " in text
    assert "'change 29': the build failed" in text
    assert "'change 36': side '36' failed" in text


def test_a_commit_that_fails_in_its_first_block_leaves_the_range_to_its_neighbours() -> None:
    one = search(level(27), dying=(27,))
    one.run()
    assert 27 not in {place for each in one.rounds for place in each.places}
    assert [(each.after, each.place) for each in one.guilty] == [(26, 28)]


def test_an_end_that_cannot_be_laid_out_is_an_error() -> None:
    with pytest.raises(TailgateError, match="the build failed"):
        search(level(30), unbuilt=(64,)).run()


def test_no_step_and_a_slow_rise_name_no_commit() -> None:
    flat, slow = search(level()), search(lambda place: 0.08 * place / 64, sd=0.004)
    flat.run()
    slow.run()
    assert (verdict_of(flat), flat.guilty, flat.open) == ("none", [], [])
    assert "nothing to bisect" in bisect_text(bisection_of(flat, "path/name"))
    assert (verdict_of(slow), slow.guilty) == ("slow rise", [])
    assert "none alone is guilty" in bisect_text(bisection_of(slow, "path/name"))


def test_blocks_that_do_not_tell_leave_the_range_open() -> None:
    one = search(level(40), sd=0.3, rules=BisectRules(most_blocks=5))
    one.run()
    assert verdict_of(one) == "undecided"
    assert "5 blocks do not tell where" in bisect_text(bisection_of(one, "path/name"))


def test_an_interrupted_search_is_gone_on_with(tmp_path: Path) -> None:
    left = iter(range(6))

    def stop(_: Search) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    one = search(level(40), heard=stop)
    with pytest.raises(KeyboardInterrupt):
        one.run()
    save(tmp_path / "bisect.json", bisection_of(one, "path/name", interrupted=True))
    earlier = load(tmp_path / "bisect.json", Bisection)
    assert (earlier.verdict, earlier.interrupted) == ("undecided", True)
    assert "the same command goes on from here" in bisect_text(earlier)
    blocks = sum(len(each.rows) for each in earlier.rounds)
    assert blocks == 7
    again = search(level(40), seed=2, kept={each.places: list(each.rows) for each in earlier.rounds})
    again.run()
    assert [each.place for each in again.guilty] == [40]
    assert again.rounds[0].rows[: len(earlier.rounds[0].rows)] == earlier.rounds[0].rows


def measuring(unit: float, refused: str = "") -> tuple[Measuring, list[int]]:
    """Return what measures operations of about `unit` ns under a clock of 10 ns, and the sizes of batch that it ran."""
    sizes: list[int] = []

    def block(sides: Sequence[Side], plan: Plan, _rng: random.Random) -> Block:
        sizes.append(plan.batch)
        if refused and plan.batch > 1:
            raise SideError(refused)
        samples = np.full((1, 100), unit * plan.batch, dtype=np.int64)
        ready = {"clock_step_ns": 10} if plan.gauge else {}
        records = [SideRecord(s, samples, samples > 0, "", "", {}, ready) for s in sides]
        return Block(tuple(records), 100, {})

    return Measuring(Plan("m", Path(), {}), random.Random(1), 0.99, 0.01, block=block), sizes


@pytest.mark.parametrize(("unit", "batch"), [(250, 8), (5_000, 1)])
def test_operations_too_short_for_the_clock_are_bisected_in_batches(unit: int, batch: int) -> None:
    one, sizes = measuring(unit)
    found = [one.block([Side("a", "x"), Side("b", "x")]) for _ in range(3)]
    assert one.plan.batch == batch
    assert found == [[unit * batch] * 2] * 3
    assert sizes == ([1] if batch > 1 else []) + [batch] * 3


def test_what_cannot_be_batched_is_bisected_one_by_one() -> None:
    one, sizes = measuring(250, "operations that are awaited or exhausted cannot be timed in batches")
    assert [one.block([Side("a", "x")]) for _ in range(2)] == [[250.0], [250.0]]
    assert (one.plan.batch, sizes) == (1, [1, 8, 1])
    with pytest.raises(SideError, match="it died"):
        measuring(250, "it died")[0].block([Side("a", "x")])


def test_a_run_that_goes_on_keeps_the_size_of_its_batches() -> None:
    one, sizes = measuring(250)
    resumed = Measuring(replace(one.plan, batch=6), random.Random(1), 0.99, 0.01, sized=True, block=one.run)
    resumed.block([Side("a", "x")])
    assert sizes == [6]
