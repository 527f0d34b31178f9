"""How the profiled program is started."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
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


PROFILER = """
import subprocess, sys
below = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with open(sys.argv[1], "w") as told:
    told.write(str(below.pid))
below.wait()
"""


def gone(pid: int) -> bool:
    """Tell whether a process ends, waiting for it; a child of a dead one is somebody else's to reap."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 20.0)[0])
    finally:
        os.close(descriptor)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux, to wait for a process that is no child")
@pytest.mark.parametrize("ending", ["too long", "interrupted"])
def test_what_a_profiler_watches_ends_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    pid = tmp_path / "pid"
    os.mkfifo(pid)
    found: list[int] = []

    waited = subprocess.Popen.wait

    def wait(process: subprocess.Popen[bytes], timeout: float | None = None) -> int:
        if timeout is None:  # what ends it waits without a limit
            return waited(process)
        found.append(int(pid.read_text()))  # it runs from here
        raise KeyboardInterrupt if ending == "interrupted" else subprocess.TimeoutExpired("x", timeout)

    monkeypatch.setattr(subprocess.Popen, "wait", wait)
    side, plan = Side("x", "x/y"), Plan("known", tmp_path, {})
    command = [sys.executable, "-c", PROFILER, str(pid)]
    with pytest.raises(
        (launch.ProfilerError, KeyboardInterrupt), match="within 60 s" if ending == "too long" else None
    ):
        launch.run(command, side, plan, {}, 60.0)
    ended = gone(found[0])
    if not ended:
        os.kill(found[0], signal.SIGKILL)
    assert ended


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux, to wait for a process that is no child")
def test_a_child_that_outlives_the_benchmark_holds_nothing_up(tmp_path: Path) -> None:
    below = "import subprocess, sys; print(subprocess.Popen(['sleep', '600']).pid); print('said', file=sys.stderr)"
    done = launch.run([sys.executable, "-c", below], Side("x", "x/y"), Plan("known", tmp_path, {}), {}, 60.0)
    assert (done.returncode, done.stderr) == (0, "said\n")
    assert gone(int(done.stdout))
