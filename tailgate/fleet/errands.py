"""What a worker of the cluster is told, does and answers: one block on one CPU, its processes started as children."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tailgate.fleet.parcels import Arrivals, cache_folder, moved
from tailgate.judge.blocks import Spot, run_order
from tailgate.machine.fitness import assess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tailgate.fleet.parcels import Parcel
    from tailgate.judge.blocks import BlockOrder, BlockReport
    from tailgate.machine.placement import CpuPlan
    from tailgate.measure.lockstep import Contest


@dataclass(frozen=True, slots=True)
class Errand:
    """One block, and what its host needs for it. number: it counts once, however often it is run.

    python: the coordinator's own interpreter, which a host's own stands for. run: what runs an order.
    """

    number: int
    order: BlockOrder
    parcels: tuple[Parcel, ...]
    python: str
    spot: Spot
    run: Callable[[BlockOrder, Spot], BlockReport] = run_order


@dataclass(frozen=True, slots=True)
class Done:
    """A block that ran."""

    number: int
    report: BlockReport


@dataclass(frozen=True, slots=True)
class Lacking:
    """A block that did not run: these parcels have not come to this host."""

    number: int
    parcels: tuple[Parcel, ...]


@dataclass(frozen=True, slots=True)
class Unable:
    """A block that did not run, and will not on this host."""

    number: int
    why: str


Answer = Done | Lacking | Unable


@dataclass(frozen=True, slots=True)
class Assessed:
    """What a worker's CPU is worth: the doctor's verdict, and the lines that made it."""

    verdict: str
    reasons: tuple[str, ...]
    lost_share: float | None


def assessed(cpus: Mapping[str, CpuPlan], seconds: float, dask_worker: Any = None) -> Assessed:
    """Assess the CPU that this worker was given. Dask hands over the worker that runs this."""
    plan = cpus[dask_worker.address]
    found = assess(seconds=seconds, plan=plan)
    seen = found.jitter.get(plan.worker_cpu)
    return Assessed(found.verdict, found.reasons, seen.lost_share if seen else None)


def receive(digest: str, sender: str, piece: bytes, *, last: bool) -> None:
    """Take a piece of a parcel."""
    Arrivals(cache_folder()).take(digest, sender, piece, last=last)


def lacking(parcels: Sequence[Parcel]) -> tuple[Parcel, ...]:
    """Return which parcels have not come to this host."""
    arrivals = Arrivals(cache_folder())
    return tuple(each for each in parcels if not arrivals.has(each))


def carry_out(errand: Errand) -> Answer:
    """Run one block on the CPU that the errand names, unless something of it is not here."""
    try:
        places, missing = Arrivals(cache_folder()).settle(errand.parcels)
    except OSError as error:
        return Unable(errand.number, f"its parcels cannot be laid out: {error}")
    if missing:
        return Lacking(errand.number, missing)
    contests = tuple(_on_this_interpreter(each, errand.python) for each in moved(errand.order.contests, places))
    if why := _unable(contests):
        return Unable(errand.number, why)
    return Done(errand.number, errand.run(replace(errand.order, contests=contests), errand.spot))


def _on_this_interpreter(contest: Contest, python: str) -> Contest:
    """Let the host's interpreter stand for the coordinator's own; any other must be where it is there."""
    sides = (replace(each, python=sys.executable if each.python == python else each.python) for each in contest.sides)
    return replace(contest, sides=tuple(sides))


def _unable(contests: Sequence[Contest]) -> str:
    """Say what a side needs that this host has not; a library that cannot be preloaded is otherwise just left out."""
    for side in (side for contest in contests for side in contest.sides):
        if not os.access(side.python, os.X_OK):
            return f"it has no interpreter {side.python}"
        for name in side.env.get("LD_PRELOAD", "").replace(" ", ":").split(":"):
            if name.startswith("/") and not Path(name).exists():
                return f"it has no {name}"
    return ""
