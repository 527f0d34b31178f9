"""The plain data is what the documents read, and says what was measured."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from reports.ledger import ledger_markdown
from suites.ledger.claims import CLAIMS
from suites.ledger.contests import ONE_MADE, ONE_MISSING
from suites.ledger.document import Facts, ledger_of
from tailgate.results.histogram import encode, fill

if TYPE_CHECKING:
    from collections.abc import Callable

    from suites.ledger.measuring import Measuring
    from tailgate.judge.league import League

FACTS = Facts(
    "python -m suites.ledger --quick",
    datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    {"decode": 7.0, "book[read_every=1]": 2.0, "pipeline": 0.05},
)


def rows_of(plain: Any, row: str, where: str = "path") -> list[Any]:
    return [each for each in plain.rows if (each.id, each.where) == (row, where)]


@pytest.fixture
def measured(measuring: Measuring, made_league: Callable[..., League]) -> Measuring:
    """Return a run in which every bottleneck takes 700 ns at every percentile and every fix 100 ns."""
    for contest in measuring.contests:
        fixed = {pair.head for pair in contest.pairs}
        times = {side.name: 100.0 if side.name in fixed else 700.0 for side in contest.sides}
        measuring.state.leagues[contest.name] = made_league(times)
    names = ("decode/msgspec", "book/near-window[read_every=1]", "pipeline/recommended")
    measuring.state.raw = dict.fromkeys(names, encode(fill([100] * 100)))
    measuring.state.allocations = {
        "buffers/allocate": 3.0,
        "buffers/pool": 1.0,
        "decode/json": 9.0,
        "decode/msgspec": 4,
    }
    return measuring


def test_nothing_measured_is_a_whole_document_too(measuring: Measuring) -> None:
    plain = ledger_of(measuring, [], [], FACTS)
    assert {row.id for row in plain.rows} == {each.id for each in CLAIMS}
    assert {row.verdict for row in plain.rows} == {"not measurable here"}
    assert all(row.why for row in plain.rows)
    assert "B1" in ledger_markdown(plain)


def test_the_first_row_of_an_id_carries_its_promise(measured: Measuring) -> None:
    rows = ledger_of(measured, [], [], FACTS).rows
    first = {row.id: row for row in reversed(rows)}
    assert [row.id for row in rows] == sorted((row.id for row in rows), key=[p.id for p in CLAIMS].index)
    for claim in CLAIMS:
        assert first[claim.id].claimed == claim.claimed
    assert first["B2"].where == first["B7"].where == "wire"
    assert first["B6"].where == "path"


def test_verdicts_are_by_what_the_claim_speaks_of(measured: Measuring) -> None:
    plain = ledger_of(measured, [], [], FACTS)
    assert rows_of(plain, "B1")[0].verdict == "exceeded"
    assert rows_of(plain, "B1")[0].allocations == (9.0, 4)
    assert rows_of(plain, "B3")[0].verdict == "met"
    assert rows_of(plain, "B6")[0].verdict == "not met"  # 0.6 us are no 20
    assert "0.60" in rows_of(plain, "B6")[0].why
    assert rows_of(plain, "M1")[0].verdict == "exceeded"
    assert rows_of(plain, "B4")[0].why == "allocations were not counted"
    assert rows_of(plain, "B1", "pipeline")[0].claimed_times is None


def test_a_claim_stands_where_the_row_is_held_against_it(measured: Measuring) -> None:
    """The picture's axis is the time's: a claim of anything else has no place on it."""
    plain = ledger_of(measured, [], [], FACTS)
    told = {(row.id, row.where, row.benchmark): row for row in plain.rows}
    manager = told["C1", "path", "manager/locked \u2192 manager/lock-free"]
    assert (manager.claimed, manager.claimed_times) == ("", None)
    threads = next(row for row in rows_of(plain, "C1") if "threads" in row.benchmark)
    assert (threads.claimed, threads.claimed_times) == ("2-3x throughput", None)
    assert rows_of(plain, "M1")[0].claimed_times is None
    for row in rows_of(plain, "I2", "pipeline"):
        assert row.claimed == "10-15 %"
        assert row.claimed_times == pytest.approx([1 / 0.9, 1 / 0.85])


def test_a_phase_says_what_its_build_is_without(measured: Measuring) -> None:
    assert not any("I1 is in" in note for note in ledger_of(measured, [], [], FACTS).notes)
    variants = {**measured.builds.variants, "plain+native": "/no/native/python"}
    both = replace(measured, builds=replace(measured.builds, variants=variants))
    told = ledger_of(both, [], [], FACTS).notes
    assert "phase 3 runs on pgo-both, which is built without -march=native: I1 is in phases 1 and 2 alone" in told


def test_what_is_missing_says_so(measured: Measuring) -> None:
    plain = ledger_of(measured, [], [], FACTS)
    assert [row.why for row in rows_of(plain, "I1", "pipeline")] == ["no native build"]
    assert rows_of(plain, "B7", "wire")[0].verdict == "not measurable here"


def test_a_side_that_could_not_run_gives_its_reason(measured: Measuring) -> None:
    name = measured.contests[0].name
    league = measured.state.leagues[name]
    for kind in ("raw", "reproducible"):
        del league.series.rows[kind]["decode/msgspec"]
    measured.state.leagues[name] = type(league)(
        league.base, league.series, {"decode/msgspec": "the package msgspec is not installed"}, 1.0
    )
    row = rows_of(ledger_of(measured, [], [], FACTS), "B1")[0]
    assert (row.verdict, row.why) == ("not measurable here", "the package msgspec is not installed")


def test_matrix_phases_and_budgets(measured: Measuring) -> None:
    plain = ledger_of(measured, [], [], FACTS)
    gains = {each.id: each for each in plain.matrix}
    both = (gains["B3"].only_missing, gains["B3"].only_made)
    assert [each.times for each in both if each] == [pytest.approx(7.0)] * 2
    assert "B7" not in gains
    assert [each.phase for each in plain.cumulated][:3] == ["1", "2", "3: PGO"]
    spent = {each.name: (each.budget_ns, each.broken) for each in plain.budgets}
    assert spent == {
        "decode/msgspec": (7_000.0, False),
        "book/near-window[read_every=1]": (2_000.0, False),
        "pipeline/recommended": (50.0, True),
    }
    ledger_markdown(plain)


def test_names_of_the_leagues_are_those_of_the_contests(measured: Measuring) -> None:
    assert {ONE_MADE, ONE_MISSING} <= {contest.name for contest in measured.contests}
