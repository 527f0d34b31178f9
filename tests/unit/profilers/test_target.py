"""The profiled program: what it replays, what it says of an operation's duration, how it fails."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from itertools import count
from typing import TYPE_CHECKING, Any

from tailgate.benchmark import Workload
from tailgate.profilers import target
from tailgate.profilers.target import Replay, TargetSpec

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def spec(**more: Any) -> TargetSpec:
    return TargetSpec("known", "known/any", {}, "", **more)


def test_a_spec_is_read_back_as_it_was_written() -> None:
    told = spec(roots=("/a", "/b"), passes=4, operations=7)
    assert TargetSpec.from_json(told.to_json()) == told


def test_each_pass_replays_the_cut_tape_from_fresh_state_and_releases_it() -> None:
    heard: list[Any] = []
    states = count()

    def start() -> Any:
        state = next(states)
        return lambda item: heard.append((state, item))

    workload = Workload(range(600), start, finish=lambda _: heard.append("finished"))
    found = target.replay_for(Replay(workload, 300), spec(seconds=0))
    one = [(0, item) for item in range(300)]
    assert heard[:301] == [*one, "finished"]
    assert heard[301:] == [*((1, item) for item in range(300)), "finished"]  # a warm-up pass, and one that is timed
    assert found["operations"] == 300


def test_the_undisturbed_duration_is_that_of_the_least_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0
    delays = iter([100, 900, 900, 100])  # two passes of two segments: each is slow once

    def operation(item: int) -> None:
        nonlocal now
        if item % 256 == 0 and passes > 1:
            now += next(delays)

    passes = 0

    def start() -> Any:
        nonlocal passes
        passes += 1
        return operation

    monkeypatch.setattr("tailgate.profilers.target.time.perf_counter_ns", lambda: now)
    monkeypatch.setattr("tailgate.profilers.target.time.process_time_ns", lambda: now)
    found = target.replay_for(Replay(Workload(range(512), start), None), spec(seconds=1.5e-6))
    assert found["undisturbed_ns"] == 200 / 512
    assert found["wall_ns"] == 1000 / 512
    assert found["operations"] == 1024


def test_an_error_becomes_the_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "faulty_suite.py").write_text(
        textwrap.dedent("""
            from tailgate import Workload, benchmark

            @benchmark("faulty/raises")
            def raises(settings):
                raise ValueError("no such tape")

            @benchmark("faulty/empty")
            def empty(settings):
                return Workload([], lambda: abs)
        """)
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(sys.modules, "faulty_suite", None)  # what is put there meanwhile is taken away again
    del sys.modules["faulty_suite"]
    monkeypatch.setattr(os, "register_at_fork", lambda **_: None)  # it would stay in the tests' own process
    told = tmp_path / "spec.json"
    for name, words in (
        ("raises", "no such tape"),
        ("empty", "without operations"),
        ("other", "declares no benchmark"),
    ):
        result = tmp_path / f"{name}.json"
        pid_file = tmp_path / f"{name}.pid"
        told.write_text(TargetSpec("faulty_suite", f"faulty/{name}", {}, str(result), pid_file=str(pid_file)).to_json())
        assert target.main([str(told)]) == 1
        assert words in json.loads(result.read_text())["error"]
        assert pid_file.read_text() == f"{os.getpid()}\n"
