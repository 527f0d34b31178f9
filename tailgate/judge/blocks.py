"""One block as a thing that can be sent: what running it takes, and what it leaves behind, both plain data.

An order is run by whoever gets it, on one CPU, by processes of its own: this process, the process of a lane beside
others (judge/lanes.py), or another host. Both records can be pickled, so a process pool or a scheduler takes them as
they are. What a place is like (its CPU, its coordinator's CPUs) belongs to whoever runs the order, never to the order.

    order = order_of(contests, rng)
    report = run_order(order, Spot(cpu=3, coordinator_cpus=(0,)))
    for found in report.found:
        if found.error is None:
            found.add_to(series_of[found.contest])
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from tailgate.documents.comparison import Series
from tailgate.errors import TailgateError
from tailgate.judge.series import add_block
from tailgate.measure.lockstep import Block, Contest, run_contests
from tailgate.measure.timing import Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tailgate.documents.fleet import FleetHost


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an order is run. cpu: of its workers, None for anywhere; coordinator_cpus: of what drives them."""

    cpu: int | None = None
    coordinator_cpus: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class BlockOrder:
    """Everything that one block is made of; the paths in it are those of the host that runs it.

    contests: as `run_contests` takes them, their plans without a place. seed: of the order in which processes start and
    sides take their turns; hash seed and layout are the machine's and are drawn anew in each process.
    """

    contests: tuple[Contest, ...]
    seed: int


@dataclass(frozen=True, slots=True)
class Found:
    """What a block says of one contest: its percentiles, one row a side, or the error that ended it.

    ready: what each side's process said of itself, by the side's name. digests: of all answers, likewise, where they
    were checked. unavailable, unequal, gil: as in a Block.
    """

    contest: str
    series: Series = field(default_factory=Series)
    error: TailgateError | None = None
    ready: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    unavailable: Mapping[str, str] = field(default_factory=dict)
    unequal: Mapping[str, str] = field(default_factory=dict)
    gil: Mapping[str, str] = field(default_factory=dict)
    means_ns: Mapping[str, Sequence[float]] = field(default_factory=dict)  # of each pass, by side

    def add_to(self, series: Series) -> None:
        """Add the block to a benchmark's series, all of it or, if Ctrl-C comes, none."""
        rows = {kind: {side: list(each) for side, each in table.items()} for kind, table in series.rows.items()}
        whole = Series(rows)
        whole.take(self.series, 0)
        series.operations, series.recorded = whole.operations, whole.recorded
        series.clock_step_ns, series.rows = max(series.clock_step_ns, whole.clock_step_ns), whole.rows


@dataclass(frozen=True, slots=True)
class BlockReport:
    """What became of an order: every contest of it, where and how long it ran, and where the time went.

    host: what stands for the machine in the statistics, where blocks are run by several; "" for this one.
    """

    found: tuple[Found, ...]
    cpu: int | None
    seconds: float
    timing: Timing = field(default_factory=Timing)
    host: str = ""


class CrewGoneError(TailgateError):
    """Nobody runs blocks any more; `done` has those that were whole by then."""

    done: Sequence[BlockReport] = ()


class Crew(Protocol):
    """What runs blocks, as many at a time as it is long: lanes, or the workers of a cluster."""

    def __len__(self) -> int:
        """Return how many blocks run at a time now."""

    def run(self, orders: Sequence[BlockOrder]) -> list[BlockReport]:
        """Run blocks and return their reports in their order; CrewGoneError where it ends in the middle."""


class Fleet(Crew, Protocol):
    """A crew on several hosts, or on one that is not this one."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """Return the hosts that measure now, as reports name them."""

    def told(self) -> tuple[FleetHost, ...]:
        """Return what is to be said of each host, those left out among them."""


def order_of(contests: Sequence[Contest], rng: random.Random) -> BlockOrder:
    """Return the order for one block of these contests; what is bound to this process is taken out of their plans."""
    portable = tuple(
        replace(
            contest,
            plan=replace(
                contest.plan,
                settings=dict(contest.plan.settings),
                env=dict(contest.plan.env),
                cpu=None,
                coordinator_cpus=frozenset(),
                seat=None,
                timing=Timing(),
            ),
        )
        for contest in contests
    )
    return BlockOrder(portable, rng.getrandbits(64))


def run_order(order: BlockOrder, spot: Spot, seat: Callable[[int], None] | None = None) -> BlockReport:
    """Run a block on a spot; an error ends its own contest alone, and is part of the report.

    seat: lets a worker, by its process id, into the shield where the spot's CPU is.
    """
    began = time.monotonic()
    timing = Timing()
    near = frozenset(spot.coordinator_cpus)
    contests = [
        replace(each, plan=replace(each.plan, cpu=spot.cpu, coordinator_cpus=near, seat=seat, timing=timing))
        for each in order.contests
    ]
    found: list[Found] = []
    run_contests(contests, random.Random(order.seed), lambda name, outcome: found.append(found_in(name, outcome)))
    return BlockReport(tuple(found), spot.cpu, time.monotonic() - began, timing)


def found_in(contest: str, outcome: Block | TailgateError) -> Found:
    """Reduce what a contest left to what is judged."""
    if isinstance(outcome, TailgateError):
        return Found(contest, error=outcome)
    series = Series()
    add_block(series, outcome)
    records = outcome.records
    return Found(
        contest,
        series,
        ready={each.side.name: dict(each.ready) for each in records},
        digests={each.side.name: each.digest for each in records if each.digest},
        unavailable=dict(outcome.unavailable),
        unequal=dict(outcome.unequal),
        gil=dict(outcome.gil),
        means_ns={each.side.name: [float(mean) for mean in each.samples.mean(axis=1)] for each in records},
    )
