"""The ledger's rows of threads that meet: blocks in random order, builds whose GIL is not what they say."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from suites.contention.spec import ThreadSpec
from suites.ledger.builds import Builds
from suites.ledger.contention import FREE, GIL, by_block, contention_rows, runners

SPEC = ThreadSpec("", "", 2, "floating", (0,), 0.0)


@pytest.fixture
def both() -> Builds:
    bare = {"plain": "/no/plain", "plain+freethreaded": "/no/free"}
    return Builds("3.13.15-plain", "/no/plain", {}, bare, {})


def told(python: str, spec: ThreadSpec) -> dict[str, Any]:
    speed = 1 if spec.implementation in {"locked", "lock"} else 2
    counts = {"100": 0, str(100 // speed): 98, str(300 // speed): 2}
    return {
        "operations": [50, 50],
        "reads": counts,
        "writes": counts,
        "done": 1_000_000 * speed + 500_000 * (speed - 1),
        "seconds": 1.0,
        "failure": "",
        "gil": "off" if python == "/no/free" else "on",
    }


def test_every_runner_runs_once_a_block_in_any_order(both: Builds) -> None:
    found, missing = runners(both)
    started: list[tuple[str, str, str, str]] = []

    def start(python: str, spec: ThreadSpec) -> dict[str, Any]:
        started.append((python, spec.subject, spec.implementation, spec.placement))
        return told(python, spec)

    runs = by_block(found, SPEC, 6, random.Random(1), start)
    assert missing == {}
    every = [(each.python, each.subject, each.implementation, each.placement) for each in found]
    assert Counter(started) == dict.fromkeys(every, 6)
    assert started[: len(found)] != started[len(found) : 2 * len(found)]
    assert {len(each["p99_ns"]) for each in runs.figures.values()} == {6}


def test_throughput_decides_over_managers_and_the_builds_stand_apart(both: Builds) -> None:
    found, missing = runners(both)
    plain = by_block(found, SPEC, 6, random.Random(1), told)
    rows = contention_rows(plain, missing, "", SPEC)
    assert [row.id for row in rows] == ["B5"] * 2 + ["C1"] * 4 + ["C2"] * 2
    first = next(row for row in rows if row.id == "C1")
    assert first.benchmark.endswith(f"{GIL}: locked → lock-free")
    assert first.verdict == "met"
    assert "throughput 2.50x" in first.why
    assert "those of the reads" in first.why
    assert rows[-1].verdict == "not met"  # pinned is as fast as floating here


def test_of_counters_the_writes_are_judged(both: Builds) -> None:
    def start(python: str, spec: ThreadSpec) -> dict[str, Any]:
        return told(python, spec) | {"reads": {"7": 1}}

    found, missing = runners(both)
    row = contention_rows(by_block(found, SPEC, 6, random.Random(1), start), missing, "", SPEC)[0]
    assert (row.id, row.benchmark) == ("B5", "counters, 2 threads, 4 reads a write, GIL: lock → sharded")
    assert row.p99 is not None
    assert row.p99.times == pytest.approx(2.0)
    assert "those of the writes" in row.why


@pytest.mark.parametrize(
    ("key", "why"), [("failure", "7 were counted of 9"), ("error", "Killed"), ("unavailable", "the package is missing")]
)
def test_a_runner_that_lost_something_has_no_figure(both: Builds, key: str, why: str) -> None:
    def start(python: str, spec: ThreadSpec) -> dict[str, Any]:
        return told(python, spec) | ({key: why} if spec.implementation == "sharded" else {})

    found, missing = runners(both)
    rows = contention_rows(by_block(found, SPEC, 6, random.Random(1), start), missing, "", SPEC)
    assert [(row.verdict, row.why) for row in rows if row.id == "B5"] == [("not measurable here", why)] * 2
    assert {row.verdict for row in rows if row.id == "C1"} == {"met"}


def test_a_build_whose_gil_came_back_is_not_called_free_threaded(both: Builds) -> None:
    found, missing = runners(both)
    runs = by_block(found, SPEC, 6, random.Random(1), lambda *run: told(*run) | {"gil": "on"})
    assert all(name.endswith(FREE) for name in runs.unavailable)
    rows = contention_rows(runs, missing, "", SPEC)
    assert {row.verdict for row in rows if FREE in row.benchmark} == {"not measurable here"}
    assert "turned the GIL on" in next(row.why for row in rows if FREE in row.benchmark)


def test_blocks_are_heard_as_they_end(both: Builds) -> None:
    found, _ = runners(both)
    heard: list[int] = []
    by_block(found, SPEC, 4, random.Random(1), told, heard.append)
    assert heard == [1, 2, 3, 4]


def test_an_interruption_passes_through(both: Builds) -> None:
    found, _ = runners(both)
    answers = iter([told("", SPEC)] * 3)

    def start(*_: object) -> dict[str, Any]:
        try:
            return next(answers)
        except StopIteration:
            raise KeyboardInterrupt from None

    with pytest.raises(KeyboardInterrupt):
        by_block(found, SPEC, 4, random.Random(1), start)


def test_a_missing_build_is_named(builds: Builds) -> None:
    found, missing = runners(builds)
    rows = contention_rows(by_block(found, SPEC, 6, random.Random(1), told), missing, "", SPEC)
    assert {row.why for row in rows if FREE in row.benchmark} == {"no free-threaded build"}


def test_what_an_older_file_has_not_measured_is_said(both: Builds) -> None:
    found, missing = runners(both)
    runs = by_block([each for each in found if each.subject == "manager"], SPEC, 6, random.Random(1), told)
    rows = contention_rows(runs, missing, "", SPEC)
    assert rows[0].why == "counters/lock, floating, GIL was not measured"
