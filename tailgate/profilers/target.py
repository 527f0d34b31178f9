"""The profiled program: one benchmark of a suite, replayed in a process of its own.

`python -m tailgate.profilers.target SPEC` reads a spec (JSON), prepares the benchmark as a worker does and runs one of
the MODES below; what it found goes to the spec's `result` as JSON. A profiler is put around this program or is started
by a mode inside it; timing never happens here but for one figure: by how much the profiler slowed it.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tailgate.benchmark import load_suite
from tailgate.errors import MissingToolError, TailgateError
from tailgate.measure.drivers import Driver
from tailgate.measure.inputs import Fresh
from tailgate.measure.protocol import Injection
from tailgate.measure.raised import told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tailgate.benchmark import Operation, Workload

MODES: Final[Mapping[str, str]] = {
    "replay": "tailgate.profilers.target:replay_for",
    "memory": "tailgate.profilers.allocators:weigh",
    "instructions": "tailgate.profilers.instructions:replay_marked",
    "allocations": "tailgate.profilers.tracking:count",
    "allocation totals": "tailgate.profilers.tracking:count_totals",
    "functions": "tailgate.profilers.cprofile:record_each",
    "memray": "tailgate.profilers.memray:track",
    "scalene": "tailgate.profilers.scalene:replay_profiled",
    "cprofile": "tailgate.profilers.cprofile:record",
    "tracemalloc": "tailgate.profilers.tracemalloc:record",
}
"""What the program may do, each `module:function(replay, spec)`, imported in the process that needs it."""


_SEGMENT: Final = 256


@dataclass(frozen=True, slots=True)
class TargetSpec:
    """What the program is to do.

    operations: of the tape per pass, at most. seconds: how long `replay` goes on. passes: how many a counting mode
    makes. result: the file for what it found. output: the file for a profiler's own data. roots: folders that paths are
    shown relative to. pid_file: where it and its forks say who they are, a line each, for who tidies up behind them.
    """

    module: str
    benchmark: str
    settings: Mapping[str, Any]
    result: str
    mode: str = "replay"
    operations: int | None = None
    seconds: float = 1.0
    passes: int = 1
    output: str = ""
    roots: tuple[str, ...] = ()
    gc: str = "on"
    pid_file: str = ""

    def to_json(self) -> str:
        """Return the spec as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> TargetSpec:
        """Read what `to_json` wrote."""
        plain = json.loads(text)
        plain["roots"] = tuple(plain["roots"])
        return cls(**plain)


class Replay:
    """A prepared benchmark: its inputs, and how a pass over them begins and ends."""

    def __init__(self, workload: Workload, operations: int | None) -> None:
        self.workload = workload
        self._driver = Driver(workload, Injection())
        inputs = workload.inputs[:operations]
        self.inputs: Sequence[Any] = Fresh(inputs, workload.fresh) if workload.fresh else list(inputs)

    def begin(self) -> Operation:
        """Build fresh state."""
        return self._driver.plain(self._driver.begin())

    def run(self, operation: Operation) -> None:
        """Call the operation with each input."""
        run_over(self.inputs, operation)

    def finish(self, operation: Operation) -> None:
        """Release what `begin` opened."""
        self._driver.finish(operation)

    def one_pass(self) -> None:
        """Replay the tape once, from fresh state."""
        operation = self.begin()
        self.run(operation)
        self.finish(operation)


def run_over(inputs: Iterable[Any], operation: Operation) -> None:
    """Call the operation with each input; the one loop of every profile."""
    for item in inputs:
        operation(item)


def prepare(spec: TargetSpec) -> Replay:
    """Prepare the benchmark as a timing worker does: its tape is frozen out of the collector's sight."""
    benchmark = load_suite(spec.module, spec.benchmark).find(spec.benchmark)
    if reason := benchmark.unavailable():
        raise TailgateError(f"{spec.benchmark} cannot run here: {reason}")
    replay = Replay(benchmark.workload(spec.settings), spec.operations)
    if not replay.inputs:
        raise TailgateError(f"{spec.benchmark} has a tape without operations")
    gc.collect()
    gc.freeze()
    if spec.gc != "on":
        gc.disable()
    return replay


def replay_for(replay: Replay, spec: TargetSpec) -> dict[str, Any]:
    """Replay whole passes for some seconds after a warm-up pass; return what one operation takes, on the mean, in ns.

    cpu_ns and wall_ns: in the fastest pass, because what else runs on the machine slows others. undisturbed_ns: the
    least duration of each segment over the passes, added up. running_ns: the CPU time of the thread that calls, as the
    other CPU time in the fastest pass. Fresh state is built outside of all of them.
    """
    replay.one_pass()
    segments = [replay.inputs[at : at + _SEGMENT] for at in range(0, len(replay.inputs), _SEGMENT)]
    walls: list[list[int]] = []
    cpus: list[int] = []
    running: list[int] = []
    until = time.perf_counter_ns() + int(spec.seconds * 1e9)
    while not walls or time.perf_counter_ns() < until:
        operation = replay.begin()
        edges = [time.perf_counter_ns()]
        began_ns, ran_ns = time.process_time_ns(), time.thread_time_ns()
        for segment in segments:
            run_over(segment, operation)
            edges.append(time.perf_counter_ns())
        running.append(time.thread_time_ns() - ran_ns)
        cpus.append(time.process_time_ns() - began_ns)
        replay.finish(operation)
        walls.append([after - before for before, after in pairwise(edges)])
    operations = len(replay.inputs)
    return {
        "operations": len(walls) * operations,
        "cpu_ns": min(cpus) / operations,
        "wall_ns": min(map(sum, walls)) / operations,
        "running_ns": min(running) / operations,
        "undisturbed_ns": sum(map(min, zip(*walls, strict=True))) / operations,
    }


def _sign(path: str) -> None:
    """Add this process's number to those for whom there is something to tidy up."""
    with Path(path).open("a", encoding="ascii") as signed:
        signed.write(f"{os.getpid()}\n")


def main(arguments: Sequence[str]) -> int:
    """Run what the spec says; an error becomes the result, so that who started this can tell it."""
    spec = TargetSpec.from_json(Path(arguments[0]).read_text(encoding="utf-8"))
    if spec.pid_file:
        _sign(spec.pid_file)
        # A child closes its copy of the dump for perf: what waits in the buffer would be in the parent's dump twice.
        os.register_at_fork(
            before=partial(ctypes.CDLL(None).fflush, None), after_in_child=partial(_sign, spec.pid_file)
        )
    try:
        module, _, name = MODES[spec.mode].partition(":")
        run: Callable[[Replay, TargetSpec], dict[str, Any]] = getattr(importlib.import_module(module), name)
        found = run(prepare(spec), spec)
    except TailgateError as error:
        found = {"error": error.message, "hint": error.hint, "tool": isinstance(error, MissingToolError)}
    except Exception as error:  # noqa: BLE001  whatever a benchmark raises is reported by the one who can act on it
        found = {"error": told(error)[0], "hint": ""}
    Path(spec.result).write_text(json.dumps(found), encoding="utf-8")
    return 1 if "error" in found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
