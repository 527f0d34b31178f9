"""The measuring CPUs of a Dask cluster: one block at a time on each, and every block counted once.

Dask carries messages and tells who is there. Which worker runs which block is decided here, one block a worker: a task
that only asks for a resource may be queued behind another one while a CPU is free, and one whose workers are all gone
waits without a word. Both were seen; docs/fleet.md has them.
"""

from __future__ import annotations

import sys
import time
import uuid
from collections import Counter, deque
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Self

from tailgate.documents.fleet import FleetHost
from tailgate.errors import MissingToolError
from tailgate.fleet.errands import Assessed, Done, Errand, Lacking, Unable, assessed, carry_out, lacking, receive
from tailgate.fleet.hosts import differences, facts, plan_on, refusal, share_cpus, software
from tailgate.fleet.parcels import Parcel, pack, pieces
from tailgate.judge.blocks import BlockReport, CrewGoneError, Found, Spot, run_order
from tailgate.measure.sides import SideError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from tailgate.fleet.errands import Answer
    from tailgate.fleet.hosts import Facts
    from tailgate.fleet.parcels import Packed
    from tailgate.judge.blocks import BlockOrder
    from tailgate.machine.placement import CpuPlan
    from tailgate.measure.lockstep import Contest

RESOURCE: Final = "tailgate_cpu"
"""What a worker offers one of, for its measuring CPU."""

_PIECE: Final = 8 << 20
_PROBE_S: Final = 0.3
_POLL_S: Final = 0.5
MOST_ATTEMPTS: Final = 8
"""A block whose worker died so often is lost, and said to be: it may be the block that kills them."""


class NoWorkersError(CrewGoneError):
    """No worker of the cluster may measure."""


class SchedulerGoneError(CrewGoneError):
    """The scheduler does not answer any more."""


@dataclass(slots=True)
class Member:
    """A worker that measures."""

    address: str
    facts: Facts
    place: CpuPlan
    worth: Assessed


@dataclass(slots=True)
class _Host:
    """What is known of one host."""

    name: str
    told: tuple[str, ...] = ()
    blocks: int = 0
    verdict: str = ""
    reasons: tuple[str, ...] = ()
    cpus: set[int] = field(default_factory=set)
    left_out: str = ""


@dataclass(slots=True)
class _Flight:
    """A block on its way. number: unlike that of any other of this crew; it is what the block is counted by."""

    number: int
    order: BlockOrder
    address: str = ""
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class FleetRules:
    """What a fleet is asked for.

    refused: which differences of a host keep it out ("python", "libc", "packages"). unfit: take hosts that the doctor
    calls unfit as well. grace_s: how long to wait for a first worker; patience_s: for another one, when all are gone.
    """

    refused: tuple[str, ...] = ()
    unfit: bool = False
    grace_s: float = 5.0
    patience_s: float = 60.0


