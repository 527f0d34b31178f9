"""Where a run measures: the CPU of its workers, those of its coordinator, and what the machine is worth for it."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tailgate.errors import TailgateError
from tailgate.machine.fitness import Fitness, assess
from tailgate.machine.placement import CpuPlan, place_worker

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator


@dataclass(frozen=True, slots=True)
class Place:
    """The CPUs of a run.

    cpu: the workers' (None: anywhere). coordinator_cpus: for this process and its threads. seat: lets a worker, by its
    process id, into the shield where that CPU is; None where pinning it is enough.
    """

    cpu: int | None = None
    coordinator_cpus: frozenset[int] = frozenset()
    seat: Callable[[int], None] | None = None


ANYWHERE: Final = Place()
"""For what is counted, not timed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessedPlace(Place):
    """A place, and what this machine is worth for measuring."""

    fitness: Fitness


def place_of(plan: CpuPlan) -> Place:
    """Return the place that a choice of CPUs stands for."""
    return Place(plan.worker_cpu, frozenset(plan.coordinator_cpus), _seat(plan))


def choose_place(affinity: int | None, probe_seconds: float) -> AssessedPlace:
    """Assess the machine; `affinity` overrules the choice of the workers' CPU."""
    fitness = assess(seconds=probe_seconds, plan=None if affinity is None else _plan_for(affinity))
    plan = fitness.plan
    return AssessedPlace(plan.worker_cpu, frozenset(plan.coordinator_cpus), _seat(plan), fitness=fitness)


@contextmanager
def threads_on(cpus: Collection[int]) -> Iterator[None]:
    """Keep every thread of this process on these CPUs (none named: anywhere), and put each back where it was.

    sched_setaffinity is for one thread alone: a progress display's thread, or a library's, would stay on the CPU that
    is measured.
    """
    before: dict[int, set[int]] = {}
    for task in Path("/proc/self/task").iterdir() if cpus else ():
        with suppress(OSError):  # the thread has ended, or a cpuset forbids it: then it stays where it is
            thread = int(task.name)
            before[thread] = os.sched_getaffinity(thread)
            os.sched_setaffinity(thread, cpus)
    try:
        yield
    finally:
        for thread, was in before.items():
            with suppress(OSError):
                os.sched_setaffinity(thread, was)


def _seat(plan: CpuPlan) -> Callable[[int], None] | None:
    return (lambda pid: place_worker(plan, process=pid)) if plan.enter else None


def _plan_for(cpu: int) -> CpuPlan:
    allowed = sorted(os.sched_getaffinity(0))
    if cpu not in allowed:
        raise TailgateError(
            f"--affinity {cpu}: this process may not run on CPU {cpu}",
            hint=f"it may run on {', '.join(map(str, allowed))}",
        )
    others = tuple(each for each in allowed if each != cpu) or (cpu,)
    return CpuPlan(cpu, others, isolated=False, reason="--affinity")
