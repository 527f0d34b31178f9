"""Turns of contenders, and the command: order, who is left out, interruptions, exit status."""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from documents.contention.document import NAME, Contender, Contention
from suites.contention import __main__ as command
from suites.contention.running import contend, start_in
from suites.contention.spec import ThreadSpec
from tailgate.documents.envelope import load

if TYPE_CHECKING:
    from pathlib import Path

GOOD: dict[str, Any] = {
    "operations": [10, 10],
    "done": 20,
    "seconds": 2.0,
    "writes": {"100": 9, "200": 1},
    "reads": {},
    "failure": "",
    "gil": "on",
}


def contenders(*names: str, build: str = "3.11.7") -> dict[Contender, tuple[str, ThreadSpec]]:
    return {
        Contender("counters", name, 2, "floating", build, 0.005, 4): (
            "python",
            ThreadSpec("counters", name, 2, "floating", (), 1.0),
        )
        for name in names
    }


def test_each_runs_once_a_turn_in_random_order() -> None:
    seen: list[str] = []

    def start(_python: str, spec: ThreadSpec) -> dict[str, Any]:
        seen.append(spec.implementation)
        return GOOD

    runs, unavailable, whole = contend(contenders(*"abcdef"), 4, random.Random(1), start)
    assert Counter(seen) == dict.fromkeys("abcdef", 4)
    assert seen[:6] != seen[6:12]
    assert (len(runs), unavailable, whole) == (24, {}, True)


def test_what_is_unavailable_is_asked_once_and_what_fails_stays() -> None:
    asked: Counter[str] = Counter()

    def start(_python: str, spec: ThreadSpec) -> dict[str, Any]:
        asked[spec.implementation] += 1
        return {"gone": {"unavailable": "no package"}, "bad": {"error": "Killed"}}.get(spec.implementation, GOOD)

    runs, unavailable, _ = contend(contenders("good", "gone", "bad"), 3, random.Random(1), start)
    assert asked == {"good": 3, "gone": 1, "bad": 3}
    assert unavailable == {"counters/gone, 3.11.7": "no package"}
    assert Counter(run.failure for run in runs) == {"": 3, "Killed": 3}


def test_a_free_threaded_build_with_its_gil_on_is_left_out_with_the_runs_that_it_had() -> None:
    answers = iter(["off", "on"])
    runs, unavailable, _ = contend(
        contenders("a", build="free-threaded 3.13"), 2, random.Random(1), lambda *_: GOOD | {"gil": next(answers)}
    )
    assert runs == []
    assert unavailable == {"counters/a, free-threaded 3.13": "something that was imported turned the GIL on"}


def test_an_interruption_keeps_what_ran() -> None:
    answers = iter([False, True])

    def start(*_: Any) -> dict[str, Any]:
        if next(answers):
            raise KeyboardInterrupt
        return GOOD

    runs, _, whole = contend(contenders("a", "b"), 2, random.Random(1), start)
    assert (len(runs), whole) == (1, False)


def test_a_process_that_cannot_run_is_an_error_of_that_run(tmp_path: Path) -> None:
    spec = ThreadSpec("counters", "lock", 1, "floating", (), 0.0)
    assert "No such file" in start_in(tmp_path)("/no/python", spec)["error"]
    assert start_in(tmp_path)("/bin/false", spec)["error"] == "left with status 1"


def test_a_real_run_comes_back_from_its_process() -> None:
    spec = ThreadSpec("counters", "itertools-count", 2, "floating", (), 0.0)
    found = start_in(command.ROOT)(sys.executable, spec)
    assert (found["failure"], len(found["operations"]), found["done"]) == ("", 2, sum(found["operations"]))
    assert json.loads(spec.to_json())["implementation"] == "itertools-count"
    assert ThreadSpec.from_json(spec.to_json()) == spec


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    answer = dict(GOOD)
    monkeypatch.setattr(command, "start_in", lambda _: lambda *_: answer)
    return answer


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        command.main([*arguments])
    status = ended.value.code
    assert isinstance(status, int)
    return status


def test_the_command_writes_its_document_and_page(
    answering: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = call("--subject", "counters=lock,sharded", "--quick", "--output", str(tmp_path / "out"))
    found = load(tmp_path / "out" / NAME, Contention)
    assert status == 0
    assert {(run.contender.implementation, run.contender.threads) for run in found.runs} == {
        (name, threads) for name in ("lock", "sharded") for threads in (1, 2)
    }
    printed = capsys.readouterr()
    assert "sharded" in printed.out
    assert "turn 2 of 2" in printed.err
    assert "10 [10, 10]" in (tmp_path / "out" / command.PAGE).read_text()
    answering["failure"] = "7 were counted of 9"
    assert call("--subject", "counters=lock", "--quick", "--output", str(tmp_path / "out"), "--force") == 1
    assert "7 were counted of 9" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "free"),
    [("3.13.15-plain+freethreaded", True), ("/opt/python3.14t", True), ("/opt/venv/latest", False), ("3.13.15", False)],
)
def test_a_free_threaded_build_is_known_by_its_name(name: str, free: bool) -> None:  # noqa: FBT001  a parameter of the test
    assert command._build(name).startswith("free-threaded") == free


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--subject", "books"), "there is no subject 'books'; the right ones: counters, limiter, handoff, manager"),
        (("--subject", "counters=spin"), "there is no counters implementation 'spin'"),
        (("--threads", "0"), "'0' is no number of threads"),
        (("--switch-interval", "fast"), "'fast' is no interval above 0 ms"),
        (("--affinity", "glued"), "'glued' is no affinity: floating or pinned"),
        (("--interpreter", "python9.9"), "there is no interpreter 'python9.9'"),
    ],
)
def test_a_wrong_word_is_one_error(
    arguments: tuple[str, ...], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*arguments, "--output", str(tmp_path / "out")) == 2
    assert told in capsys.readouterr().err
