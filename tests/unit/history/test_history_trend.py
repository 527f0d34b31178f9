"""What a history says over the commits: the chain, its gaps, its changes, each machine's own level."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tailgate.documents.envelope import encode
from tailgate.history.level_gate import judge_level
from tailgate.history.trend import trend_of
from tailgate.machine.identity import machine_of
from tailgate.results.level_gate_report import level_gate_text
from tailgate.results.trend_report import trend_chart, trend_text
from tests.unit.history.made import made_commit, made_entry, made_gate, made_link, made_result

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tailgate.documents.provenance import Commit
    from tailgate.documents.trend import Trend
    from tailgate.history.entries import Entry
    from tailgate.history.store import History

LINE = [made_commit(n) for n in range(41)]
NAME = "book/bisect"


@pytest.fixture
def kept(fresh: Callable[[str], History]) -> History:
    return fresh("history.sqlite3")


def filled(history: History, entries: Sequence[Entry], line: Sequence[Commit] = LINE) -> Trend:
    for each in entries:
        history.add(each)
    return trend_of(history, "books", NAME, "reproducible", 0.99, line)


def gates(shifts: Sequence[float], seed: int = 1) -> list[Entry]:
    """Gate commit after commit, the odd ones on another machine."""
    rng = np.random.default_rng(seed)
    machines = [machine_of({"CPU": name}) for name in ("one", "another")]
    noise = rng.normal(0, 0.012 / math.sqrt(11), len(shifts))
    return [
        made_gate(n + 1, shift + error, machine=machines[n % 2])
        for n, (shift, error) in enumerate(zip(shifts, noise.tolist(), strict=True))
    ]


def test_no_change_of_machine_bends_the_chain(kept: History) -> None:
    shifts = [0.0] * 40
    shifts[16] = 0.05
    found = filled(kept, gates(shifts))
    assert found.links == 40
    assert found.gaps == ()
    assert {point.piece for point in found.chain} == {0}
    last = found.chain[-1]
    assert last.log_ratio == pytest.approx(0.05, abs=0.06)
    widths = [point.high - point.low for point in found.chain if point.high is not None and point.low is not None]
    assert widths == sorted(widths)  # the interval grows with every comparison
    (change,) = found.changes
    assert (change.kind, change.base, change.head) == ("step", LINE[16].id, LINE[17].id)
    assert change.commits == (LINE[17].id,)
    assert change.low < 0.05 < change.high


def test_a_gap_is_told_and_parts_the_chain(kept: History) -> None:
    found = filled(kept, [each for n, each in enumerate(gates([0.0] * 40)) if n not in {9, 10}])
    assert [(each.base, each.head) for each in found.gaps] == [(LINE[9].id, LINE[10].id), (LINE[10].id, LINE[11].id)]
    assert found.chain[10].log_ratio is None
    assert {point.piece for point in found.chain} == {0, 1, -1}
    told = trend_text(found)
    assert "2 gaps in the chain" in told
    assert f"tailgate history fill {LINE[9].id[:10]}..{LINE[11].id[:10]}" in told


def test_a_duel_of_the_ends_closes_a_gap_and_what_lies_in_it_is_a_range(kept: History) -> None:
    entries = [each for n, each in enumerate(gates([0.0] * 40)) if n not in {9, 10, 11}]
    span = made_gate(12, 0.08, base=LINE[9])
    found = filled(kept, [*entries, span])
    assert found.gaps == ()
    (change,) = found.changes
    assert (change.kind, change.base, change.head) == ("range", LINE[9].id, LINE[12].id)
    assert len(change.commits) == 3


def test_a_duel_of_the_ends_finds_a_drift_that_no_gate_sees(kept: History) -> None:
    found = filled(kept, [*gates([0.001] * 40), made_gate(40, 0.04, base=LINE[0], digest="the ends")])
    assert [(each.kind, each.base, each.head) for each in found.changes] == [("drift", LINE[0].id, LINE[40].id)]
    assert found.chain[-1].log_ratio == pytest.approx(0.04, abs=0.01)


def test_what_a_step_explains_is_not_told_again_by_the_ends(kept: History) -> None:
    shifts = [0.0] * 40
    shifts[20] = 0.06
    found = filled(kept, [*gates(shifts), made_gate(40, 0.06, base=LINE[0], digest="the ends")])
    assert [each.kind for each in found.changes] == ["step"]


def test_a_branch_that_was_squashed_is_its_commit_by_its_files(kept: History) -> None:
    squashed = replace(LINE[5], id="f" * 40, parent="e" * 40)
    found = filled(kept, [each if n != 4 else replace(each, head=squashed) for n, each in enumerate(gates([0.0] * 40))])
    assert found.gaps == ()
    assert found.notes == ()


def test_what_is_not_on_the_main_line_is_left_out_and_told(kept: History) -> None:
    away = replace(LINE[5], id="f" * 40, tree="e" * 40)
    found = filled(kept, [*gates([0.0] * 40), made_gate(5, 0.5, head=away, digest="another branch")])
    assert found.links == 40
    assert found.notes == ("1 comparisons are of commits outside of the main line, and are left out",)


def test_without_a_repository_the_order_is_that_of_the_times(kept: History) -> None:
    found = filled(kept, gates([0.0] * 5), line=())
    assert [point.commit for point in found.chain] == [each.id for each in LINE[:6]]


def test_a_comparison_whose_blocks_are_not_there_counts_by_its_interval(kept: History) -> None:
    wide = replace(made_link(NAME, 0.01), spread=None, low=None, high=0.01 + 0.06)
    found = filled(kept, [made_gate(1, links=(wide,))], line=LINE[:2])
    last = found.chain[-1]
    assert last.high is not None
    assert last.high - 0.01 == pytest.approx(1.96 * 0.03, rel=0.01)


def benches(values: Sequence[float], **changes: object) -> list[Entry]:
    return [
        made_entry(n, results=(made_result(NAME, value),), digest=f"bench {n} {changes}", **changes)
        for n, value in enumerate(values)
    ]


def test_absolute_figures_are_held_apart_by_machine_interpreter_and_settings(kept: History) -> None:
    entries = (
        benches([1.0] * 3) + benches([2.0] * 2, machine=machine_of({"CPU": "another"})) + benches([3.0], settings="{}")
    )
    found = filled(kept, entries)
    assert sorted(len(each.points) for each in found.levels) == [1, 2, 3]
    assert all("change" in each.note for each in found.levels)
    assert found.changes == ()
    assert "no comparison of two commits is kept" in trend_text(found)


def test_a_change_of_the_level_is_found_with_the_commits_it_lies_between(kept: History) -> None:
    rng = np.random.default_rng(3)
    values = np.exp(rng.normal(0, 0.02, 40))
    values[25:] *= 1.2
    (level,) = filled(kept, benches(values.tolist())).levels
    (change,) = level.changes
    assert LINE[25].id in change.commits
    assert change.low < math.log(1.2) < change.high


def test_counts_are_steps(kept: History) -> None:
    entries = [
        made_entry(n, measures=(replace(made_entry(0).measures[0], value=4.0 + (n > 5)),), digest=f"run {n}")
        for n in range(9)
    ]
    found = filled(kept, entries)
    assert [(each.commit, each.value) for each in found.counts] == [(LINE[0].id, 4.0), (LINE[6].id, 5.0)]


def test_it_is_drawn_and_read_again(kept: History) -> None:
    shifts = [0.0] * 40
    shifts[16] = 0.05
    found = filled(kept, [*gates(shifts), *benches([1.0, 1.1])])
    assert b'"kind": "trend"' in encode(found)
    told, drawn = trend_text(found), trend_chart(found, width=30)
    assert LINE[17].id[:10] in told
    assert "+5." in told or "+4." in told
    lines = [line for line in drawn.splitlines() if "\u2524" in line]
    assert len(lines) == 28
    assert all(len(line.partition("\u2524")[2]) <= 30 for line in lines)
    assert any("\u25cf" in line for line in lines)


def level_gate(kept: History, values: Sequence[float], **how: float) -> object:
    for each in benches(values):
        kept.add(each)
    told = {"last": 20, "margin": 0.02, "alpha": 0.01} | how
    return judge_level(kept, "books", kind="raw", percentile=0.99, **told)  # type: ignore[arg-type]  # numbers, as they are named


@pytest.mark.parametrize(("newest", "verdict", "status"), [(1.0, "PASS", 0), (1.3, "REGRESSION", 1), (0.7, "PASS", 0)])
def test_a_run_is_judged_by_the_last_ones(kept: History, newest: float, verdict: str, status: int) -> None:
    rng = np.random.default_rng(2)
    found = level_gate(kept, [*np.exp(rng.normal(0, 0.03, 15)).tolist(), newest])
    assert (found.verdict, found.exit_status) == (verdict, status)  # type: ignore[attr-defined]  # a LevelGate
    assert verdict in level_gate_text(found)  # type: ignore[arg-type]  # as above


def test_five_runs_are_too_few_to_judge_by(kept: History) -> None:
    found = level_gate(kept, [1.0, 1.01, 0.99, 1.0, 1.02, 5.0])
    assert (found.verdict, found.exit_status) == ("UNDECIDED", 3)  # type: ignore[attr-defined]  # as above
    assert "too few runs" in level_gate_text(found)  # type: ignore[arg-type]  # as above
