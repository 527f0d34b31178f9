"""cProfile: every call counted and timed; heavy on short functions, exact in its counts."""

from __future__ import annotations

import cProfile
import pstats
import time
from typing import TYPE_CHECKING, Any

from tailgate.profilers.launch import launch, spec_for
from tailgate.profilers.places import Frame, shorten
from tailgate.profilers.profile import Recorded
from tailgate.profilers.stacks import Hot
from tailgate.profilers.target import run_over

if TYPE_CHECKING:
    from tailgate.profilers.profile import Job
    from tailgate.profilers.target import Replay, TargetSpec


class CProfile:
    """A deterministic profile of whole passes, the building of fresh state left out."""

    name = "cprofile"

    def record(self, job: Job) -> Recorded:
        """Record passes for the job's seconds."""
        own = job.folder / "profile.prof"
        spec = spec_for(job.side, job.plan, "cprofile", seconds=job.seconds, output=str(own))
        found = launch(job.side, job.plan, spec).found
        total = sum(own_ns for *_, own_ns in found["functions"])
        lines = [
            Hot(
                Frame(f"{function} ({calls / found['operations']:,.2f} calls)", shorten(file, job.roots), line),
                ns / total,
            )
            for function, file, line, calls, ns in found["functions"]
        ]
        return Recorded(
            "ns",
            found["operations"],
            found["cpu_ns"],
            lines=sorted(lines, key=lambda hot: -hot.share),
            files=(own,),
            notes=(
                "functions, callees not included; the profiler weighs on each call, so short functions look dearer",
                "profile.prof is read by pstats and snakeviz; cProfile knows callers, not stacks: no flame graph",
            ),
        )


def record(replay: Replay, spec: TargetSpec) -> dict[str, Any]:
    """Profile passes for some seconds, in the profiled process."""
    replay.one_pass()
    profile = cProfile.Profile()
    operations, best_ns = 0, 0
    until = time.perf_counter_ns() + int(spec.seconds * 1e9)
    while not operations or time.perf_counter_ns() < until:
        operation = replay.begin()
        began = time.process_time_ns()
        profile.enable()
        run_over(replay.inputs, operation)
        profile.disable()
        spent_ns = time.process_time_ns() - began
        best_ns = min(best_ns or spent_ns, spent_ns)
        operations += len(replay.inputs)
        replay.finish(operation)
    profile.dump_stats(spec.output)
    stats: dict[tuple[str, int, str], tuple[int, int, float, float, Any]] = pstats.Stats(profile).stats  # type: ignore[attr-defined]  # typeshed leaves it out
    functions = [
        (function, "built-in" if file == "~" else file, line, calls, round(own_s * 1e9))
        for (file, line, function), (_, calls, own_s, _, _) in stats.items()
        if function not in {"run_over", "<method 'disable' of '_lsprof.Profiler' objects>"}
    ]
    return {"operations": operations, "cpu_ns": best_ns / len(replay.inputs), "functions": functions}
