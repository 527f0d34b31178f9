"""A worker process: prepares one benchmark, then replays segments of its tape whenever it is handed the baton.

It is a pyperf worker: the measured passes run inside `Runner.bench_time_func`, one pyperf value a pass (the mean of its
samples), so that metadata, affinity and JSON are pyperf's own. The baton is passed inside the time function; a
benchmark that runs alone is a lockstep with one side.
"""

from __future__ import annotations

import gc
import os
import resource
import sys
import sysconfig
import traceback
from array import array
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyperf

from tailgate.benchmark import UnavailableError, load_suite
from tailgate.errors import TailgateError
from tailgate.measure.clock import clock_ns, measure_floor
from tailgate.measure.drivers import Driver
from tailgate.measure.inject import measure_injection
from tailgate.measure.inputs import Fresh, Watch
from tailgate.measure.observe import Observer
from tailgate.measure.origin import misplaced
from tailgate.measure.protocol import Command, GoneError, Status, WorkerEnd, WorkerSpec
from tailgate.measure.recorder import blank_row, check, minima, replay_stages, without_switches
from tailgate.results import histogram, schema

if TYPE_CHECKING:
    from tailgate.benchmark import Operation, Workload


class HinderedError(TailgateError):
    """The machine does not let the worker do its work: no fault of the benchmark's."""


class Worker:
    """One benchmark in this process: answers commands until it is told to quit."""

    def __init__(self, spec: WorkerSpec, end: WorkerEnd) -> None:
        self.spec = spec
        self.end = end
        self.workload: Workload
        self.operation: Operation | None = None
        self.first_pass = array("q")
        self.rows: list[array[int]] = []
        self.edges: list[list[int]] = []
        self.stage_durations: list[tuple[int, ...]] = []
        self.digest = ""
        self.observer: Observer | None = None
        self.own_collections = 0

    def serve(self) -> None:
        """Prepare, report ready, and obey."""
        benchmark = load_suite(self.spec.module, self.spec.benchmark).find(self.spec.benchmark)
        if reason := benchmark.check():
            self.end.reply(payload=reason, status=Status.UNAVAILABLE)
            return
        gc.disable()  # a tape is many objects that all stay: a collection on the way only walks them
        try:
            self.workload = benchmark.prepare(self.spec.settings)
        except UnavailableError as error:
            self.end.reply(payload=error.message, status=Status.UNAVAILABLE)
            return
        self.inputs = Fresh(self.workload.inputs, self.workload.fresh) if self.workload.fresh else self.workload.inputs
        gc.enable()
        _pin_every_thread(self.spec.cpu)
        self.floor = measure_floor()
        self.driver = Driver(self.workload, self.spec.injection)
        gc.collect()
        gc.freeze()  # the tape is the harness's: a collection in an operation must not walk it
        self.end.reply(
            payload={
                "operations": len(self.workload.inputs),
                "pid": os.getpid(),
                "gil": _gil(),
                "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
                "stages": self.workload.stages,
                "repeats": self.workload.repeats,
                "injection": asdict(measure_injection()),
                "grain_ns": self.floor.grain_ns,
            }
        )
        self._obey()

    def _obey(self) -> None:
        self.first_pass = blank_row(len(self.workload.inputs))
        while True:
            command, a, b = self.end.receive()
            if command is Command.QUIT:
                self.driver.close()
                if self.workload.close is not None:
                    self.workload.close()
                self.end.reply()
                return
            if command is Command.BEGIN:
                self._begin()
                self._rest_of_pass(self.first_pass, [])
            elif command is Command.CHECK:
                self._check(a)
            elif command is Command.EXPLAIN:
                self._explain(a)
            elif command is Command.START:
                self._measure(operations=a, passes=b)
            else:
                raise TailgateError(f"the coordinator sent {command.name} outside a pass")

    def _begin(self) -> None:
        self.operation = None
        operation = self.driver.begin()
        self._collect()
        if self.spec.gc == "frozen":
            gc.freeze()
            gc.disable()
        self.operation = operation
        self.end.reply()

    def _rest_of_pass(self, row: array[int], edges: list[int]) -> int:
        """Replay segments as the baton comes, until the pass ends; give the number of operations."""
        workload, operation = self.workload, self.operation
        assert operation is not None  # noqa: S101  BEGIN came before
        inputs, end, keep, replay = self.inputs, self.end, self.stage_durations.append, self.driver.replay
        while True:
            command, a, b = end.receive()
            if command is Command.END:
                self._finish(operation)
                end.reply()
                return a
            began = clock_ns()
            if workload.stages:
                replay_stages(operation, inputs, row, a, b, clock_ns, keep)
            elif self.observer is not None:
                self.observer.replay(self.driver.plain(operation), inputs, row, a, b)
            else:
                replay(operation, inputs, row, a, b, clock_ns)
            if a:  # a pass begins cold every time, in the raw tail and in the reproducible one
                edges.append(a)
            end.reply(clock_ns() - began)

    def _finish(self, operation: Operation) -> None:
        self.operation = None
        if self.spec.gc == "frozen":
            gc.enable()
            gc.unfreeze()
            self._collect()
            gc.freeze()
        self.driver.finish(operation)

    def _collect(self) -> None:
        """Collect between passes; such a collection is the harness's and is not counted."""
        gc.collect()
        self.own_collections += 1

    def _check(self, stop: int) -> None:
        operation = self.driver.begin()
        watch = Watch(self.inputs, stop)
        if self.workload.stages:
            self.digest, marks = "not compared", array("I")
        else:
            self.digest, marks = check(self.driver.plain(operation), self.inputs, stop, self.workload.answer)
        watch.refuse_changes()
        self.driver.finish(operation)
        Path(f"{self.spec.samples}.answers").write_bytes(marks.tobytes())
        loaded = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
        stray = misplaced([file for file in loaded if file], self.spec.roots, self.spec.replaced)
        self.end.reply(payload={"digest": self.digest, "misplaced": stray})

    def _explain(self, index: int) -> None:
        operation = self.driver.begin()
        call = self.driver.plain(operation)
        for item in self.inputs[:index]:
            call(item)
        item = self.inputs[index]
        answer = call(item)
        self.driver.finish(operation)
        self.end.reply(payload={"input": repr(item)[:200], "answer": repr(answer)[:200]})

    def _measure(self, *, operations: int, passes: int) -> None:
        warmups = 1
        self.rows = [blank_row(operations) for _ in range(warmups + passes)]
        self.edges = [[] for _ in self.rows]
        turn = iter(range(len(self.rows)))
        observer = self.observer = Observer(self.spec.observe, self.spec.cpu) if self.spec.observe else None

        def one_pass(_loops: int) -> float:
            number = next(turn)
            if number == warmups:
                self.stage_durations.clear()
                self.before = self._counters()
            command, _, _ = self.end.receive()
            if command is not Command.BEGIN:
                raise TailgateError(f"the coordinator sent {command.name} between two passes")
            self._begin()
            if observer is not None:
                observer.begin(operations, kept=number >= warmups)
            self._rest_of_pass(self.rows[number], self.edges[number])
            if observer is not None:
                observer.end()
            return sum(self.rows[number]) * 1e-9

        self.end.reply()
        runner = pyperf.Runner()
        runner.parse_args(self._pyperf_arguments(warmups, passes))
        # A name that pyperf may print in any locale; the counters are read before its own metadata is collected.
        result = runner.bench_time_func(self.spec.benchmark, one_pass, inner_loops=operations)
        self._keep(result, operations, warmups)

    def _pyperf_arguments(self, warmups: int, passes: int) -> list[str]:
        arguments = ["--worker", "--worker-task=0", "--loops=1", "--quiet"]
        arguments += [f"--warmups={warmups}", f"--values={passes}"]
        if self.spec.cpu is not None:
            arguments.append(f"--affinity={self.spec.cpu}")
        return arguments

    def _counters(self) -> dict[str, int]:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return {
            schema.COLLECTIONS: sum(each["collections"] for each in gc.get_stats()) - self.own_collections,
            schema.SWITCHES: usage.ru_nivcsw,
            schema.FAULTS: usage.ru_minflt + usage.ru_majflt,
        }

    def _keep(self, result: Any, operations: int, warmups: int) -> None:
        after = self._counters()
        rows, edges = self.rows[warmups:], self.edges[warmups:]
        with Path(self.spec.samples).open("wb") as out:
            for row in rows:
                row.tofile(out)
        with Path(f"{self.spec.samples}.edges").open("w") as text:
            text.writelines(" ".join(map(str, each)) + "\n" for each in edges)
        kept = array("q")
        for row, each in zip(rows, edges, strict=True):
            kept.extend(without_switches(row, each, self.spec.settle, operations))
        metadata: dict[str, Any] = {
            schema.VERSION: schema.SCHEMA,
            schema.HISTOGRAM: histogram.encode(histogram.fill(kept)),
            schema.REPRODUCIBLE: histogram.encode(histogram.fill(minima(rows, operations))),
            schema.FIRST_PASS: histogram.encode(histogram.fill(self.first_pass[:operations])),
            schema.DIGEST: self.digest,
            schema.OPERATIONS: operations,
            schema.TAPE: len(self.workload.inputs),
            schema.PASSES: len(rows),
            schema.EXCLUDED: operations * len(rows) - len(kept),
            schema.FLOOR_INSIDE: self.floor.inside_ns,
            schema.FLOOR_TOTAL: self.floor.total_ns,
            schema.CLOCK: self.floor.clock_ns,
            schema.PEAK_RSS: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            schema.GIL: _gil(),
        }
        metadata |= {key: after[key] - self.before[key] for key in after}
        for number, stage in enumerate(self.workload.stages):
            durations = (each[number] for each in self.stage_durations)
            metadata[schema.STAGES + stage] = histogram.encode(histogram.fill(durations))
        result.update_metadata(metadata)
        result.dump(self.spec.record, replace=True)
        if self.observer is not None:
            self.observer.write(self.spec.samples, self.workload, operations)
        self.end.reply()


