"""`bench --interpreter`: what is timed under another interpreter is counted under that one."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from tailgate.benchmark import Benchmark, Workload
from tailgate.commands import allocations as counting
from tailgate.commands import bench
from tailgate.documents.allocations import AllocationCount
from tailgate.measure.lockstep import Plan
from tailgate.project.environments import COUNTER

PLAN = Plan(module="", root=Path(), settings={})


@pytest.mark.parametrize(("named", "python"), [("other", f"/environment/other/with/{COUNTER}"), ("", "")])
def test_allocations_are_counted_on_the_interpreter_that_was_timed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named: str, python: str
) -> None:
    asked: list[Any] = []

    def count(side: Any, _plan: Plan, operations: int) -> AllocationCount:
        asked.append(side.python)
        return AllocationCount(side.benchmark, operations, 1.0, 8.0, 0.0, 8, ())

    monkeypatch.setattr(counting, "allocations_of", count)
    monkeypatch.setattr(bench, "executable_of", lambda _project, name: name)
    monkeypatch.setattr(bench, "environment_for", lambda _project, name, more: f"/environment/{name}/with/{more[0]}")
    here = Benchmark("a", "b", lambda _: Workload([], list))  # never started
    project: Any = SimpleNamespace(inspect=lambda _settings: ())  # the two functions above are given it
    bench._count(project, [here], PLAN, tmp_path, Console(file=io.StringIO()), {"interpreter": named})
    assert asked == [python or sys.executable]
