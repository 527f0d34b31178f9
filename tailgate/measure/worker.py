"""A worker process: prepares its benchmarks once, then replays segments of their tapes whenever it is their turn.

It carries one benchmark or many, and every command names one; a benchmark that fails costs the others nothing.
A benchmark that runs alone is a lockstep with one side.
"""

from __future__ import annotations

import gc
import os
import sys
import sysconfig
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tailgate.benchmark import UnavailableError, load_suite
from tailgate.errors import TailgateError
from tailgate.measure.batches import batched
from tailgate.measure.clock import measure_overhead
from tailgate.measure.inject import measure_injection
from tailgate.measure.keeping import keep
from tailgate.measure.protocol import LEAVES, Command, GoneError, Status, WorkerEnd, WorkerSpec
from tailgate.measure.raised import told
from tailgate.measure.task import Task

if TYPE_CHECKING:
    from tailgate.benchmark import Workload
    from tailgate.measure.clock import HarnessOverhead


class HinderedError(TailgateError):
    """The machine does not let the worker do its work: no fault of the benchmark's."""


class Worker:
    """The benchmarks of this process: answers commands until one says quit."""

    def __init__(self, spec: WorkerSpec, end: WorkerEnd) -> None:
        self.spec = spec
        self.end = end
        self.tasks: dict[int, Task] = {}
        self.overhead: HarnessOverhead | None = None
        self._workloads: dict[str, Workload] = {}

    def serve(self) -> None:
        """Obey until a command says quit."""
        gc.disable()  # a tape is many objects that all stay: a collection on the way only walks them
        while True:
            command, job, a, b = self.end.receive()
            if command is Command.QUIT:
                self._attempt(self._close)
                return
            if command is Command.PREPARE:
                self._attempt(self._prepare, job)
            elif command is Command.READY:
                self.end.reply(payload=self._ready())
            else:
                self._attempt(self._obey, command, self.tasks[job], a, b)

    def _attempt(self, act: Any, *arguments: Any) -> None:
        """Act and reply; what a benchmark raises is the reply, and this process goes on with its others."""
        try:
            value, payload, status = act(*arguments)
        except GoneError:
            raise
        except Exception as error:  # noqa: BLE001  whatever a benchmark raises is reported to who can act on it
            value, payload, status = 0, *_told(error)
        self.end.reply(value, payload, status)

    def _prepare(self, number: int) -> tuple[int, object, Status]:
        """Build the tape of a job, once for all jobs that replay it; each pass of each has fresh state."""
        began = time.monotonic()
        job = self.spec.jobs[number]
        benchmark = load_suite(self.spec.module, job.benchmark).find(job.benchmark)
        imported = time.monotonic()
        if reason := benchmark.unavailable():
            return 0, reason, Status.UNAVAILABLE
        if job.benchmark not in self._workloads:
            try:
                self._workloads[job.benchmark] = benchmark.workload(self.spec.settings)
            except UnavailableError as error:
                return 0, error.message, Status.UNAVAILABLE
        workload = self._workloads[job.benchmark]
        if job.batch > 1:
            workload = batched(workload, job.batch)
        self.tasks[number] = Task(self.spec, job, workload)
        facts = {"operations": len(workload.inputs), "stages": workload.stages, "repeats": workload.repeats}
        spent = {"began": began, "import_s": imported - began, "prepare_s": time.monotonic() - imported}
        return 0, facts | {"spent": spent}, Status.OK

    def _close(self) -> tuple[int, object, Status]:
        for task in self.tasks.values():
            task.driver.close()
        for workload in self._workloads.values():
            if workload.close is not None:
                workload.close()
        return 0, None, Status.OK

    def _ready(self) -> dict[str, Any]:
        gc.enable()
        _pin_every_thread(self.spec.cpu)
        facts: dict[str, Any] = {
            "pid": os.getpid(),
            "gil": _gil(),
            "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        }
        if self.spec.gauge:
            self.overhead = measure_overhead()
            facts |= {"injection": asdict(measure_injection()), "clock_step_ns": self.overhead.clock_step_ns}
        gc.collect()
        gc.freeze()  # the tape is the harness's: a collection in an operation must not walk it
        return facts

    def _obey(self, command: Command, task: Task, a: int, b: int) -> tuple[int, object, Status]:
        value, payload = 0, None
        if command is Command.SEGMENT:
            value = task.segment(a, b)
        elif command is Command.BEGIN:
            task.begin()
        elif command is Command.END:
            task.end()
        elif command is Command.START:
            task.start(operations=a, passes=b)
        elif command is Command.CHECK:
            payload = task.check(a)
        elif command is Command.EXPLAIN:
            payload = task.explain(a)
        elif command is Command.KEEP:
            keep(task, self.overhead, _gil())
        elif command is Command.DROP:
            task.drop()
        return value, payload, Status.OK


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
                hint="choose another with --affinity; `tailgate doctor` and tailgate isolate status say more",
            ) from error


def _told(error: Exception) -> tuple[str, Status]:
    text, raised = (str(error), False) if isinstance(error, TailgateError) else told(error)
    if isinstance(error, HinderedError | OSError | MemoryError):
        return text, Status.HINDERED
    return text, Status.RAISED if raised else Status.FAILED


def main() -> int:
    """Serve on the two file descriptors that argv names; errors go to the coordinator as a reply."""
    end = WorkerEnd(int(sys.argv[1]), int(sys.argv[2]))
    try:
        Worker(end.receive_spec(), end).serve()
    except GoneError:
        return 1
    except Exception as error:  # noqa: BLE001  whatever an import raises is reported to who can act on it
        text, status = _told(error)
        end.reply(LEAVES, text, status)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
