"""memray: every allocation of some passes with its stack, Python's own allocators included."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Final

from tailgate.profilers.launch import HASH_SEED, ProfilerError, launch, run, spec_for
from tailgate.profilers.places import Frame
from tailgate.profilers.profile import Recorded
from tailgate.profilers.stacks import inside
from tailgate.profilers.target import run_over

if TYPE_CHECKING:
    from pathlib import Path

    from tailgate.profilers.profile import Job
    from tailgate.profilers.target import Replay, TargetSpec

OPERATIONS: Final = 4_000
"""Of the tape, at most: each allocation is written down, some tens of bytes each."""

_FREEING: Final = ("PYMALLOC_FREE", "FREE", "MUNMAP")


class Memray:
    """A tracker around one warm pass, so that imports and the tape are in no figure and no graph."""

    name = "memray"

    def record(self, job: Job) -> Recorded:
        """Record one pass; memray's own flame graph and table come from its file."""
        own = job.folder / "memray.bin"
        few = min(OPERATIONS, job.plan.operations or OPERATIONS)
        spec = spec_for(job.side, job.plan, "memray", operations=few, output=str(own))
        found = launch(job.side, job.plan, spec, env=HASH_SEED).found
        stacks = inside((([Frame(*each) for each in stack], calls) for stack, calls in found["stacks"]), job.roots)
        files = (own, *(_report(job, kind, own) for kind in ("flamegraph", "table")))
        operations: int = found["operations"]
        return Recorded(
            "allocations",
            operations,
            found["cpu_ns"],
            stacks,
            per_operation=sum(stacks.values()) / operations,
            files=files,
            notes=(
                "allocations of one pass; memray's flamegraph.html shows what was held at the peak",
                "a frame for each call of a Python function and a bound method for each of a C method are memray's own",
                "`tailgate allocations` takes those off",
            ),
        )


def _report(job: Job, kind: str, own: Path) -> Path:
    page = own.with_name(f"{kind}.html")
    command = (job.side.python, "-m", "memray", kind, "--force", "--output", str(page), str(own))
    done = run(command, job.side, job.plan, {}, 300)
    if done.returncode != 0:
        raise ProfilerError(f"memray {kind} failed: {done.stderr.strip()[-500:]}")
    return page


def track(replay: Replay, spec: TargetSpec) -> dict[str, Any]:
    """Track one warm pass from fresh state, in the profiled process, and return its stacks."""
    try:
        import memray  # noqa: PLC0415  a benchmark's process has it only when it is asked to track
    except ImportError as error:
        raise ProfilerError(
            f"memray cannot be imported here: {error}", hint=f"{sys.executable} -m pip install 'tailgate[allocations]'"
        ) from error
    replay.one_pass()
    operation = replay.begin()
    with memray.Tracker(spec.output, trace_python_allocators=True):
        began = time.process_time_ns()
        run_over(replay.inputs, operation)
        spent_ns = time.process_time_ns() - began
    replay.finish(operation)
    freeing = {int(memray.AllocatorType[name]) for name in _FREEING}
    calls: dict[int, int] = {}
    stacks: dict[int, list[Any]] = {}
    with memray.FileReader(spec.output) as reader:
        for record in reader.get_allocation_records():
            if record.allocator not in freeing:
                calls[record.stack_id] = calls.get(record.stack_id, 0) + 1
                if record.stack_id not in stacks:
                    stacks[record.stack_id] = record.stack_trace()[::-1]
    return {
        "operations": len(replay.inputs),
        "cpu_ns": spent_ns / len(replay.inputs),
        "stacks": [(stacks[number], count) for number, count in calls.items()],
    }
