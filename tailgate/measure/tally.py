"""What a benchmark counts in place of being timed (asv's track_, mem_, peakmem_), asked in a process of its own."""

from __future__ import annotations

import json
import statistics
import subprocess
from typing import TYPE_CHECKING, Final

from tailgate.adapters import UNAVAILABLE
from tailgate.measure.sides import BrokenSideError, Side, SideError, UnavailableSideError, environment, lacking

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_STDERR_LINES: Final = 6
_SECONDS: Final = 600.0
_PROCESSES: Final = {"peakmemory": 3}
"""What the allocator and the kernel add differs by process; the median of these counts."""


def tally(side: Side, module: str, root: Path, env: Mapping[str, str], kind: str) -> float:
    """Return what a side's benchmark counts; SideError where it gives no number.

    UnavailableSideError where it cannot run here. kind: as asv calls it. env: what it gets beside the small environment
    of a worker. The hash seed is the same in every process.
    """
    whole = environment(side, root, env) | {"PYTHONHASHSEED": "0"}
    return statistics.median(_once(side, module, root, whole) for _ in range(_PROCESSES.get(kind, 1)))


def _once(side: Side, module: str, root: Path, env: Mapping[str, str]) -> float:
    command = [side.python, *side.options, "-m", "tailgate.adapters", module, "--count", side.benchmark]
    what = f"side {side.name!r} cannot count {side.benchmark}"
    try:
        done = subprocess.run(
            command, cwd=root, env=dict(env), capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise SideError(f"{what}: it takes more than {_SECONDS:g} s") from None
    if done.returncode == UNAVAILABLE:
        raise UnavailableSideError(f"it cannot run here: {done.stderr.strip()}")
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-_STDERR_LINES:])
        raise BrokenSideError(f"{what} (status {done.returncode}): {last}", hint=lacking(last, env))
    try:
        return float(json.loads(done.stdout.splitlines()[-1]))
    except (IndexError, TypeError, ValueError):
        raise BrokenSideError(f"{what}: it gives no number: {done.stdout.strip()[-200:]}") from None
