"""Lockstep: the processes of a block share one CPU and replay the same segment of the tape in turn.

Whatever the machine does at a scale above a few milliseconds hits every side alike and cancels in the ratio. The
order of the sides is random per segment, the edges of the segments move from pass to pass, and the order in which the
processes are started is random too (docs/lockstep.md has the measurements behind each of these).

A block holds one contest or many. Their processes are started once and carry a benchmark of each; the contests are run
one after the other, in random order.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tailgate.errors import TailgateError
from tailgate.machine.place import threads_on
from tailgate.measure.observed import load_observed
from tailgate.measure.protocol import Command
from tailgate.measure.sides import MisplacedSubjectError, Side, SideError, UnavailableSideError, UnequalError
from tailgate.measure.task import WARMUPS
from tailgate.measure.timing import Timing
from tailgate.measure.workers import LostProcessError, Member, Workers
from tailgate.scratch import scratch

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

_FIRST_OPERATIONS: Final = 256
_ONCE_NS: Final = 1_000_000_000
_SEGMENT_PER_DISCARD: Final = 8


class OverError(TailgateError):
    """The time for a round of contests ended before this one was begun."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a block is run.

    operations: how many of the tape are measured (None: all), but no more than fit `process_budget_s` of one process.
    segment_ns: how long a turn of the slowest side lasts. discard: operations after a switch that are kept out.
    cold: take a cold pass, which also finds the operations that fit. check: hold the answers to be equal. record:
    write a pyperf run of every process. gauge: measure what clock and harness cost in every process.
    hang_s: how long a reply may take. cpu: where all sides run (None: unpinned).
    batch: so many operations are timed together; `operations` counts batches then. seat: lets a worker, by its pid,
    into the shield where that CPU is. env: what workers get beside their own small environment.
    """

    module: str
    root: Path
    settings: Mapping[str, Any]
    passes: int = 7
    operations: int | None = None
    process_budget_s: float = 20.0
    segment_ns: int = 4_000_000
    discard: int = 32
    cold: bool = True
    check: bool = True
    record: bool = False
    gauge: bool = True
    hang_s: float = 120.0
    cpu: int | None = None
    coordinator_cpus: frozenset[int] = frozenset()
    seat: Callable[[int], None] | None = None
    observe: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    batch: int = 1
    timing: Timing = field(default_factory=Timing, compare=False)


@dataclass(frozen=True, slots=True)
class SideRecord:
    """What one process measured: samples in ns, shape (passes, operations), and its pyperf run as JSON, or nothing."""

    side: Side
    samples: NDArray[np.int64]
    counted: NDArray[np.bool_]  # which samples count: not those just after a switch
    digest: str
    pyperf_json: str
    observed: Mapping[str, Any]
    ready: Mapping[str, Any] = field(default_factory=dict)  # what the worker said of itself before it began

    def raw(self) -> NDArray[np.int64]:
        """Return all samples that count, in no useful order."""
        return self.samples[self.counted]

    def reproducible(self) -> NDArray[np.int64]:
        """Return the least duration of each operation over the passes."""
        least: NDArray[np.int64] = self.samples.min(axis=0)
        return least


@dataclass(frozen=True, slots=True)
class Block:
    """One process of each side, run in lockstep."""

    records: tuple[SideRecord, ...]
    operations: int
    unavailable: Mapping[str, str]
    unequal: Mapping[str, str] = field(default_factory=dict)  # sides that may differ, and where they first do
    gil: Mapping[str, str] = field(default_factory=dict)  # sides of a free-threaded build whose GIL was turned on

    def __getitem__(self, name: str) -> SideRecord:
        """Return the record of a side by its name."""
        return next(record for record in self.records if record.side.name == name)


@dataclass(frozen=True, slots=True)
class Contest:
    """Sides that are held in lockstep with each other; the plans of a block differ in what is no matter of processes.

    That is: passes, operations, batch, process_budget_s, segment_ns, cold, check, record.
    """

    name: str
    sides: tuple[Side, ...]
    plan: Plan


def again(plan: Plan, operations: int) -> Plan:
    """Return the plan of a block that repeats an earlier one: it fits, and its answers are known to be equal."""
    more = replace(plan, operations=operations, process_budget_s=float("inf"))
    return replace(more, cold=False, check=False, gauge=False)


def run_block(sides: Sequence[Side], plan: Plan, rng: random.Random) -> Block:
    """Run one process of each side in lockstep; SideError ends it, and then no process is left running.

    A side that cannot run here is left out and named in `unavailable`.
    """
    found: list[Block | TailgateError] = []
    run_contests((Contest("", tuple(sides), plan),), rng, lambda _, outcome: found.append(outcome))
    if isinstance(found[0], TailgateError):
        raise found[0]
    return found[0]


def run_contests(
    contests: Sequence[Contest],
    rng: random.Random,
    take: Callable[[str, Block | TailgateError], None],
    *,
    begins: Callable[[str], None] = lambda _: None,
    is_over: Callable[[], bool] = lambda: False,
) -> None:
    """Run one block of each contest; hand each with its name to `take` when it is over, and keep nothing.

    What fails in one contest is handed over as its error and costs the others nothing: where a process dies with the
    others' benchmarks in it, those are run by new processes. is_over: once it says so, no contest but the first is
    begun any more; each that is left gets an OverError.
    """
    waiting = list(contests)
    while waiting:
        waiting = _run_once(waiting, rng, take, begins, is_over)
        if waiting and is_over():
            for contest in waiting:
                take(contest.name, OverError("the budget of time ended before its turn came"))
            return


def _run_once(
    contests: list[Contest],
    rng: random.Random,
    take: Callable[[str, Block | TailgateError], None],
    begins: Callable[[str], None],
    is_over: Callable[[], bool],
) -> list[Contest]:
    """Start all processes and run the contests until one is lost with its process; return those still to be run."""
    plan = contests[0].plan
    with scratch() as folder, threads_on(plan.coordinator_cpus):
        workers = Workers(contests, rng, folder)
        try:
            workers.start()
            for name, error in (lost_ones := workers.lost()).items():
                take(name, error)
            if lost_ones:
                return [contest for contest in contests if contest.name not in lost_ones]
            waiting = rng.sample(contests, len(contests))
            while waiting:
                if len(waiting) < len(contests) and is_over():
                    break
                contest = waiting.pop()
                begins(contest.name)
                lost = False
                try:
                    outcome: Block | TailgateError = _Run(contest, workers, rng).run()
                except TailgateError as error:
                    outcome, lost = error, isinstance(error, LostProcessError)
                take(contest.name, outcome)
                if lost:
                    return waiting
            with plan.timing.phase("leave"):
                workers.quit()
            return waiting
        finally:
            workers.stop()


class _Run:
    """One contest: the turns of its sides, pass by pass."""

    def __init__(self, contest: Contest, workers: Workers, rng: random.Random) -> None:
        self.plan = contest.plan
        self.phase = contest.plan.timing.phase
        self.rng = rng
        self.workers = workers
        self.call = workers.call
        everybody = workers.of(contest)
        self.members = [member for member in everybody if not member.unavailable]
        self.unequal: dict[str, str] = {}
        self.unavailable = {member.side.name: member.unavailable for member in everybody if member.unavailable}
        if not self.members:
            reasons = "; ".join(f"{name}: {why}" for name, why in self.unavailable.items())
            raise UnavailableSideError(f"no side can run here: {reasons}")
        self.repeats = all(member.prepared.get("repeats") for member in self.members)

    def run(self) -> Block:
        """Take the cold pass, check that the work is equal, then measure; release what was prepared for a pass."""
        try:
            return self._run()
        except LostProcessError:
            raise
        except TailgateError:
            for member in self.members:
                self.call(member, Command.DROP, doing="while giving up")
            raise

    def _run(self) -> Block:
        operations = self._tape()
        if self.plan.cold:
            with self.phase("cold pass"):
                operations = self._cold_pass(operations)
        if self.plan.check:
            with self.phase("check"):
                self._check(operations)
        self._all(Command.START, operations, self.plan.passes, doing="while starting to measure")
        segment = self._segment(operations) if self.plan.cold else 0
        for number in range(WARMUPS + self.plan.passes):
            for member in self.members if number < WARMUPS else ():
                member.busy_ns = 0  # what was known before were colder operations
            with self.phase("passes" if number >= WARMUPS else "warm-up"):
                segment = self._pass(operations, segment)
            if number < WARMUPS:
                segment = self._segment(operations)
        with self.phase("keep"):
            records = tuple(self._record(member, operations) for member in self.members)
        gil = {
            member.side.name: member.worker.process.gil_turned_on_by()
            for member in self.members
            if member.worker.ready["free_threaded"] and member.worker.ready["gil"] == "on"
        }
        return Block(records, operations, self.unavailable, self.unequal, gil)

    def _tape(self) -> int:
        """Return how many operations of the tape are asked for; SideError where the sides' tapes differ."""
        lengths = {member.operations for member in self.members}
        if len(lengths) > 1:
            told = ", ".join(f"{m.side.name}: {m.operations}" for m in self.members)
            raise SideError(f"the sides have tapes of different lengths ({told}); they cannot be compared")
        whole = lengths.pop()
        if whole < 1:
            raise SideError("the tape has no operations")
        return min(self.plan.operations or whole, whole)

    def _cold_pass(self, whole: int) -> int:
        """Replay the first pass, until the tape or the budget of time ends; return the operations that fit."""
        share_ns = self.plan.process_budget_s * 1e9 / (self.plan.passes + 3)
        self._all(Command.BEGIN, doing="while building fresh state")
        stop, step, once_ns, busy_ns = 0, 1, 0, 0  # one operation first: it may take a second
        while stop < whole and busy_ns - once_ns <= share_ns:
            start, stop = stop, min(whole, stop + step)
            self._take_turns(start, stop)
            busy_ns = max(member.busy_ns for member in self.members)
            once_ns = once_ns or min(busy_ns, _ONCE_NS)  # what a first call does, no later one does
            step = 1 if start == 0 and busy_ns > share_ns else min(4 * step, _FIRST_OPERATIONS)
        if busy_ns - once_ns > share_ns and 1 < stop < _FIRST_OPERATIONS:
            stop = max(1, min(stop, int(share_ns * (stop - 1) / max(busy_ns - once_ns, 1))))
        self._all(Command.END, stop, doing="after the first pass")
        return stop

    def _segment(self, operations: int) -> int:
        """Return the operations per segment that keep the slowest side busy for the planned time."""
        slowest_ns = max(member.busy_ns for member in self.members) / operations
        least = _SEGMENT_PER_DISCARD * self.plan.discard  # else most of a slow side's samples would be kept out
        return max(1, min(operations, max(least, int(self.plan.segment_ns / max(slowest_ns, 1.0)))))

    def _pass(self, operations: int, segment: int) -> int:
        """Replay one pass; return the segment, found in the first one where it was not known."""
        self._all(Command.BEGIN, doing="while building fresh state")
        # The edges move: no operation is always the first of its turn.
        start, stop = 0, 1 + self.rng.randrange(segment or _FIRST_OPERATIONS)
        if segment == operations and self.repeats:  # all operations are the same one: a single turn tells no less
            stop = operations
        while start < operations:
            stop = min(stop, operations)
            self._take_turns(start, stop)
            segment = segment or self._segment(stop)
            start, stop = stop, stop + segment
        self._all(Command.END, operations, doing="after a pass")
        return segment

    def _all(self, command: Command, a: int = 0, b: int = 0, *, doing: str) -> None:
        """Give every side what is not timed, in random order, and hear them all, also where one has failed."""
        self.workers.call_all(self.rng.sample(self.members, len(self.members)), command, a, b, doing=doing)

    def _take_turns(self, start: int, stop: int) -> None:
        doing = f"in operations {start} to {stop - 1}"
        clock, began, busy_ns = self.plan.timing.clock, self.plan.timing.clock(), 0
        for member in self.rng.sample(self.members, len(self.members)):
            took_ns = self.call(member, Command.SEGMENT, start, stop, doing=doing).value
            member.busy_ns += took_ns
            busy_ns += took_ns
        self.plan.timing.part("segments, the harness among them", busy_ns * 1e-9)
        self.plan.timing.part("hand-overs", max(0.0, clock() - began - busy_ns * 1e-9))

    def _check(self, operations: int) -> None:
        for member in self.members:
            found = self.call(member, Command.CHECK, operations, doing="while checking its answers").json()
            if found["misplaced"]:
                raise MisplacedSubjectError(
                    f"side {member.side.name!r} is not its revision: {found['misplaced']}",
                    hint="[tool.tailgate] subject: what the benchmarks import from the project's folder or its src/",
                )
            member.digest = found["digest"]
        first = self.members[0]
        split = {bool(member.prepared["stages"]): member.side.name for member in self.members}
        if len(split) > 1:
            raise SideError(
                f"{split[True]!r} is split by stage and gives no answers, {split[False]!r} gives answers: "
                "they cannot be compared",
                hint="declare what is split under an axis of its own, as in path/name[split=stages]",
            )
        for member in self.members[1:]:
            if member.digest != first.digest:
                told = self._difference(first, member)
                if not member.side.may_differ:
                    names = f"{first.side.name!r} and {member.side.name!r}"
                    raise UnequalError(f"{names} do not do equal work: {told}", hint=_way_out(first.side, member.side))
                self.unequal[member.side.name] = told

    def _difference(self, one: Member, other: Member) -> str:
        """Name the first operation in which two sides differ, and both answers."""
        marks = [array("I", Path(f"{m.job.samples}.answers").read_bytes()) for m in (one, other)]
        index = next((i for i, (a, b) in enumerate(zip(*marks, strict=True)) if a != b), None)
        if index is None:
            return f"their answers differ ({one.digest}, {other.digest})"
        told = [
            self.call(m, Command.EXPLAIN, index, doing=f"while explaining operation {index}").json()
            for m in (one, other)
        ]
        return (
            f"operation {index} is the first that differs\n"
            f"  input: {told[0]['input']}\n"
            f"  {one.side.name}: {told[0]['answer']}\n  {other.side.name}: {told[1]['answer']}"
        )

    def _record(self, member: Member, operations: int) -> SideRecord:
        """Let a worker write what it measured, read it, and let the worker forget it."""
        self.call(member, Command.KEEP, doing="while it wrote its record")
        job = member.job
        samples = np.fromfile(job.samples, dtype=np.int64).reshape(-1, operations)
        self.plan.timing.part("samples", float(samples.sum()) * 1e-9)
        counted = np.ones(samples.shape, dtype=np.bool_)
        for row, line in enumerate(Path(f"{job.samples}.edges").read_text().splitlines()):
            for edge in map(int, line.split()):
                counted[row, edge : edge + self.plan.discard] = False
        observed = load_observed(job.samples, operations) if self.plan.observe else {}
        run = Path(job.record).read_text() if job.record else ""
        ready = {**member.worker.ready, **member.prepared}
        self.call(member, Command.DROP, doing="while forgetting its samples")
        return SideRecord(member.side, samples, counted, member.digest, run, observed, ready)


def _way_out(one: Side, other: Side) -> str:
    if one.benchmark == other.benchmark:
        accepted = f'accept-answers = {{ "{one.benchmark}" = "the reason" }} in [tool.tailgate.gate]'
        return f"nothing was compared; fix the answers first, or, where the change means them: {accepted}"
    return (
        "nothing was compared; fix the answers first: implementations of one path are held to equal answers, "
        "and what does other work has a path of its own"
    )
