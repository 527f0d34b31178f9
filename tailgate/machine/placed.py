"""Probe a CPU that this process cannot run on: the one in a shield, by a child that is placed there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tailgate.documents.machine import JitterProfile

if TYPE_CHECKING:
    from tailgate.machine.placement import CpuPlan

CHILD = """
import json, sys
from dataclasses import asdict
from tailgate.machine.jitter import probe
from tailgate.machine.placement import CpuPlan, place_worker
cpu, seconds, enter = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
place_worker(CpuPlan(cpu, (), True, enter))
json.dump(asdict(probe(cpu, seconds)), sys.stdout)
"""
STARTING_SECONDS = 30.0
"""What a child may take beside the probe itself: an import, on a machine whose other CPUs are crowded."""


def probe_placed(plan: CpuPlan, seconds: float) -> JitterProfile | None:
    """Spin where a worker of `plan` would be; None where the child could not be placed there.

    A child is needed: a process that enters a shield leaves its own place, and does not find back by itself.
    """
    package = str(Path(__file__).resolve().parents[2])
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))}
    command = [sys.executable, "-c", CHILD, str(plan.worker_cpu), str(seconds), plan.enter]
    try:
        done = subprocess.run(command, env=environ, capture_output=True, check=True, timeout=STARTING_SECONDS + seconds)
        return JitterProfile(**json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError, TypeError):
        return None
