"""Threads that meet: blocks in random order, builds whose GIL is not what they say."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from suites.ledger.builds import Builds
from suites.ledger.contention import FREE, GIL, contend, contention_rows, runners
from suites.ledger.threads import READS_PER_WRITE, Spec, Thread, percentiles, run
from suites.settings import DEFAULTS

if TYPE_CHECKING:
    from pathlib import Path

SPEC = Spec("", 2, "floating", (0,), 0.0, 600, int(DEFAULTS["seed"]))


@pytest.fixture
def both() -> Builds:
    bare = {"plain": "/no/plain", "plain+freethreaded": "/no/free"}
    return Builds("3.13.15-plain", "/no/plain", {}, bare, {})


def told(runner: Any, _spec: Spec) -> dict[str, Any]:
    speed = 1.0 if runner.manager == "locked" else 2.5
    return {
        "p50_ns": 100 / speed,
        "p99_ns": 300 / speed,
        "operations_per_s": 1e6 * speed,
        "gil": "off" if runner.build == FREE else "on",
    }


def test_every_runner_runs_once_a_block_in_any_order(both: Builds) -> None:
    found, missing = runners(both)
    started: list[str] = []

    def start(runner: Any, spec: Spec) -> dict[str, Any]:
        assert (spec.manager, spec.placement) == (runner.manager, runner.placement)
        started.append(runner.name)
        return told(runner, spec)

    runs = contend(found, SPEC, 6, random.Random(1), start)
    assert missing == {}
    assert Counter(started) == {runner.name: 6 for runner in found}
    assert started[:8] != started[8:16]
    assert {len(each["p99_ns"]) for each in runs.figures.values()} == {6}


def test_throughput_decides_and_the_builds_stand_apart(both: Builds) -> None:
    found, missing = runners(both)
    plain = contend(found, SPEC, 6, random.Random(1), told)
    rows = contention_rows(plain, missing, "", SPEC)
    assert [row.id for row in rows] == ["C1"] * 4 + ["C2"] * 2
    assert rows[0].benchmark.endswith(f"{GIL}: locked → lock-free")
    assert rows[0].verdict == "met"
    assert "throughput 2.50x" in rows[0].why
    assert rows[4].verdict == "not met"  # pinned is as fast as floating here


def test_a_build_whose_gil_came_back_is_not_called_free_threaded(both: Builds) -> None:
    found, missing = runners(both)
    runs = contend(found, SPEC, 6, random.Random(1), lambda runner, spec: told(runner, spec) | {"gil": "on"})
    assert all(name.endswith(FREE) for name in runs.unavailable)
    rows = contention_rows(runs, missing, "", SPEC)
    assert {row.verdict for row in rows if FREE in row.benchmark} == {"not measurable here"}
    assert "turned the GIL on" in next(row.why for row in rows if FREE in row.benchmark)


def test_a_missing_build_is_named(builds: Builds) -> None:
    found, missing = runners(builds)
    rows = contention_rows(contend(found, SPEC, 6, random.Random(1), told), missing, "", SPEC)
    assert {row.why for row in rows if FREE in row.benchmark} == {"no free-threaded build"}


@pytest.mark.parametrize("manager", ["locked", "plain-dict", "lock-free"])
def test_threads_write_their_own_books_and_read_all(
    manager: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("suites.settings.CACHE", tmp_path)
    found = run(Spec(manager, 2, "floating", (0,), 0.0, 600, 7))
    assert found["operations_per_s"] > 0
    assert found["p50_ns"] <= found["p99_ns"]
    assert found["samples"] >= 2
    assert READS_PER_WRITE == 4


def test_a_thread_that_is_told_to_stop_before_it_began_has_samples_all_the_same() -> None:
    class Books:
        def apply(self, message: Any) -> None: ...

        def top(self, symbol: str) -> Any: ...

        def symbols(self) -> Any: ...

    thread = Thread(Books(), ["message"], ["A", "B"], 0)
    thread.run([True], lambda: 0)
    assert thread.samples > 0
    assert thread.operations > thread.samples


def test_threads_read_percentiles_by_the_one_rule() -> None:
    assert percentiles(range(1, 101)) == {"p50_ns": 50, "p99_ns": 99}
    assert percentiles([7]) == {"p50_ns": 7, "p99_ns": 7}