class Crew:
    """Runs blocks on the workers of a cluster that may measure."""

    def __init__(
        self,
        address: str,
        folder: Path,
        rules: FleetRules | None = None,
        *,
        say: Callable[[str], None] = lambda _: None,
        run: Callable[[BlockOrder, Spot], BlockReport] = run_order,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.address, self.rules, self._say, self._clock = address, rules or FleetRules(), say, clock
        self._folder = folder
        self._client = connect(address)
        self._members: dict[str, Member] = {}
        self._hosts: dict[str, _Host] = {}
        self._refused: dict[str, str] = {}
        self._packed: dict[str, Packed] = {}
        self._parcels: dict[tuple[Any, ...], tuple[Parcel, ...]] = {}
        self._run = uuid.uuid4().hex[:8]
        self._numbers, self._tries = count(), count()
        self._went: dict[str, str] = {}
        self._run_order = run
        self.lost: Counter[int] = Counter()
        """How often the worker of each block was lost."""
        self.again = 0
        """Results of blocks that had been counted already, and were not counted again."""

    def __enter__(self) -> Self:
        """Find the workers that may measure; NoWorkersError where there is none, with the way to start one."""
        try:
            self._gather()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the cluster as it is."""
        self.close()

    def close(self) -> None:
        """Leave the cluster; what is under way there is not waited for."""
        self._client.close(timeout=2)

    def __len__(self) -> int:
        """Return how many blocks run at a time now."""
        return max(len(self._members), 1)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Return the hosts that measure now, as the statistics name them."""
        return tuple(dict.fromkeys(each.facts.host for each in self._members.values()))

    def told(self) -> tuple[FleetHost, ...]:
        """Return each host with its fitness, as a document has it; those left out too."""
        return tuple(
            FleetHost(
                host.name,
                key,
                tuple(sorted(host.cpus)),
                host.blocks,
                host.verdict,
                host.reasons,
                host.told,
                host.left_out,
            )
            for key, host in self._hosts.items()
        )

    # Who is there.

    def _gather(self) -> None:
        """Wait for the first worker that may measure, for a few seconds."""
        began = self._clock()
        while not self._look():
            if self._refused or self._clock() - began > self.rules.grace_s:
                raise self._nobody()
            time.sleep(_POLL_S)

    def _offered(self) -> dict[str, dict[str, Any]]:
        """Return the workers of the cluster; SchedulerGoneError where nobody tells."""
        began = self._clock()
        while self._client.status != "running":
            if self._clock() - began > self.rules.grace_s:
                raise SchedulerGoneError(
                    f"the scheduler at {self.address} is gone",
                    hint="start it and its workers, and the same command again",
                )
            time.sleep(_POLL_S)
        try:
            # Not Client.scheduler_info: what it returns is overwritten now and then by the client's own periodic
            # question, which asks for no workers; then it seems that all are gone.
            asked = self._client.sync(self._client.scheduler.identity, n_workers=-1)
            found: dict[str, dict[str, Any]] = asked["workers"]
        except (OSError, TimeoutError) as error:
            raise SchedulerGoneError(
                f"the scheduler at {self.address} does not answer: {error}",
                hint="start it and its workers, and the same command again",
            ) from error
        return found

    def _look(self) -> bool:
        """Take note of who came and who went; tell whether anybody measures."""
        offered = self._offered()
        for address in [each for each in self._members if each not in offered]:
            gone = self._members.pop(address)
            self._went[address] = gone.facts.host
        for address in [each for each in self._refused if each not in offered]:
            del self._refused[address]
        fresh = [
            address
            for address, worker in offered.items()
            if RESOURCE in worker["resources"] and address not in self._members and address not in self._refused
        ]
        if fresh:
            self._admit(fresh, offered)
        return bool(self._members)

    def _ask(self, function: Callable[..., Any], *arguments: Any, workers: Sequence[str]) -> dict[str, Any]:
        """Call a function on workers; those that do not answer are left out of the answer."""
        try:
            answers = self._client.run(function, *arguments, workers=list(workers), on_error="return")
        except (OSError, TimeoutError, ValueError):  # a worker went meanwhile: the next look tells
            return {}
        return {address: each for address, each in answers.items() if not isinstance(each, OSError)}

    def _admit(self, addresses: Sequence[str], offered: Mapping[str, Mapping[str, Any]]) -> None:
        """Let those workers measure whose hosts are like this one and fit, each on a CPU of its own."""
        found: dict[str, Facts] = {}
        for address, answer in self._ask(facts, workers=addresses).items():
            if isinstance(answer, BaseException):
                self._refuse(address, f"it cannot run tailgate: {answer}")
                continue
            host = self._hosts.setdefault(answer.host, _Host(answer.name))
            told = list(differences(software(), answer.software))
            host.told = tuple(each.told for each in told)
            if why := refusal(told, self.rules.refused):
                self._refuse(address, why, host)
            elif offered[address]["resources"][RESOURCE] != 1:
                self._refuse(address, f"it offers more than one {RESOURCE}, and measures on one CPU", host)
            else:
                found[address] = answer
        plans = self._places(found)
        for address in found.keys() - plans.keys():
            self._refuse(address, "no CPU of its host is left for it: others measure on all that it may run on")
        for address, answer in self._ask(assessed, plans, _PROBE_S, workers=list(plans)).items() if plans else ():
            host = self._hosts[found[address].host]
            if isinstance(answer, BaseException):
                self._refuse(address, f"it cannot be assessed: {answer}", host)
                continue
            host.verdict, host.reasons = answer.verdict, answer.reasons
            if answer.verdict == "unfit" and not self.rules.unfit:
                self._refuse(address, f"unfit: {'; '.join(answer.reasons)}", host)
                continue
            host.left_out = ""
            host.cpus.add(plans[address].worker_cpu)
            self._members[address] = Member(address, found[address], plans[address], answer)

    def _places(self, found: Mapping[str, Facts]) -> dict[str, CpuPlan]:
        """Return where each new worker measures; those that measure keep their CPU."""
        plans: dict[str, CpuPlan] = {}
        for host in {each.host for each in found.values()}:
            taken = [each.place.worker_cpu for each in self._members.values() if each.facts.host == host]
            free = {
                address: tuple(cpu for cpu in each.cpus if cpu not in taken)
                for address, each in found.items()
                if each.host == host
            }
            given = share_cpus(free)
            taken += given.values()
            plans |= {address: plan_on(cpu, found[address].cpus, taken) for address, cpu in given.items()}
        return plans

    def _refuse(self, address: str, why: str, host: _Host | None = None) -> None:
        self._refused[address] = why
        self._say(f"left out: {host.name if host else address}: {why}")
        if host is not None and not host.blocks:
            host.left_out = why

    def _nobody(self) -> NoWorkersError:
        start = f'dask worker {self.address} --nworkers 1 --nthreads 1 --resources "{RESOURCE}=1"'
        if self._refused:
            told = "; ".join(f"{address}: {why}" for address, why in self._refused.items())
            return NoWorkersError(
                f"no worker of {self.address} may measure: {told}", hint=f"mend it, or start: {start}"
            )
        try:
            others = len(self._offered())
        except SchedulerGoneError:
            others = 0
        there = f"none of its {others} workers offers {RESOURCE}" if others else "it has no worker"
        return NoWorkersError(f"nobody measures at {self.address}: {there}", hint=f"on each host: {start}")

    # What they run.

    def run(self, orders: Sequence[BlockOrder]) -> list[BlockReport]:
        """Run blocks, each once, and return their reports in their order.

        CrewGoneError, where nobody runs them any more, has the reports of those that were whole by then.
        """
        numbers = [next(self._numbers) for _ in orders]
        done: dict[int, BlockReport] = {}
        flying: dict[Any, _Flight] = {}
        try:
            self._work(deque(map(_Flight, numbers, orders)), done, flying)
        except CrewGoneError as error:
            error.done = [done[number] for number in numbers if number in done]
            raise
        finally:
            for future in flying:
                future.cancel(force=True)
        return [done[number] for number in numbers]

    def _work(self, waiting: deque[_Flight], done: dict[int, BlockReport], flying: dict[Any, _Flight]) -> None:
        alone_since: float | None = None
        while waiting or flying:
            somebody = self._look()
            for future in [each for each, flight in flying.items() if flight.address not in self._members]:
                self._lose(flying.pop(future), waiting, done)
                future.cancel(force=True)
            if somebody:
                alone_since = None
            elif alone_since is None:
                alone_since = self._clock()
                self._say(f"nobody measures any more; waiting {self.rules.patience_s:g} s for a worker")
            elif self._clock() - alone_since > self.rules.patience_s:
                raise self._nobody()
            for member in self._idle(flying):
                if waiting:
                    flight = replace(waiting.popleft(), address=member.address)
                    flying[self._send(flight, member)] = flight
            for future in self._ended(flying):
                self._hear(future, flying.pop(future), waiting, done)

    def _idle(self, flying: Mapping[Any, _Flight]) -> list[Member]:
        busy = {flight.address for flight in flying.values()}
        idle = [each for each in self._members.values() if each.address not in busy]
        return sorted(idle, key=lambda each: self._hosts[each.facts.host].blocks)

    def _send(self, flight: _Flight, member: Member) -> Any:
        parcels = self._parcels_of(flight.order.contests)
        spot = Spot(member.place.worker_cpu, member.place.coordinator_cpus)
        errand = Errand(flight.number, flight.order, parcels, sys.executable, spot, self._run_order)
        return self._client.submit(
            carry_out,
            errand,
            key=f"tailgate-{self._run}-{flight.number}-{next(self._tries)}",
            pure=False,  # else a call that equals an earlier one is not run by Dask
            workers=[member.address],
            allow_other_workers=False,
            resources={RESOURCE: 1},
            retries=0,
        )

    def _ended(self, flying: Iterable[Any]) -> list[Any]:
        """Wait a moment for one to end; return those that have."""
        from distributed import wait  # noqa: PLC0415  an optional extra

        flying = list(flying)
        if not flying:
            time.sleep(_POLL_S)
            return []
        try:
            return list(wait(flying, timeout=_POLL_S, return_when="FIRST_COMPLETED").done)
        except TimeoutError:
            return []
        except Exception:  # noqa: BLE001  a future that was cancelled under way, by a scheduler that went
            return [each for each in flying if each.done()]

    def _hear(self, future: Any, flight: _Flight, waiting: deque[_Flight], done: dict[int, BlockReport]) -> None:
        """Take an answer: count the block once, send what is lacking, or let another worker run it."""
        from distributed import CancelledError, KilledWorker  # noqa: PLC0415  an optional extra

        try:
            answer: Answer = future.result(timeout=60)
        except (KilledWorker, CancelledError, TimeoutError, OSError):
            self._lose(flight, waiting, done)
            return
        member = self._members.get(flight.address)
        match answer:
            case Lacking(parcels=parcels):
                self._deliver(parcels, flight.address)
                waiting.appendleft(flight)
            case Unable(why=why):
                if member is not None:
                    self._refuse(flight.address, why, self._hosts[member.facts.host])
                    del self._members[flight.address]
                waiting.appendleft(flight)
            case Done(report=report):
                host = member.facts.host if member else self._went.get(flight.address, "")
                self._count(flight, replace(report, host=host), done)

    def _count(self, flight: _Flight, report: BlockReport, done: dict[int, BlockReport]) -> None:
        if flight.number in done:  # it was taken for lost, and run again
            self.again += 1
            return
        if report.host in self._hosts:
            self._hosts[report.host].blocks += 1
        done[flight.number] = report

    def _lose(self, flight: _Flight, waiting: deque[_Flight], done: dict[int, BlockReport]) -> None:
        """Let a block whose worker is gone be run again; after so many times it is lost, and says so."""
        self.lost[flight.number] += 1
        if flight.attempt + 1 < MOST_ATTEMPTS:
            waiting.appendleft(replace(flight, address="", attempt=flight.attempt + 1))
            return
        error = SideError(f"the worker of this block was lost {MOST_ATTEMPTS} times, on whichever host it ran")
        found = tuple(Found(each.name, error=error) for each in flight.order.contests)
        done[flight.number] = BlockReport(found, None, 0.0)

    # What travels.

    def _parcels_of(self, contests: Sequence[Contest]) -> tuple[Parcel, ...]:
        """Return what a block needs, packed at most once for the run: the files must not change meanwhile."""
        key = tuple(
            (each.plan.root, tuple(sorted(map(str, each.plan.settings.items()))), side.roots, tuple(side.env.items()))
            for each in contests
            for side in each.sides
        )
        if key not in self._parcels:
            packed = pack(contests, self._folder, self._packed)
            self._packed |= {each.parcel.origin: each for each in packed}
            self._parcels[key] = tuple(each.parcel for each in packed)
        return self._parcels[key]

    def _deliver(self, parcels: Collection[Parcel], address: str) -> None:
        """Send parcels to a worker's host, unless they have come there meanwhile by way of another."""
        missing = self._ask(lacking, tuple(parcels), workers=[address]).get(address, ())
        by_digest = {each.digest: each for each in missing} if isinstance(missing, tuple) else {}
        for parcel in by_digest.values():
            packed = self._packed[parcel.origin]
            self._say(f"sending {parcel.name}, {packed.path.stat().st_size >> 10} KiB")
            sender = uuid.uuid4().hex[:8]
            for piece, last in pieces(packed.path, _PIECE):
                self._client.run(receive, parcel.digest, sender, piece, last=last, workers=[address])


def connect(address: str) -> Any:
    """Return a client of a scheduler; TailgateError where there is none, or no Dask here. TLS is as Dask is told."""
    try:
        from distributed import Client  # noqa: PLC0415  an optional extra
    except ImportError as error:
        raise MissingToolError("--scheduler needs dask.distributed", hint="pip install 'tailgate[fleet]'") from error
    try:
        return Client(address, timeout=10, set_as_default=False, name="tailgate")
    except (OSError, ValueError, TypeError) as error:
        raise CrewGoneError(
            f"there is no scheduler at {address}: {error}",
            hint="dask scheduler --host 127.0.0.1   starts one, and `dask worker` joins it",
        ) from error
