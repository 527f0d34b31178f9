"""What the doctor says: whether this machine can be trusted, why, and what to do about it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from tailgate.documents.doctor import Diagnosis
from tailgate.machine.fitness import Fitness, assess
from tailgate.machine.host import Host
from tailgate.machine.placement import MOST_PROBED, CpuPlan, Probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from tailgate.documents.machine import Sharing, Verdict

EFFECT_CARE, EFFECT_UNFIT = 0.05, 0.20
"""Smallest effect on p99 that a minute can find: a regression of 5 % is what the gate is made for, and a machine
that only sees 20 % sees accidents, not regressions."""

LEAST_PROBE_SECONDS = 0.1


def diagnose(
    seconds: float,
    *,
    a_a: Callable[[CpuPlan], float] | None,
    host: Host | None = None,
    probe_cpu: Probe | None = None,
    probe_pair: Callable[[int, int], Sharing | None] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Diagnosis:
    """Examine the machine, and what a comparison on it can find.

    About `seconds` are spent spinning, spread over the CPUs, and `probe_pair` measures whether others slow the best one
    down (None leaves that out). Then `a_a` compares a side with itself on the CPU that was found best, and gives the
    smallest effect on p99 that it could have detected; None leaves that out.
    """
    started = clock()
    cpus = min(MOST_PROBED, len(os.sched_getaffinity(0)))
    each = max(LEAST_PROBE_SECONDS, seconds / cpus)
    fitness = assess(host or Host(), seconds=each, probe_cpu=probe_cpu, probe_pair=probe_pair)
    effect = a_a(fitness.plan) if a_a is not None else None
    verdict, reasons = weigh(fitness, effect)
    plan = fitness.plan
    return Diagnosis(
        verdict,
        reasons,
        fitness.best_cpu,
        plan.reason,
        plan.isolated,
        plan.coordinator_cpus,
        effect,
        clock() - started,
        fitness.readings,
        tuple(fitness.jitter.values()),
        fitness.pairs,
    )


def weigh(fitness: Fitness, effect: float | None) -> tuple[Verdict, tuple[str, ...]]:
    """Join what was seen of the machine with what a comparison on it can tell: the worse of the two is the verdict."""
    if effect is None or effect <= EFFECT_CARE:
        return fitness.verdict, fitness.reasons
    reason = f"comparison: the smallest effect on p99 that can be found is {effect:.1%}"
    if fitness.verdict == "fit":
        return ("unfit" if effect > EFFECT_UNFIT else "usable with care"), (reason,)
    worse: Verdict = "unfit" if effect > EFFECT_UNFIT else fitness.verdict
    return worse, (reason, *fitness.reasons)
