"""One benchmark in a worker: its fresh state, its passes, its turns, its answers."""

from __future__ import annotations

import gc
import resource
import sys
from array import array
from pathlib import Path
from typing import TYPE_CHECKING

from tailgate.errors import TailgateError
from tailgate.measure.clock import clock_ns
from tailgate.measure.drivers import Driver
from tailgate.measure.inputs import Fresh, Watch
from tailgate.measure.observe import Observer
from tailgate.measure.origin import misplaced
from tailgate.measure.recorder import blank_row, check, replay_stages
from tailgate.results import schema

if TYPE_CHECKING:
    from tailgate.benchmark import Operation, Workload
    from tailgate.measure.protocol import Job, WorkerSpec

WARMUPS = 1
"""Passes that are replayed before those that count."""


class Task:
    """A prepared benchmark; passes before `start` go into `first_pass`, those after it into `rows`."""

    def __init__(self, spec: WorkerSpec, job: Job, workload: Workload) -> None:
        self.spec = spec
        self.job = job
        self.workload = workload
        self.inputs = Fresh(workload.inputs, workload.fresh) if workload.fresh else workload.inputs
        self.driver = Driver(workload, job.injection)
        self.operation: Operation | None = None
        self.first_pass = array("q")
        self.rows: list[array[int]] = []
        self.edges: list[list[int]] = []
        self.stage_durations: list[tuple[int, ...]] = []
        self.operations = 0
        self.counted: dict[str, int] = {}
        self.digest = ""
        self.observer: Observer | None = None
        self._row = self.first_pass
        self._pass = -1
        self._own_collections = 0

    def start(self, operations: int, passes: int) -> None:
        """Make room for so many passes and one to warm up."""
        self.operations = operations
        self.rows = [blank_row(operations) for _ in range(WARMUPS + passes)]
        self.edges = [[] for _ in self.rows]
        self.observer = Observer(self.spec.observe, self.spec.cpu) if self.spec.observe else None

    def begin(self) -> None:
        """Build fresh state for the next pass."""
        if self.rows:
            self._pass += 1
            self._row = self.rows[self._pass]
        else:
            self._row = self.first_pass = blank_row(len(self.workload.inputs))
        if self._pass == WARMUPS:
            self.stage_durations.clear()
            self.counted = self._counters()
        operation = self.driver.begin()
        self._collect()
        if self.job.gc == "frozen":
            gc.freeze()
            gc.disable()
        elif self.job.gc == "pauses":
            gc.disable()
        self.operation = operation
        if self.observer is not None:
            self.observer.begin(self.operations, kept=self._pass >= WARMUPS)

    def segment(self, start: int, stop: int) -> int:
        """Replay operations [start, stop) and return the ns they took, the harness among them."""
        operation, inputs = self.operation, self.inputs
        if operation is None:
            raise TailgateError("the coordinator sent a segment outside a pass")
        began = clock_ns()
        if self.workload.stages:
            replay_stages(operation, inputs, self._row, start, stop, clock_ns, self.stage_durations.append)
        elif self.observer is not None:
            self.observer.replay(self.driver.plain(operation), inputs, self._row, start, stop)
        else:
            self.driver.replay(operation, inputs, self._row, start, stop, clock_ns)
        took_ns = clock_ns() - began
        if start and self.rows:  # a pass begins cold every time, in the raw tail and in the reproducible one
            self.edges[self._pass].append(start)
        if self.job.gc == "pauses":  # the turn is over and nobody waits, as where no message is due
            self._collect()
        return took_ns

    def end(self) -> None:
        """Release the state of a pass; after the last one, see what happened during those that count."""
        operation, self.operation = self.operation, None
        if self.job.gc == "frozen":
            gc.enable()
            gc.unfreeze()
            self._collect()
            gc.freeze()
        elif self.job.gc == "pauses":
            gc.enable()
        if operation is not None:
            self.driver.finish(operation)
        if self.observer is not None:
            self.observer.end()
        if self.rows and self._pass == len(self.rows) - 1:
            after = self._counters()
            self.counted = {key: after[key] - self.counted[key] for key in after}

    def drop(self) -> None:
        """Release everything, in the middle of a pass too."""
        if self.operation is not None:
            self.end()
        self.rows, self.edges, self.stage_durations, self.first_pass = [], [], [], array("q")

    def _collect(self) -> None:
        """Collect between passes; such a collection is the harness's and is not counted."""
        gc.collect()
        self._own_collections += 1

    def _counters(self) -> dict[str, int]:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return {
            schema.COLLECTIONS: sum(each["collections"] for each in gc.get_stats()) - self._own_collections,
            schema.SWITCHES: usage.ru_nivcsw,
            schema.FAULTS: usage.ru_minflt + usage.ru_majflt,
        }

    def check(self, stop: int) -> dict[str, str]:
        """Replay [0, stop) untimed: the digest of the answers, and where the subject was imported from if wrongly."""
        operation = self.driver.begin()
        watch = Watch(self.inputs, stop)
        if self.workload.stages:
            self.digest, marks = "not compared", array("I")
        else:
            self.digest, marks = check(self.driver.plain(operation), self.inputs, stop, self.workload.answer)
        watch.refuse_changes()
        self.driver.finish(operation)
        Path(f"{self.job.samples}.answers").write_bytes(marks.tobytes())
        loaded = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
        stray = misplaced([file for file in loaded if file], self.spec.roots, self.spec.replaced)
        return {"digest": self.digest, "misplaced": stray}

    def explain(self, index: int) -> dict[str, str]:
        """Replay [0, index] untimed: input and answer of that operation, as text."""
        operation = self.driver.begin()
        call = self.driver.plain(operation)
        for item in self.inputs[:index]:
            call(item)
        item = self.inputs[index]
        answer = call(item)
        self.driver.finish(operation)
        return {"input": repr(item)[:200], "answer": repr(answer)[:200]}
