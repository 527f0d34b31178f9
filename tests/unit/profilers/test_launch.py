"""How the profiled program is started."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tailgate.measure.lockstep import Plan
from tailgate.measure.sides import Side
from tailgate.profilers import launch

if TYPE_CHECKING:
    from pathlib import Path


def test_the_seconds_of_a_replay_are_not_counted_against_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[float] = []

    def run(*arguments: Any) -> subprocess.CompletedProcess[str]:
        limits.append(arguments[-1])
        return subprocess.CompletedProcess([], 1, "", "stopped")

    monkeypatch.setattr(launch, "run", run)
    side, plan = Side("x", "x/y"), Plan("known", tmp_path, {})
    with pytest.raises(launch.ProfilerError, match="stopped"):
        launch.launch(side, plan, launch.spec_for(side, plan, "replay", seconds=900.0), limit_s=60.0)
    assert limits == [960.0]
