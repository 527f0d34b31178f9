"""What the doctor says: whether this machine can be trusted, why, and what to do about it.

Nothing is printed here: a diagnosis is plain data, and two renderings of it.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tailgate.machine.fitness import Fitness, Verdict, assess
from tailgate.machine.host import Host
from tailgate.machine.placement import MOST_PROBED, CpuPlan, Probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from tailgate.machine.jitter import JitterProfile
    from tailgate.machine.pairs import Sharing

SCHEMA = 1

EFFECT_CARE, EFFECT_UNFIT = 0.05, 0.20
"""Smallest effect on p99 that a minute can find: a regression of 5 % is what the gate is made for, and a machine
that only sees 20 % sees accidents, not regressions."""

LEAST_PROBE_SECONDS = 0.1
MARKS = {"met": "ok", "missing": "--", "absent": "  "}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A fitness, and what a comparison of equal sides could tell apart here.

    `smallest_p99_effect` is relative (0.05 is 5 %), None where it was not measured; `seconds` is what all of it took.
    """

    fitness: Fitness
    verdict: Verdict
    reasons: tuple[str, ...]
    smallest_p99_effect: float | None
    seconds: float


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
    return Diagnosis(fitness, verdict, reasons, effect, clock() - started)


def weigh(fitness: Fitness, effect: float | None) -> tuple[Verdict, tuple[str, ...]]:
    """Join what was seen of the machine with what a comparison on it can tell: the worse of the two is the verdict."""
    if effect is None or effect <= EFFECT_CARE:
        return fitness.verdict, fitness.reasons
    reason = f"comparison: the smallest effect on p99 that can be found is {effect:.1%}"
    if fitness.verdict == "fit":
        return ("unfit" if effect > EFFECT_UNFIT else "usable with care"), (reason,)
    worse: Verdict = "unfit" if effect > EFFECT_UNFIT else fitness.verdict
    return worse, (reason, *fitness.reasons)


def render_text(diagnosis: Diagnosis) -> str:
    """Write a diagnosis for a person: the verdict first, then what to do, then everything that was looked at."""
    fitness = diagnosis.fitness
    effect = diagnosis.smallest_p99_effect
    found = "not measured" if effect is None else f"{effect:.1%}"
    lines = [
        f"This machine is {diagnosis.verdict}.",
        *(f"  {reason}" for reason in diagnosis.reasons),
        "",
        f"Best CPU to measure on      {fitness.plan.reason}",
        f"Smallest p99 effect found   {found}",
        "",
        "Jitter, by a spinning reader of the clock",
        *(f"  {line}" for line in jitter_table(tuple(fitness.jitter.values()))),
        "",
        "Conditions",
    ]
    width = max(len(reading.name) for reading in fitness.readings)
    for reading in fitness.readings:
        lines.append(f"  {MARKS[reading.status]} {reading.name:<{width}}  {reading.state}")
        if reading.advice:
            lines.append(f"     {'':<{width}}  > {reading.advice}")
    return "\n".join(lines)


def jitter_table(profiles: tuple[JitterProfile, ...]) -> tuple[str, ...]:
    """Write the profiles as rows: gaps a second above each threshold, and the share of time inside them."""
    if not profiles:
        return ("not measured",)
    titles = ("> 1 µs/s", "> 10 µs/s", "> 100 µs/s", "> 1 ms/s", "longest µs")
    head = f"{'CPU':>3} " + " ".join(f"{title:>10}" for title in titles) + f" {'lost':>8}"
    rows = [
        f"{one.cpu:>3} {one.per_second(one.above_1us):>10.1f} {one.per_second(one.above_10us):>10.1f} "
        f"{one.per_second(one.above_100us):>10.1f} {one.per_second(one.above_1ms):>10.1f} "
        f"{one.longest_ns / 1000:>10.1f} {one.lost_share:>8.2%}"
        for one in sorted(profiles, key=lambda one: one.cpu)
    ]
    return (head, *rows)


def to_plain(diagnosis: Diagnosis) -> dict[str, Any]:
    """Turn a diagnosis into what JSON can hold; `schema` rises when a key changes its meaning."""
    fitness = diagnosis.fitness
    return {
        "schema": SCHEMA,
        "verdict": diagnosis.verdict,
        "reasons": list(diagnosis.reasons),
        "best_cpu": fitness.best_cpu,
        "isolated": fitness.plan.isolated,
        "coordinator_cpus": list(fitness.plan.coordinator_cpus),
        "smallest_p99_effect": diagnosis.smallest_p99_effect,
        "seconds": round(diagnosis.seconds, 3),
        "conditions": [asdict(reading) for reading in fitness.readings],
        "jitter": [asdict(one) for one in fitness.jitter.values()],
        "pairs": [{**asdict(one), "times": one.times, "bounds": one.bounds} for one in fitness.pairs],
        "summary": dict(fitness.summary()),
    }


def to_json(diagnosis: Diagnosis) -> str:
    """Write a diagnosis for a program."""
    return json.dumps(to_plain(diagnosis), indent=2, ensure_ascii=False)
