"""cProfile: every call counted and timed; heavy on short functions, exact in its counts."""

from __future__ import annotations

import cProfile
import pstats
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tailgate.profilers.launch import HASH_SEED, launch, spec_for
from tailgate.profilers.places import Frame, shorten
from tailgate.profilers.profile import Recorded
from tailgate.profilers.stacks import Hot
from tailgate.profilers.target import run_over

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tailgate.measure.lockstep import Plan
    from tailgate.measure.sides import Side
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


@dataclass(frozen=True, slots=True)
class FunctionCost:
    """A function of a side, per operation: calls, and the ns of its own under cProfile, callees not included."""

    function: str
    file: str
    calls: float
    own_ns: float


@dataclass(frozen=True, slots=True)
class Functions:
    """The functions of one process, and where the modules of the project came from, by name."""

    costs: tuple[FunctionCost, ...]
    modules: Mapping[str, str]


def functions_of(side: Side, plan: Plan, *, operations: int, passes: int) -> Functions:
    """Return what each function of a side costs, in a process of its own; two runs agree on the calls."""
    few = min(operations, plan.operations or operations)
    spec = spec_for(side, plan, "functions", operations=few, passes=passes)
    found = launch(side, plan, spec, env=HASH_SEED).found
    costs: dict[tuple[str, str], tuple[int, int]] = {}
    for function, file, _, calls, own_ns in found["functions"]:
        key = function, shorten(file, spec.roots)
        before = costs.get(key, (0, 0))
        costs[key] = before[0] + calls, before[1] + own_ns
    each = (FunctionCost(*key, calls / few, ns / few) for key, (calls, ns) in costs.items())
    return Functions(tuple(each), found["modules"])


def record_each(replay: Replay, spec: TargetSpec) -> dict[str, Any]:
    """Profile some passes one by one; the calls are those of the last, a function's time is its least over them."""
    replay.one_pass()
    least: dict[tuple[str, int, str], int] = {}
    last: dict[tuple[str, int, str], int] = {}
    for _ in range(spec.passes):
        operation = replay.begin()
        profile = cProfile.Profile()
        profile.enable()
        run_over(replay.inputs, operation)
        profile.disable()
        replay.finish(operation)
        stats: _Stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]  # typeshed leaves it out
        last = {key: calls for key, (_, calls, *_) in stats.items()}
        for key, (_, _, own_s, _, _) in stats.items():
            own_ns = round(own_s * 1e9)
            least[key] = min(least.get(key, own_ns), own_ns)
    functions = [
        (function, "built-in" if file == "~" else file, line, calls, least[file, line, function])
        for (file, line, function), calls in last.items()
        if function not in _HARNESS
    ]
    inside = tuple(f"{root}/" for root in spec.roots)
    files = {name: getattr(module, "__file__", None) or "" for name, module in list(sys.modules.items())}
    modules = {name: file for name, file in files.items() if file.startswith(inside)}
    return {"operations": len(replay.inputs), "functions": functions, "modules": modules}


_HARNESS: Final = {"run_over", "<method 'disable' of '_lsprof.Profiler' objects>"}
_Stats = dict[tuple[str, int, str], tuple[int, int, float, float, Any]]


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
    stats: _Stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]  # typeshed leaves it out
    functions = [
        (function, "built-in" if file == "~" else file, line, calls, round(own_s * 1e9))
        for (file, line, function), (_, calls, own_s, _, _) in stats.items()
        if function not in _HARNESS
    ]
    return {"operations": operations, "cpu_ns": best_ns / len(replay.inputs), "functions": functions}
