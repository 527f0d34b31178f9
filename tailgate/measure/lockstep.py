"""Lockstep: the processes of a block share one CPU and replay the same segment of the tape in turn.

Whatever the machine does at a scale above a few milliseconds hits every side alike and cancels in the ratio. The
order of the sides is random per segment, the edges of the segments move from pass to pass, and the order in which the
processes are started is random too (docs/lockstep.md has the measurements behind each of these).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from tailgate.measure.observed import load_observed
from tailgate.measure.protocol import Command, GoneError, HungError, Reply, Status, WorkerSpec
from tailgate.measure.sides import (
    BrokenSideError,
    MisplacedSubjectError,
    Process,
    Side,
    SideError,
    UnavailableSideError,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

_SCOUT_OPERATIONS: Final = 256
_SEGMENT_PER_SETTLE: Final = 8
_PREPARATION_S: Final = 120.0
"""A tape may have to be generated first, so a start is given at least this long."""
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Plan:
    """How a block is run.

    operations: how many of the tape are measured (None: all), but no more than fit `process_budget_s` of one process.
    segment_ns: how long the slowest side holds the baton. settle: operations after a hand-over that are kept out.
    hang_s: how long a reply may take. cpu: where all sides run (None: unpinned).
    seat: lets a worker, by its pid, into the shield where that CPU is.
    """

    module: str
    root: Path
    settings: Mapping[str, Any]
    passes: int = 7
    operations: int | None = None
    process_budget_s: float = 20.0
    segment_ns: int = 4_000_000
    settle: int = 32
    hang_s: float = 120.0
    cpu: int | None = None
    coordinator_cpus: frozenset[int] = frozenset()
    seat: Callable[[int], None] | None = None
    observe: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SideRecord:
    """What one process measured: samples in ns, shape (passes, operations), and its pyperf run as JSON."""

    side: Side
    samples: NDArray[np.int64]
    counted: NDArray[np.bool_]  # which samples count: not those just after the baton changed hands
    digest: str
    pyperf_json: str
    observed: Mapping[str, Any]
    ready: Mapping[str, Any] = field(default_factory=dict)  # what the worker said of itself before it began

    def raw(self) -> NDArray[np.int64]:
        """Give all samples that count, in no useful order."""
        return self.samples[self.counted]

    def reproducible(self) -> NDArray[np.int64]:
        """Give the least duration of each operation over the passes."""
        least: NDArray[np.int64] = self.samples.min(axis=0)
        return least


@dataclass(frozen=True, slots=True)
class Block:
    """One process of each side, run in lockstep."""

    records: tuple[SideRecord, ...]
    operations: int
    unavailable: Mapping[str, str]
    gil: Mapping[str, str] = field(default_factory=dict)  # sides of a free-threaded build whose GIL was turned on

    def __getitem__(self, name: str) -> SideRecord:
        """Give the record of a side by its name."""
        return next(record for record in self.records if record.side.name == name)


def run_block(
    sides: Sequence[Side], plan: Plan, rng: random.Random, *, started: Callable[[str], None] = lambda _: None
) -> Block:
    """Run one process of each side in lockstep; SideError ends it, and then no process is left running.

    A side that cannot run here is left out and named in `unavailable`.
    """
    folder = Path(tempfile.mkdtemp(prefix="tailgate-"))
    before = _leave_cpu_to_workers(plan)
    crew = _Crew(plan, rng, folder)
    try:
        crew.start(sides)
        started(f"{len(crew.members)} processes ready")
        return crew.run()
    finally:
        crew.stop()
        shutil.rmtree(folder, ignore_errors=True)
        if before is not None:
            os.sched_setaffinity(0, before)


def _leave_cpu_to_workers(plan: Plan) -> set[int] | None:
    if not plan.coordinator_cpus or not hasattr(os, "sched_setaffinity"):
        return None
    before = os.sched_getaffinity(0)
    with contextlib.suppress(OSError):  # a cpuset may forbid it; then the coordinator stays where it is
        os.sched_setaffinity(0, plan.coordinator_cpus)
    return before


@dataclass(slots=True)
class _Member:
    process: Process
    spec: WorkerSpec
    operations: int = 0
    ready: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""
    busy_ns: int = 0


class _Crew:
    """The processes of one block and the baton between them."""

    def __init__(self, plan: Plan, rng: random.Random, folder: Path) -> None:
        self.plan = plan
        self.rng = rng
        self.folder = folder
        self.members: list[_Member] = []
        self.unavailable: dict[str, str] = {}
        self.gil: dict[str, str] = {}

    def start(self, sides: Sequence[Side]) -> None:
        """Start all processes in random order and wait until each is prepared."""
        starting = []
        for number, side in self.rng.sample(list(enumerate(sides)), len(sides)):
            process = Process(side, self.plan.root, self.folder / f"{number}.stderr")
            member = _Member(process, self._spec(side, number))
            self.members.append(member)
            if self.plan.seat is not None:
                self.plan.seat(process.pid)
            starting.append((number, member))
        for member in list(self.members):
            self._guard(member, lambda m: m.process.end.send_spec(m.spec), "while starting")
        for member in list(self.members):
            self._greet(member)
        order = {id(member): number for number, member in starting}
        self.members.sort(key=lambda member: order[id(member)])
        if not self.members:
            raise UnavailableSideError(
                "no side can run here: " + "; ".join(f"{name}: {why}" for name, why in self.unavailable.items())
            )

    def _spec(self, side: Side, number: int) -> WorkerSpec:
        return WorkerSpec(
            module=side.module or self.plan.module,
            benchmark=side.benchmark,
            settings=dict(self.plan.settings),
            cpu=self.plan.cpu,
            record=str(self.folder / f"{number}.json"),
            samples=str(self.folder / f"{number}.samples"),
            gc=side.gc,
            settle=self.plan.settle,
            injection=side.injection,
            roots=tuple(map(str, side.roots)),
            replaced=tuple(map(str, side.replaced)),
            observe=self.plan.observe,
        )

    def _greet(self, member: _Member) -> None:
        reply = self._reply(member, "while it prepared the benchmark", at_least_s=_PREPARATION_S)
        if reply.status is Status.UNAVAILABLE:
            self.unavailable[member.process.side.name] = reply.json()
            member.process.stop()
            self.members.remove(member)
            return
        member.ready = reply.json()
        member.operations = member.ready["operations"]
        if member.ready["free_threaded"] and member.ready["gil"] == "on":
            self.gil[member.process.side.name] = member.process.gil_turned_on_by()

    def run(self) -> Block:
        """Take the cold pass, check that the work is equal, then measure."""
        lengths = {member.operations for member in self.members}
        if len(lengths) > 1:
            told = ", ".join(f"{m.process.side.name}: {m.operations}" for m in self.members)
            raise SideError(f"the sides have tapes of different lengths ({told}); they cannot be compared")
        whole = min(self.plan.operations or lengths.copy().pop(), lengths.pop())
        if whole < 1:
            raise SideError("the tape has no operations")
        operations = self._cold_pass(whole)
        self._check(operations)
        segment = self._segment(operations)
        for member in self.members:
            self._call(member, Command.START, operations, self.plan.passes, doing="while starting to measure")
        for _ in range(1 + self.plan.passes):
            self._pass(operations, segment)
        for member in self.members:
            self._reply(member, "while it wrote its record")
        for member in self.members:
            self._call(member, Command.QUIT, doing="while leaving")
        records = tuple(self._record(member, operations) for member in self.members)
        return Block(records, operations, self.unavailable, self.gil)

    def _cold_pass(self, whole: int) -> int:
        """Replay the first pass, until the tape or the budget of time ends; give the operations that fit."""
        share_ns = self.plan.process_budget_s * 1e9 / (self.plan.passes + 3)
        for member in self.members:
            self._call(member, Command.BEGIN, doing="while building fresh state")
        stop = 0
        while stop < whole:
            start, stop = stop, min(whole, stop + _SCOUT_OPERATIONS)
            self._hand_round(start, stop)
            if max(member.busy_ns for member in self.members) > share_ns:
                break
        for member in self.members:
            self._call(member, Command.END, stop, doing="after the first pass")
        return stop

    def _segment(self, operations: int) -> int:
        """Give the operations per segment that keep the slowest side busy for the planned time."""
        slowest_ns = max(member.busy_ns for member in self.members) / operations
        least = _SEGMENT_PER_SETTLE * self.plan.settle  # else most of a slow side's samples would be kept out
        return max(1, min(operations, max(least, int(self.plan.segment_ns / max(slowest_ns, 1.0)))))

    def _pass(self, operations: int, segment: int) -> None:
        for member in self.rng.sample(self.members, len(self.members)):
            self._call(member, Command.BEGIN, doing="while building fresh state")
        start, stop = 0, 1 + self.rng.randrange(segment)  # the edges move, so no operation is always the first
        while start < operations:
            stop = min(stop, operations)
            self._hand_round(start, stop)
            start, stop = stop, stop + segment
        for member in self.members:
            self._call(member, Command.END, operations, doing="after a pass")

    def _hand_round(self, start: int, stop: int) -> None:
        for member in self.rng.sample(self.members, len(self.members)):
            reply = self._call(member, Command.SEGMENT, start, stop, doing=f"in operations {start} to {stop - 1}")
            member.busy_ns += reply.value

    def _check(self, operations: int) -> None:
        for member in self.members:
            reply = self._call(member, Command.CHECK, operations, doing="while checking its answers")
            found = reply.json()
            if found["misplaced"]:
                raise MisplacedSubjectError(
                    f"side {member.process.side.name!r} is not its revision: {found['misplaced']}",
                    hint="[tool.tailgate] subject: what the benchmarks import from the project's folder or its src/",
                )
            member.digest = found["digest"]
        first = self.members[0]
        split = {bool(member.ready["stages"]): member.process.side.name for member in self.members}
        if len(split) > 1:
            raise SideError(
                f"{split[True]!r} is split by stage and gives no answers, {split[False]!r} gives answers: "
                "they cannot be compared",
                hint="declare what is split under an axis of its own, as in path/name[split=stages]",
            )
        for member in self.members[1:]:
            if member.digest != first.digest:
                self._unequal(first, member)

    def _unequal(self, one: _Member, other: _Member) -> None:
        """Name the first operation in which two sides differ, and both answers."""
        marks = [array("I", Path(f"{m.spec.samples}.answers").read_bytes()) for m in (one, other)]
        index = next((i for i, (a, b) in enumerate(zip(*marks, strict=True)) if a != b), None)
        names = f"{one.process.side.name!r} and {other.process.side.name!r}"
        if index is None:
            raise SideError(f"{names} give different answers ({one.digest}, {other.digest})")
        told = [
            self._call(m, Command.EXPLAIN, index, doing=f"while explaining operation {index}").json()
            for m in (one, other)
        ]
        raise SideError(
            f"{names} do not do equal work: operation {index} is the first that differs\n"
            f"  input: {told[0]['input']}\n"
            f"  {one.process.side.name}: {told[0]['answer']}\n  {other.process.side.name}: {told[1]['answer']}",
            hint="nothing was compared; mend the answers first",
        )

    def _record(self, member: _Member, operations: int) -> SideRecord:
        samples = np.fromfile(member.spec.samples, dtype=np.int64).reshape(-1, operations)
        counted = np.ones(samples.shape, dtype=np.bool_)
        for row, line in enumerate(Path(f"{member.spec.samples}.edges").read_text().splitlines()):
            for edge in map(int, line.split()):
                counted[row, edge : edge + self.plan.settle] = False
        observed = load_observed(member.spec.samples, operations) if self.plan.observe else {}
        return SideRecord(
            member.process.side,
            samples,
            counted,
            member.digest,
            Path(member.spec.record).read_text(),
            observed,
            member.ready,
        )

    def _call(self, member: _Member, command: Command, a: int = 0, b: int = 0, *, doing: str) -> Reply:
        self._guard(member, lambda m: m.process.end.send(command, a, b), doing)
        return self._reply(member, doing)

    def _reply(self, member: _Member, doing: str, *, at_least_s: float = 0.0) -> Reply:
        limit_s = max(self.plan.hang_s, at_least_s)
        reply = self._guard(member, lambda m: m.process.end.receive(limit_s), doing, limit_s)
        if reply.status in {Status.FAILED, Status.HINDERED}:
            kind = BrokenSideError if reply.status is Status.FAILED else SideError
            raise kind(f"side {member.process.side.name!r} failed {doing}: {reply.json()}")
        return reply

    def _guard(self, member: _Member, act: Callable[[_Member], _T], doing: str, limit_s: float = 0.0) -> _T:
        name = member.process.side.name
        try:
            return act(member)
        except GoneError:
            raise SideError(f"side {name!r} died {doing}: it {member.process.cause_of_death()}") from None
        except HungError:
            raise SideError(f"side {name!r} gave no sign for {limit_s:g} s {doing}") from None

    def stop(self) -> None:
        """End every process that is still there."""
        for member in self.members:
            member.process.stop()
