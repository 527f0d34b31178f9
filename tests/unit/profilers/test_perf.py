"""What perf and the interpreter leave behind in /tmp."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tailgate.measure.lockstep import Plan
from tailgate.measure.sides import Side
from tailgate.profilers import perf
from tailgate.profilers.launch import ProfilerError
from tailgate.profilers.profile import Job

if TYPE_CHECKING:
    from tailgate.profilers.target import TargetSpec


@pytest.mark.parametrize("end", [ProfilerError("it failed"), KeyboardInterrupt()])
def test_a_run_that_ends_early_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: BaseException
) -> None:
    left, others = tmp_path / "jit-4711.dump", tmp_path / "jit-4712.dump"

    def launch(_side: Side, _plan: Plan, spec: TargetSpec, **_: object) -> None:
        Path(spec.pid_file).write_text("4711")
        left.touch()
        others.touch()
        raise end

    monkeypatch.setattr(perf, "launch", launch)
    monkeypatch.setattr(perf, "tool", lambda _: "perf")
    monkeypatch.setattr(perf, "_interpreter", lambda _: "perf_jit")
    monkeypatch.setattr(perf, "_DUMPS", tmp_path)
    with pytest.raises(type(end)):
        perf.Perf().record(Job(Side("x", "x/y"), Plan("known", tmp_path, {}), tmp_path, 1.0))
    assert not left.exists()
    assert others.exists()
