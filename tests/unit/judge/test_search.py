"""A search over made blocks: whether it finds the best, what it drops, leaves out, proves, and goes on with."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tailgate.documents.comparison import Shift
from tailgate.documents.envelope import load, save
from tailgate.documents.search import Search, SearchAxis, Space, Stage
from tailgate.judge.search.conclude import search_of
from tailgate.judge.search.engine import CompositionSearch, SearchRules
from tailgate.results.search_report import search_markdown, search_text
from tailgate.statistics.sign_flip import estimate_shift
from tests.unit.judge.landscape import Landscape, planted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tailgate.documents.search import Composition

SMALL = Landscape([[0.0, 60.0, 900.0, 40.0], [0.0, 50.0, -30.0, 4_000.0], [0.0, 30.0]], {((0, 3), (1, 1)): -250.0})


def _next(one: CompositionSearch, sides: Sequence[Composition]) -> None:
    one._take(sides, one.measure(one.phase, sides))


def found(land: Landscape, seed: int, runs: int, **more: Any) -> CompositionSearch:
    one = land.search(seed, runs=runs, **more)
    one.run()
    return one


def behind(land: Landscape, one: CompositionSearch) -> float:
    """Return how far the winner is behind the best there is, as a fraction."""
    assert one.winner is not None
    return land.ns(one.winner) / land.best_ns - 1.0


def test_the_best_is_within_one_percent_in_nineteen_of_twenty_searches_of_a_twentieth() -> None:
    """25,920 compositions; a twentieth of one block of each is 1,296 processes."""
    good, wrong_alone = 0, 0
    for seed in range(20):
        land = planted(seed)
        assert land.space.size == 25_920
        one = found(land, seed, runs=land.space.size // 20)
        assert sum(len(block.sides) for block in one.blocks) <= land.space.size / 20
        good += behind(land, one) <= 0.01
        wrong_alone += land.ns(land.best_alone()) / land.best_ns > 1.01
    assert wrong_alone == 20
    assert good >= 19


def test_the_winner_is_proved_against_its_swaps_and_the_pair_is_told() -> None:
    one = found(SMALL, 1, runs=1_000)
    told = search_of(one, "path/name", seconds=12.0)
    assert (told.verdict, told.winner) == ("proved", (3, 1, 0))
    assert told.against is not None
    truth = SMALL.ns((3, 1, 0)) / 2_000.0
    assert told.against.low is not None
    assert told.against.high is not None
    assert told.against.low < 0.0
    assert abs(told.against.log_ratio - (truth - 1.0)) < 0.02
    assert {each.composition for each in told.rivals if each.swap} == set(SMALL.space.swaps((3, 1, 0)))
    assert all(each.verdict in {"worse", "not better"} for each in told.rivals if each.swap)
    text = search_text(told)
    assert "the winner: axis0=3 axis1=1" in text
    assert "axis0=3 with axis1=1 saves 2" in text
    assert "more of the p99 than both alone" in text
    assert "never:" in text
    assert search_markdown(told).startswith("# Search: proved\n")


def test_the_blocks_of_a_proof_are_its_own() -> None:
    """What chose the winner had luck on its side; the interval against the base must not."""
    one = found(SMALL, 1, runs=1_000)
    proof = [stage for stage in one.stages if stage.phase == "proof"][-1]
    assert one.proof_blocks() == one.blocks[proof.block :]
    assert all(proof.compositions[0] in block.sides for block in one.proof_blocks())
    shift = search_of(one, "path/name").against
    assert shift is not None
    d = one.ratios(one.proof_blocks(), proof.compositions[0], one.space.base)
    assert len(d) == len(one.proof_blocks()) < len(one.ratios(one.blocks, proof.compositions[0], one.space.base))
    assert shift == Shift.of(estimate_shift(d, 0.95))


def test_the_race_drops_the_best_of_its_candidates_no_oftener_than_it_promises() -> None:
    """Seven equal candidates, long tails, a look after every block: each drop is a wrong one."""
    dropped = 0
    candidates = tuple((level,) for level in range(1, 8))
    for seed in range(60):
        land = Landscape([[0.0, *(7 * [-30.0])]], {}, sd=0.02, heavy=seed % 2 == 0)
        one = land.search(seed, runs=10_000, rules=SearchRules(alone=4, margin=0.0001, pairs_until=0.0))
        while one.phase != "race":  # four blocks of each alone tell the scatter
            _next(one, one.next_block())
            if one.phase == "alone" and not one._alone():
                one.stages.append(Stage("race", len(one.blocks), candidates))
        while len(one.race_blocks()) < 24 and (sides := one.next_block()) and one.phase == "race":
            _next(one, sides)
            best = one.race_standings().get((7,))
            if best is not None and best.low > 0.0:
                dropped += 1
                break
    assert dropped <= 3


def test_a_race_goes_on_while_a_candidate_may_be_better_by_more_than_the_margin() -> None:
    land = Landscape([[0.0, -60.0, -75.0, -90.0], [0.0, 30.0]], {}, sd=0.015)
    one = land.search(4, runs=3_000)
    while one.phase != "proof":
        _next(one, one.next_block())
        one.next_block()
    assert one.spent() < one.rules.race_until
    standings = one.race_standings()
    assert len(standings) >= 2
    assert all(each.low >= -math.log(1.01) for each in standings.values())
    assert len(one.race_blocks()) >= 6


def test_what_dies_is_named_and_left_out_with_all_that_holds_it() -> None:
    land = replace(SMALL, dying={(2, 0, 0): "it was killed by SIGSEGV"})
    one = found(land, 1, runs=600)
    told = search_of(one, "path/name")
    assert [each.composition for each in told.left_out] == [(2, 0, 0)]
    assert not any(side[0] == 2 for block in told.blocks for side in block.sides)
    assert told.verdict == "proved"
    assert "left out: axis0=2: it was killed by SIGSEGV" in search_text(told)


def test_a_pair_that_dies_twice_and_never_ran_is_proposed_no_more() -> None:
    dying: dict[Composition, str] = {(3, 1, level): "they disagree" for level in range(6)}
    land = Landscape([*SMALL.costs[:2], [0.0, 3.0, -3.0, 5.0, -5.0, 1.0]], SMALL.pairs, dying=dying)
    one = found(land, 1, runs=1_200)
    assert {each.composition for each in one.left_out} <= set(dying)
    assert len(one.left_out) <= 3  # a block may hold two of them before it is known
    assert ((0, 3), (1, 1)) in one.barred()
    assert ((0, 3), (1, 1)) not in one.untried_pairs()
    assert one.winner is not None
    assert one.winner not in dying
    told = search_of(one, "path/name")
    assert told.verdict == "proved"


def test_a_swap_that_is_better_takes_over() -> None:
    one = SMALL.search(3, runs=2_000)
    one.stages.append(Stage("proof", 0, ((1, 0, 0),)))
    one.run()
    proofs = [stage.compositions[0] for stage in one.stages if stage.phase == "proof"]
    assert len(proofs) > 1
    assert SMALL.ns(proofs[-1]) < SMALL.ns(proofs[0])
    assert search_of(one, "path/name").verdict == "proved"


def test_a_budget_that_ends_leaves_it_open_and_says_so() -> None:
    told = [search_of(found(SMALL, 1, runs=runs), "path/name") for runs in (20, 50, 110)]
    assert [each.verdict for each in told] == ["open"] * 3
    assert "no winner yet: alone, axis1=2 does most" in search_text(told[0])
    assert "a larger --budget goes on" in search_text(told[2])
    open_ones = {each.composition for each in told[2].rivals if each.shift.high is None}
    assert open_ones
    line = next(line for line in search_text(told[2]).splitlines() if line.startswith("too few blocks to say: "))
    assert line.count("axis") == len(open_ones)


def test_an_interrupted_search_goes_on_with_its_blocks(tmp_path: Path) -> None:
    left = iter(range(20))

    def stop(_: CompositionSearch) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    one = SMALL.search(1, runs=1_000, heard=stop)
    with pytest.raises(KeyboardInterrupt):
        one.run()
    save(tmp_path / "search.json", search_of(one, "path/name", interrupted=True))
    earlier = load(tmp_path / "search.json", Search)
    assert (earlier.verdict, len(earlier.blocks)) == ("open", 21)
    assert "the same command goes on from here" in search_text(earlier)
    kept: dict[str, Any] = {"blocks": list(earlier.blocks), "stages": list(earlier.stages)}
    again = SMALL.search(2, runs=1_000, **kept)
    again.run()
    assert again.winner == (3, 1, 0)
    assert tuple(again.blocks[:21]) == earlier.blocks


def test_a_base_that_is_the_best_wins() -> None:
    land = Landscape([[0.0, 60.0, 100.0], [0.0, 50.0]], {}, sd=0.01)
    told = search_of(found(land, 1, runs=600), "path/name")
    assert (told.verdict, told.winner, told.against) == ("proved", (0, 0), None)
    assert "path/name itself has the best p99 that was found" in search_text(told)


def test_equal_levels_are_told_as_not_told_apart() -> None:
    land = Landscape([[0.0, -200.0, -201.0], [0.0, 90.0]], {}, sd=0.01)
    told = search_of(found(land, 2, runs=1_200), "path/name")
    assert told.verdict == "proved"
    assert told.winner in {(1, 0), (2, 0)}
    assert "not told apart from it: axis0=" in search_text(told)


def test_words_are_of_what_is_exchanged() -> None:
    space = Space((SearchAxis("parse", ("own", "fast")), SearchAxis("write", ("own", "a", "b"))))
    assert (space.size, space.base, space.words((1, 2))) == (6, (0, 0), "parse=fast write=b")
    assert space.words((0, 1), (1, 1)) == "parse=own"
    assert space.swaps((1, 0)) == [(0, 0), (1, 1), (1, 2)]


def test_a_pair_that_saves_much_is_found_though_its_levels_cost_much_alone() -> None:
    """Each level costs a fifth alone, together they save two fifths: no model that has not seen them would try them."""
    costs = [[0.0, 400.0, 30.0], [0.0, 450.0, 60.0], [0.0, 40.0, 2_000.0]]
    land = Landscape(costs, {((0, 1), (1, 1)): -1_650.0})
    told = search_of(found(land, 1, runs=600), "path/name")
    assert (told.verdict, told.winner) == ("proved", (1, 1, 0))
    within_reach = {pair for pair in told.untried_pairs if (2, 2) not in pair}
    assert not within_reach
