"""Whether this machine can be trusted now: every condition, the jitter of each CPU, and a verdict with its reasons."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from tailgate.machine.conditions import every_condition
from tailgate.machine.conditions.topology import siblings
from tailgate.machine.host import Host
from tailgate.machine.jitter import probe
from tailgate.machine.pairs import partners
from tailgate.machine.placed import probe_placed
from tailgate.machine.placement import MOST_PROBED, PROBE_SECONDS, CpuPlan, Probe, can_pin, choose_cpus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tailgate.documents.machine import JitterProfile, Reading, Sharing, Verdict

WEIGHT = {"unfit": 0, "care": 1, "note": 2}


@dataclass(frozen=True, slots=True)
class Fitness:
    """What the machine is worth for measuring on `best_cpu`.

    `readings` are all conditions, the missing ones with their advice; `jitter` is by CPU; `reasons` are the lines
    that made the verdict, the gravest first; `pairs` is what work on other CPUs cost there, where that was measured.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    readings: tuple[Reading, ...]
    best_cpu: int
    plan: CpuPlan
    jitter: Mapping[int, JitterProfile] = field(default_factory=dict)
    pairs: tuple[Sharing, ...] = ()

    def missing(self) -> tuple[Reading, ...]:
        """Return what the machine could not give, the gravest first."""
        found = (reading for reading in self.readings if reading.status == "missing")
        return tuple(sorted(found, key=lambda reading: WEIGHT[reading.severity]))

    def notes(self) -> tuple[str, ...]:
        """Return the lines that stand with a result: one for each missing condition, with the advice."""
        return tuple(reading.line() for reading in self.missing())

    def summary(self) -> Mapping[str, str | int | float]:
        """Return the flat facts that go into the metadata of every result: short lines and numbers, never empty."""
        facts: dict[str, str | int | float] = {
            "tailgate_machine_verdict": self.verdict,
            "tailgate_machine_best_cpu": self.best_cpu,
            "tailgate_machine_isolated": "yes" if self.plan.isolated else "no",
            "tailgate_machine_missing": ", ".join(reading.name for reading in self.missing()) or "nothing",
        }
        seen = self.jitter.get(self.best_cpu)
        if seen is not None:
            facts |= {
                "tailgate_machine_lost_share": round(seen.lost_share, 6),
                "tailgate_machine_gaps_above_100us_per_s": round(seen.per_second(seen.above_100us), 3),
                "tailgate_machine_gaps_above_1ms_per_s": round(seen.per_second(seen.above_1ms), 3),
                "tailgate_machine_longest_gap_ns": seen.longest_ns,
            }
        return {key: " ".join(value.split()) if isinstance(value, str) else value for key, value in facts.items()}


def assess(
    host: Host | None = None,
    *,
    seconds: float = PROBE_SECONDS,
    allowed: Sequence[int] | None = None,
    probe_cpu: Probe | None = None,
    plan: CpuPlan | None = None,
    probe_inside: Callable[[CpuPlan, float], JitterProfile | None] = probe_placed,
    probe_pair: Callable[[int, int], Sharing | None] | None = None,
) -> Fitness:
    """Look at every condition and spin `seconds` on each CPU that may be used (at most eight); then judge.

    `plan` is a choice already made: only its CPU is then probed. `probe_pair` measures what work on a second CPU costs
    on the first (pairs.probe_pair); None leaves that out. Everything else is injected for tests.
    """
    host = host or Host()
    spin_on = probe_cpu or partial(probe, seconds=seconds)
    stat_before = host.read("/proc/stat") or ""
    allowed = tuple(sorted(os.sched_getaffinity(0) if allowed is None else allowed))
    pinnable = can_pin if probe_cpu is None else bool_true
    jitter: dict[int, JitterProfile] = {}

    def remember(cpu: int) -> JitterProfile:
        if cpu not in jitter:
            jitter[cpu] = spin_on(cpu)
        return jitter[cpu]

    if plan is None:
        for cpu in allowed[-MOST_PROBED:]:
            if pinnable(cpu):
                remember(cpu)
        plan = choose_cpus(host, allowed=allowed, probe_cpu=remember, pinnable=pinnable)
    if plan.enter:
        inside = probe_inside(plan, seconds)
        jitter |= {plan.worker_cpu: inside} if inside else {}
    elif pinnable(plan.worker_cpu):
        remember(plan.worker_cpu)
    pairs = None
    if probe_pair is not None:
        seen = (probe_pair(plan.worker_cpu, other) for other in partners_of(host, plan, allowed))
        pairs = tuple(pair for pair in seen if pair is not None)
    cpu = plan.worker_cpu
    conditions = every_condition(host, (cpu,), profile=jitter.get(cpu), stat_before=stat_before, pairs=pairs)
    readings = tuple(condition.read() for condition in conditions)
    verdict, reasons = judge(readings)
    return Fitness(verdict, reasons, readings, cpu, plan, jitter, pairs or ())


def partners_of(host: Host, plan: CpuPlan, allowed: Sequence[int]) -> tuple[int, ...]:
    """Choose the CPUs to try beside the worker's: none where that one lies in a shield that we are outside of."""
    return () if plan.enter else partners(plan.worker_cpu, allowed, siblings(host, plan.worker_cpu))


def bool_true(cpu: int) -> bool:
    """Take every CPU as usable: for an injected probe, which pins nothing."""
    return cpu >= 0


def judge(readings: Sequence[Reading]) -> tuple[Verdict, tuple[str, ...]]:
    """Return the verdict and the lines that made it: the gravest missing condition decides, notes never do."""
    graver = [reading for reading in readings if reading.status == "missing" and reading.severity != "note"]
    graver.sort(key=lambda reading: WEIGHT[reading.severity])
    if not graver:
        return "fit", ("every condition that matters is met",)
    verdict: Verdict = "unfit" if graver[0].severity == "unfit" else "usable with care"
    return verdict, tuple(f"{reading.name}: {reading.state}" for reading in graver)
