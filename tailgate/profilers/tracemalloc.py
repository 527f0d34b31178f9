"""tracemalloc: what a pass keeps, by the stack that allocated it; the standard library's own."""

from __future__ import annotations

import gc
import time
import tracemalloc
from typing import TYPE_CHECKING, Any, Final

from tailgate.profilers.launch import HASH_SEED, launch, spec_for
from tailgate.profilers.places import Frame, function_at
from tailgate.profilers.profile import Recorded
from tailgate.profilers.stacks import LOOP, inside, is_loop
from tailgate.profilers.target import run_over

if TYPE_CHECKING:
    from tailgate.profilers.profile import Job
    from tailgate.profilers.target import Replay, TargetSpec

FRAMES: Final = 10
"""Of a stack; each costs: 1 slows 3 to 4 times, 10 some 12 times."""


class Tracemalloc:
    """Tracing around one warm pass; the snapshot is taken while its state is alive."""

    name = "tracemalloc"

    def record(self, job: Job) -> Recorded:
        """Record one pass."""
        own = job.folder / "tracemalloc.snapshot"
        found = launch(
            job.side, job.plan, spec_for(job.side, job.plan, "tracemalloc", output=str(own)), env=HASH_SEED
        ).found
        stacks = inside((([Frame(*each) for each in stack], size) for stack, size in found["stacks"]), job.roots)
        operations: int = found["operations"]
        return Recorded(
            "bytes",
            operations,
            found["cpu_ns"],
            stacks,
            per_operation=sum(stacks.values()) / operations,
            files=(own,),
            notes=(
                f"bytes still held at the end of a pass, its state alive; at the most {found['peak_bytes']:,} at once",
                "what C code takes from malloc by itself is not seen",
                "the snapshot: tracemalloc.Snapshot.load(path)",
            ),
        )


def record(replay: Replay, spec: TargetSpec) -> dict[str, Any]:
    """Trace one warm pass from fresh state, in the profiled process."""
    replay.one_pass()
    operation = replay.begin()
    gc.collect()
    tracemalloc.start(FRAMES)
    began = time.process_time_ns()
    run_over(replay.inputs, operation)
    spent_ns = time.process_time_ns() - began
    gc.collect()
    snapshot = tracemalloc.take_snapshot()
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    replay.finish(operation)
    snapshot.dump(spec.output)
    stacks = [(_stack(statistic.traceback), statistic.size) for statistic in snapshot.statistics("traceback")]
    return {
        "operations": len(replay.inputs),
        "cpu_ns": spent_ns / len(replay.inputs),
        "stacks": stacks,
        "peak_bytes": peak_bytes,
    }


def _stack(traceback: tracemalloc.Traceback) -> list[Frame]:
    """Return the frames outermost first. Of a deep stack the outer ones are missing, the loop's too: it is put back."""
    stack = [Frame(function_at(each.filename, each.lineno), each.filename, each.lineno) for each in traceback]
    if len(stack) == FRAMES and not any(is_loop(each) for each in stack):
        return [Frame(*LOOP, 0), Frame(f"(callers beyond {FRAMES} frames)", "?", 0), *stack]
    return stack
