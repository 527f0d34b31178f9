"""Rows of the wire are read from what its runs left."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from documents.wire.document import NAME, wire_of
from documents.wire.runs import Received, Run, Sent
from documents.wire.spec import RunSpec, TapeSpec
from suites.ledger.wire import read_runs, wire_rows
from suites.wire.__main__ import main
from suites.wire.published import command
from suites.wire.spec import NAMED
from tailgate.documents.envelope import save
from tailgate.results.histogram import encode, fill

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from documents.ledger import Row
    from documents.times import Times
    from documents.wire.spec import Receive, WireComposition


Told = tuple["WireComposition", float, dict[str, Any]]


def told(composition: WireComposition, us: float, **changes: Any) -> Told:
    return composition, us, {"rate": 1000.0, "failures": (), **changes}


def write(folder: Path, turns: Sequence[Sequence[Told]], invocation: str = "") -> None:
    """Write runs, turn by turn."""
    made = []
    for turn, runs in enumerate(turns):
        for composition, us, changes in runs:
            histogram = encode(fill([round(us * 1e3)] * 100))
            spec = RunSpec(composition, TapeSpec(), changes["rate"], 5.0, purpose=changes.get("purpose", "measure"))
            client = Received(
                *(10, 10, 0, 9, encode(fill([])), histogram, histogram, histogram, histogram, (), 5, 5, 5, 0, 0),
                *(1, 0, "3", ((0.0, 1),), 0, 0),
            )
            made.append(Run(spec, turn, Sent(10, 9, 0, 0, 0, 1.0, 0, 0, 5, 0), client, changes["failures"]))
    save(folder / NAME, wire_of("a command", invocation or str(folder), {}, made, {}))


RECOMMENDED = NAMED["recommended"]
NEW_CLIENT = replace(RECOMMENDED, name="recommended, client-per-order", gateway="client-per-order")
AWAITS = replace(RECOMMENDED, name="recommended, await", pipeline=f"{RECOMMENDED.pipeline},limiter=await-always")


def rows_of(folder: Path, row: str) -> list[Row]:
    runs, faults = read_runs(folder)
    assert not faults
    return [each for each in wire_rows(runs) if each.id == row]


def times(row: Row) -> Times:
    assert row.p99 is not None
    return row.p99


def test_runs_that_differ_in_one_thing_make_a_row(tmp_path: Path) -> None:
    write(tmp_path / "b7", [[told(RECOMMENDED, 50 + n), told(NEW_CLIENT, 85 + n)] for n in range(6)])
    (row,) = rows_of(tmp_path, "B7")
    assert row.benchmark == "client-per-order → raw, 1,000/s"
    low, high = times(row).low, times(row).high
    assert low is not None
    assert high is not None
    assert 1.5 < low < high < 1.8
    assert (row.verdict, row.claimed) == ("met", "30-50 %")


def test_microseconds_are_judged(tmp_path: Path) -> None:
    write(tmp_path / "b6", [[told(RECOMMENDED, 50.0), told(AWAITS, 80.0)]] * 6)
    (row,) = rows_of(tmp_path, "B6")
    assert row.verdict == "met"
    assert "saved at p99: 30" in row.why


def test_a_foreign_run_pairs_with_nothing(tmp_path: Path) -> None:
    """The runs of one turn met the same machine; by their place in a list one run more shifted all of them."""
    doubling = [[told(NEW_CLIENT, 30.0 * 2**n), told(RECOMMENDED, 10.0 * 2**n)] for n in range(6)]
    write(tmp_path / "b7", doubling)
    alone = times(rows_of(tmp_path, "B7")[0])
    assert (alone.times, alone.low, alone.high) == pytest.approx((3.0, 3.0, 3.0), rel=0.01)
    write(tmp_path / "a", [[told(NEW_CLIENT, 6.0)]])
    write(tmp_path / "z", [[told(RECOMMENDED, 6.0, purpose="capacity"), told(RECOMMENDED, 600.0)]])
    assert times(rows_of(tmp_path, "B7")[0]) == alone


def test_a_copy_of_a_result_counts_once_and_two_invocations_add_up(tmp_path: Path) -> None:
    turns = [[told(NEW_CLIENT, 85.0), told(RECOMMENDED, 50.0)]] * 3
    write(tmp_path / "b7", turns, "one")
    write(tmp_path / "copy", turns, "one")
    assert "3 runs of each put no bound" in rows_of(tmp_path, "B7")[0].why
    write(tmp_path / "again", turns, "two")
    assert "6 runs of each" in rows_of(tmp_path, "B7")[0].why


def test_few_runs_leave_the_interval_open(tmp_path: Path) -> None:
    write(tmp_path / "b7", [[told(RECOMMENDED, 50.0), told(NEW_CLIENT, 85.0)]])
    (row,) = rows_of(tmp_path, "B7")
    assert times(row).low is None
    assert "no bound" in row.why


def test_runs_at_different_rates_make_no_row(tmp_path: Path) -> None:
    write(tmp_path / "b7", [[told(RECOMMENDED, 50.0, rate=500.0), told(NEW_CLIENT, 85.0)]])
    (row,) = rows_of(tmp_path, "B7")
    assert row.verdict == "not measurable here"
    assert "python -m suites.wire --gateway client-per-order,raw" in row.why


def test_runs_that_failed_are_counted_and_their_turn_is_left_out(tmp_path: Path) -> None:
    """A side whose slow runs failed must not look the faster for it."""
    turns = [
        [told(NEW_CLIENT, 10.0 * 2**n, failures=("x",) if n == 0 else ()), told(RECOMMENDED, 5.0 * 2**n)]
        for n in range(7)
    ]
    write(tmp_path / "b7", turns)
    (row,) = rows_of(tmp_path, "B7")
    assert (times(row).times, times(row).high) == pytest.approx((2.0, 2.0), rel=0.01)
    assert row.why.endswith("failed, and left out with the other's of that turn: 1 of 7 runs of client-per-order")


def test_a_side_whose_runs_all_failed_says_so(tmp_path: Path) -> None:
    write(tmp_path / "b7", [[told(NEW_CLIENT, 85.0, failures=("x",)), told(RECOMMENDED, 50.0)]] * 6)
    (row,) = rows_of(tmp_path, "B7")
    assert (row.p99, row.verdict) == (None, "not measurable here")
    assert "6 of 6 runs of client-per-order" in row.why


def test_the_fix_behind_the_loop_comes_first_and_the_highest_rate(tmp_path: Path) -> None:
    modes: tuple[Receive, ...] = ("thread", "inline", "task")
    runs = [
        told(replace(RECOMMENDED, name=receive, receive=receive), 50.0, rate=rate)
        for rate in (5_000.0, 20_000.0)
        for receive in modes
    ]
    write(tmp_path / "b2", [runs])
    assert [row.benchmark for row in rows_of(tmp_path, "B2")] == [
        "inline → task, 20,000/s",
        "inline → task, 5,000/s",
        "inline → thread, 20,000/s",
        "inline → thread, 5,000/s",
    ]


@pytest.mark.parametrize("row", ["b2", "b6", "b7"])
def test_what_a_missing_row_asks_for_can_be_run(row: str) -> None:
    context = main.make_context("wire", shlex.split(command(row))[3:])
    assert context.params["runs"] >= 6  # as many as bound an interval


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text("{")
    runs, faults = read_runs(tmp_path)
    assert runs == []
    assert "results.json" in faults[0]


def test_no_folder_is_no_fault(tmp_path: Path) -> None:
    assert read_runs(tmp_path / "nothing") == ([], [])
