"""Rows of the wire are read from what its runs left."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from suites.ledger.wire import read_runs, wire_rows
from suites.wire.spec import NAMED, RunSpec, TapeSpec
from tailgate.results.histogram import encode, fill

if TYPE_CHECKING:
    from pathlib import Path

    from suites.wire.spec import WireComposition


def told(composition: WireComposition, us: float, *, rate: float = 1000.0, failures: tuple[str, ...] = ()) -> Any:
    histogram = encode(fill([round(us * 1e3)] * 100))
    spec = RunSpec(composition, TapeSpec(), rate, 5.0)
    client = {"orders": 5, "latency": histogram, "leaving": histogram}
    return {"spec": spec.as_json(), "failures": list(failures), "client": client}


def write(folder: Path, runs: list[Any]) -> None:
    folder.mkdir(parents=True)
    (folder / "results.json").write_text(json.dumps({"schema": 1, "runs": runs}))


RECOMMENDED = NAMED["recommended"]
NEW_CLIENT = replace(RECOMMENDED, name="recommended, client-per-order", gateway="client-per-order")
AWAITS = replace(RECOMMENDED, name="recommended, await", pipeline=f"{RECOMMENDED.pipeline},limiter=await-always")


def rows_of(folder: Path, row: str) -> list[dict[str, Any]]:
    runs, faults = read_runs(folder)
    assert not faults
    return [each for each in wire_rows(runs) if each["id"] == row]


def test_runs_that_differ_in_one_thing_make_a_row(tmp_path: Path) -> None:
    write(tmp_path / "b7", [told(RECOMMENDED, 50 + n) for n in range(6)] + [told(NEW_CLIENT, 85 + n) for n in range(6)])
    (row,) = rows_of(tmp_path, "B7")
    assert row["benchmark"] == "client-per-order → raw, 1,000/s"
    assert 1.5 < row["measured"]["p99"]["low"] < row["measured"]["p99"]["high"] < 1.8
    assert row["verdict"] == "kept"


def test_two_folders_go_together_and_microseconds_are_judged(tmp_path: Path) -> None:
    write(tmp_path / "one", [told(RECOMMENDED, 50.0)] * 6)
    write(tmp_path / "two", [told(AWAITS, 80.0)] * 6)
    (row,) = rows_of(tmp_path, "B6")
    assert row["verdict"] == "kept"
    assert "saved at p99: 30" in row["why"]


def test_few_runs_leave_the_interval_open(tmp_path: Path) -> None:
    write(tmp_path / "b7", [told(RECOMMENDED, 50.0), told(NEW_CLIENT, 85.0)])
    (row,) = rows_of(tmp_path, "B7")
    assert row["measured"]["p99"]["low"] is None
    assert "no bound" in row["why"]


def test_failed_runs_and_other_rates_do_not_count(tmp_path: Path) -> None:
    write(
        tmp_path / "b7",
        [told(RECOMMENDED, 50.0, rate=500.0), told(NEW_CLIENT, 85.0), told(RECOMMENDED, 9.0, failures=("x",))],
    )
    (row,) = rows_of(tmp_path, "B7")
    assert row["verdict"] == "not measurable here"
    assert "nox -s wire" in row["why"]


def test_runs_that_failed_are_counted_and_their_turn_is_left_out(tmp_path: Path) -> None:
    """A side whose slow runs failed must not look the faster for it."""
    olds = [told(NEW_CLIENT, 10.0 * 2**n, failures=("x",) if n == 0 else ()) for n in range(7)]
    news = [told(RECOMMENDED, 5.0 * 2**n) for n in range(7)]
    write(tmp_path / "b7", [run for turn in zip(olds, news, strict=True) for run in turn])
    (row,) = rows_of(tmp_path, "B7")
    assert row["measured"]["p99"]["times"] == pytest.approx(2.0, rel=0.01)
    assert row["measured"]["p99"]["high"] == pytest.approx(2.0, rel=0.01)
    assert row["why"].endswith("failed, and left out with the other's of that turn: 1 of 7 runs of client-per-order")


def test_a_side_whose_runs_all_failed_says_so(tmp_path: Path) -> None:
    write(tmp_path / "b7", [told(NEW_CLIENT, 85.0, failures=("x",)), told(RECOMMENDED, 50.0)] * 6)
    (row,) = rows_of(tmp_path, "B7")
    assert (row["measured"], row["verdict"]) == (None, "not measurable here")
    assert "6 of 6 runs of client-per-order" in row["why"]


def test_the_mend_behind_the_loop_comes_first_and_the_highest_rate(tmp_path: Path) -> None:
    runs = []
    for rate in (5_000.0, 20_000.0):
        for receive in ("thread", "inline", "task"):
            composition = replace(RECOMMENDED, name=receive, receive=receive)
            runs += [told(composition, 50.0, rate=rate)]
    write(tmp_path / "b2", runs)
    assert [row["benchmark"] for row in rows_of(tmp_path, "B2")] == [
        "inline → task, 20,000/s",
        "inline → task, 5,000/s",
        "inline → thread, 20,000/s",
        "inline → thread, 5,000/s",
    ]


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text("{")
    runs, faults = read_runs(tmp_path)
    assert runs == []
    assert "results.json" in faults[0]


def test_no_folder_is_no_fault(tmp_path: Path) -> None:
    assert read_runs(tmp_path / "nothing") == ([], [])