def _gil() -> str:
    enabled = getattr(sys, "_is_gil_enabled", None)
    return "on" if enabled is None or enabled() else "off"


def _pin_every_thread(cpu: int | None) -> None:
    """Pin this process, the threads that imports have started too: sched_setaffinity is for one thread alone."""
    if cpu is None or not hasattr(os, "sched_setaffinity"):
        return
    for task in Path("/proc/self/task").iterdir():
        try:
            os.sched_setaffinity(int(task.name), {cpu})
        except OSError as error:
            raise HinderedError(
                f"a worker may not run on CPU {cpu}: {error.strerror} (a cpuset or a shield has taken it)",
                hint="choose another with --affinity; `tailgate doctor` and scripts/isolate_cpus.py status say more",
            ) from error


def main() -> int:
    """Serve on the two file descriptors that argv names; errors go to the coordinator as a reply."""
    end = WorkerEnd(int(sys.argv[1]), int(sys.argv[2]))
    try:
        Worker(end.receive_spec(), end).serve()
    except GoneError:
        return 1
    except Exception as error:  # noqa: BLE001  whatever a benchmark raises is reported to who can act on it
        text = str(error) if isinstance(error, TailgateError) else traceback.format_exc(limit=-4)
        hindered = isinstance(error, HinderedError | OSError | MemoryError)
        end.reply(payload=text, status=Status.HINDERED if hindered else Status.FAILED)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
