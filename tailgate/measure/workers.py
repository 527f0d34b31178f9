"""The worker processes of a block: started together, given one job at a time, never left running."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tailgate.machine.cpulist import parse_cpus
from tailgate.measure.protocol import LEAVES, Command, GoneError, HungError, Job, Reply, Status, WorkerSpec
from tailgate.measure.sides import BrokenSideError, Process, Side, SideError

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tailgate.measure.lockstep import Contest, Plan

_PREPARATION_S: Final = 120.0
"""A tape may have to be generated first, so a start is given at least this long."""
_T = TypeVar("_T")


class LostProcessError(SideError):
    """A process that died or fell silent: what else it carried has to be measured by another one."""


class HungSideError(LostProcessError):
    """A process that fell silent for as long as it was given: an operation may simply take longer."""


@dataclass(slots=True)
class Worker:
    """A started process, and what it said of itself."""

    process: Process
    spec: WorkerSpec
    members: list[Member]
    started: float = 0.0  # by time.monotonic
    ready: Mapping[str, Any] = field(default_factory=dict)
    useless: bool = False  # it failed as a whole, and leaves

    def fail(self, error: SideError) -> None:
        """Let all sides of a process fail that cannot serve any of them."""
        for member in self.members:
            member.failure = member.failure or error


@dataclass(slots=True)
class Member:
    """One side of a contest: a job of a worker. `failure`: why it could not be prepared; the others go on."""

    contest: str
    side: Side
    number: int
    worker: Worker = field(init=False, repr=False)
    prepared: Mapping[str, Any] = field(default_factory=dict)
    unavailable: str = ""
    failure: SideError | None = None
    digest: str = ""
    busy_ns: int = 0

    @property
    def job(self) -> Job:
        """Return what its worker got of it."""
        return self.worker.spec.jobs[self.number]

    @property
    def operations(self) -> int:
        """Return how many its tape has."""
        return int(self.prepared["operations"])


class Workers:
    """All processes of one block: sides with one `process` name share one, every other side has its own."""

    def __init__(self, contests: Sequence[Contest], rng: random.Random, folder: Path) -> None:
        self.plan: Plan = contests[0].plan
        self.rng = rng
        self.folder = folder
        self.workers: list[Worker] = []
        self._shared: dict[str, list[Member]] = {}
        self._contests = {contest.name: contest for contest in contests}
        for contest in contests:
            for number, side in enumerate(contest.sides):
                members = self._shared.setdefault(side.process or f"{contest.name}\n{number}", [])
                members.append(Member(contest.name, side, len(members)))

    def start(self) -> None:
        """Start all processes in random order, let them prepare side by side, and wait until each is ready.

        They prepare on the coordinator's CPUs and on the one that is measured on later, which nobody uses yet.
        """
        with self.plan.timing.phase("start"), _running_on(_start_cpus(self.plan)):
            for number, members in self.rng.sample(list(enumerate(self._shared.values())), len(self._shared)):
                self._start(number, members)
            for worker in self.workers:
                self._brief(worker)
        with self.plan.timing.phase("prepare"):
            for worker in self.workers:
                self._hear_of_jobs(worker)
            for worker in self.workers if not self.lost() else ():
                if any(member.prepared and not member.failure for member in worker.members):
                    self._make_ready(worker)

    def lost(self) -> dict[str, SideError]:
        """Return the contests whose benchmark took its process along while it was prepared, with what happened."""
        everybody = (member for worker in self.workers for member in worker.members)
        return {m.contest: m.failure for m in everybody if isinstance(m.failure, LostProcessError)}

    def of(self, contest: Contest) -> list[Member]:
        """Return the sides of a contest, in its order; raise what kept one of them from starting."""
        members = [m for worker in self.workers for m in worker.members if m.contest == contest.name]
        for failure in (member.failure for member in members if member.failure):
            raise failure
        order = {id(side): n for n, side in enumerate(contest.sides)}
        return sorted(members, key=lambda member: order[id(member.side)])

    def _start(self, number: int, members: list[Member]) -> None:
        side, plan = members[0].side, self.plan
        began = time.monotonic()
        process = Process(side, plan.root, self.folder / f"{number}.stderr", plan.env)
        spec = WorkerSpec(
            module=side.module or plan.module,
            settings=dict(plan.settings),
            cpu=plan.cpu,
            jobs=tuple(self._job(member, f"{number}-{member.number}") for member in members),
            discard=plan.discard,
            gauge=plan.gauge,
            roots=tuple(map(str, side.roots)),
            replaced=tuple(map(str, side.replaced)),
            observe=plan.observe,
        )
        worker = Worker(process, spec, members, began)
        self.workers.append(worker)
        for member in members:
            member.worker = worker
        if plan.seat is not None:
            plan.seat(process.pid)

    def _job(self, member: Member, name: str) -> Job:
        side, plan = member.side, self._contests[member.contest].plan
        record = str(self.folder / f"{name}.json") if plan.record else ""
        samples = str(self.folder / f"{name}.samples")
        return Job(side.benchmark, samples, record, side.gc, side.injection, plan.batch)

    def _brief(self, worker: Worker) -> None:
        """Tell a worker what it needs to prepare all of its jobs; its replies, and its death, are heard later."""
        first = worker.members[0]
        with contextlib.suppress(LostProcessError):
            self._guard(first, lambda m: m.worker.process.end.send_spec(m.worker.spec), "while starting")
            for member in worker.members:
                self._send(member, Command.PREPARE, doing="while starting")

    def _hear_of_jobs(self, worker: Worker) -> None:
        for member in worker.members:
            try:
                reply = self.reply(member, "while it prepared the benchmark", at_least_s=_PREPARATION_S)
            except LostProcessError as error:
                member.failure = error
                return
            except SideError as error:
                if worker.useless:
                    worker.fail(error)
                    return
                member.failure = error
            else:
                if reply.status is Status.UNAVAILABLE:
                    member.unavailable = reply.json()
                else:
                    facts = reply.json()
                    self._note(member, facts.pop("spent"))
                    member.prepared = facts

    def _note(self, member: Member, spent: Mapping[str, float]) -> None:
        """Note what a process took for its start, its imports and this tape; processes do so side by side."""
        part = self.plan.timing.part
        if member.number == 0:  # the clock is the system's, so it is the same in every process
            part("starts, in all processes", max(0.0, spent["began"] - member.worker.started))
        part("imports of the suite, in all processes", spent["import_s"])
        part("tapes, in all processes", spent["prepare_s"])

    def _make_ready(self, worker: Worker) -> None:
        try:
            worker.ready = self.call(worker.members[0], Command.READY, doing="while getting ready").json()
        except SideError as error:
            worker.fail(error)

    def call(self, member: Member, command: Command, a: int = 0, b: int = 0, *, doing: str) -> Reply:
        """Send a command about a member's job and wait for the reply; SideError where it failed."""
        self._send(member, command, a, b, doing=doing)
        return self.reply(member, doing)

    def call_all(self, members: Sequence[Member], command: Command, a: int = 0, b: int = 0, *, doing: str) -> None:
        """Send a command to several processes before any reply is waited for; the first failure is raised at the end.

        A process that is lost ends it at once: nothing is asked of the others any more.
        """
        for member in members:
            self._send(member, command, a, b, doing=doing)
        failures: list[SideError] = []
        for member in members:
            try:
                self.reply(member, doing)
            except LostProcessError:
                raise
            except SideError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def _send(self, member: Member, command: Command, a: int = 0, b: int = 0, *, doing: str) -> None:
        self._guard(member, lambda m: m.worker.process.end.send(command, m.number, a, b), doing)

    def reply(self, member: Member, doing: str, *, at_least_s: float = 0.0) -> Reply:
        """Wait for a reply; SideError where it says that the job failed."""
        limit_s = max(self.plan.hang_s, at_least_s)
        reply = self._guard(member, lambda m: m.worker.process.end.receive(limit_s), doing, limit_s)
        member.worker.useless = reply.value == LEAVES
        if reply.status in {Status.FAILED, Status.RAISED, Status.HINDERED}:
            kind, said = SideError if reply.status is Status.HINDERED else BrokenSideError, reply.json()
            what = "" if reply.status is Status.RAISED else f" failed {doing}"
            error = kind(f"side {member.side.name!r}{what}: {said}", hint=member.worker.process.lacks(said))
            error.side = member.side.name
            raise error
        return reply

    def _guard(self, member: Member, act: Callable[[Member], _T], doing: str, limit_s: float = 0.0) -> _T:
        name, worker = member.side.name, member.worker
        try:
            return act(member)
        except GoneError:
            why = f"side {name!r} died {doing}: it {worker.process.cause_of_death()}"
        except HungError:
            hung = HungSideError(f"side {name!r} gave no sign for {limit_s:g} s {doing}")
            hung.side = name
            raise hung from None
        lost = LostProcessError(why)
        lost.side = name
        raise lost

    def quit(self) -> None:
        """Let every process leave in order; one that dies or falls silent there has told all that it measured."""
        for worker in self.workers:
            if not worker.useless:
                with contextlib.suppress(LostProcessError):
                    self._send(worker.members[0], Command.QUIT, doing="while leaving")
        for worker in self.workers:
            if not worker.useless:
                with contextlib.suppress(LostProcessError):
                    self.reply(worker.members[0], "while leaving", at_least_s=_PREPARATION_S)

    def stop(self) -> None:
        """End every process that is still there."""
        for worker in self.workers:
            worker.process.stop()


def _start_cpus(plan: Plan) -> frozenset[int]:
    """Return where processes may prepare: as near to their memory as they will be measured, on machines with nodes."""
    if plan.cpu is None or not plan.coordinator_cpus:
        return frozenset()
    near = {
        cpu
        for listing in Path(f"/sys/devices/system/cpu/cpu{plan.cpu}").glob("node*/cpulist")
        for cpu in parse_cpus(listing.read_text(encoding="ascii"))
    }
    every = plan.coordinator_cpus | {plan.cpu}
    return frozenset(every & near or every)


@contextlib.contextmanager
def _running_on(cpus: frozenset[int]) -> Iterator[None]:
    """Let this process, and with it what it starts, run on these CPUs meanwhile; a cpuset may forbid it."""
    if not cpus or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, before)
