"""Which CPU measures, and which ones do the rest of the work."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from tailgate.documents.machine import JitterProfile
from tailgate.errors import TailgateError
from tailgate.machine.conditions.isolated import isolated_cpus
from tailgate.machine.conditions.topology import siblings
from tailgate.machine.host import Host
from tailgate.machine.jitter import pinned, probe
from tailgate.machine.shield import INVITATION, Shield, enter, find_shield

Probe = Callable[[int], JitterProfile]

PROBE_SECONDS = 0.1
MOST_PROBED = 8
"""A machine of a hundred CPUs is not probed for ten seconds: the last ones are tried, far from the first interrupts."""


@dataclass(frozen=True, slots=True)
class CpuPlan:
    """Where the worker and the coordinator run.

    `coordinator_cpus` is the worker's own CPU on a machine (or in a shield) that has one only. `enter` names the
    file of a shield that the worker has to enter before it can be pinned; empty where it is inside, or needs none.
    `reason` is a line.
    """

    worker_cpu: int
    coordinator_cpus: tuple[int, ...]
    isolated: bool
    enter: str = ""
    reason: str = ""


def can_pin(cpu: int) -> bool:
    """Tell whether this process may run on a CPU: in a container some are online and still not ours."""
    try:
        with pinned(cpu):
            return True
    except OSError:
        return False


def can_write(host: Host, name: str) -> bool:
    """Tell whether a file may be written by us."""
    return os.access(host.path(name), os.W_OK)


def choose_cpus(
    host: Host | None = None,
    *,
    allowed: Sequence[int] | None = None,
    probe_cpu: Probe | None = None,
    pinnable: Callable[[int], bool] = can_pin,
    environ: Mapping[str, str] = os.environ,
) -> CpuPlan:
    """Choose the CPUs: our shield, else isolated CPUs, else the quietest of those we may use.

    A shield is ours when we are inside it, or when `environ` invites us into it (TAILGATE_SHIELD names its group).
    `allowed` are the CPUs of this process (its affinity, by default). Raises TailgateError when there is none at all.
    """
    host = host or Host()
    probe_cpu = probe_cpu or partial(probe, seconds=PROBE_SECONDS)
    allowed = tuple(sorted(os.sched_getaffinity(0) if allowed is None else allowed))
    shield = find_shield(host)
    if shield is not None:
        invited = environ.get(INVITATION) == shield.group
        plan = plan_in_shield(host, shield, allowed, "invited" if invited else "stranger")
        if plan is not None:
            return plan
    free = tuple(cpu for cpu in isolated_cpus(host) if pinnable(cpu))
    if free:
        return place(host, free[-1], tuple(cpu for cpu in allowed if cpu not in free) or free, "isolated")
    usable = tuple(cpu for cpu in allowed if pinnable(cpu))[-MOST_PROBED:]
    if not usable:
        raise TailgateError(
            f"no CPU can be used: {allowed} were to be tried", hint="see taskset -cp $$ and the container's cpuset"
        )
    best = quietest([probe_cpu(cpu) for cpu in usable]) if len(usable) > 1 else usable[0]
    return place(host, best, allowed, "the quietest" if len(usable) > 1 else "the only one")


def plan_in_shield(
    host: Host, shield: Shield, allowed: Sequence[int], standing: Literal["invited", "stranger"]
) -> CpuPlan | None:
    """Plan for a shield that stands; None where we are outside and may not enter."""
    worker = shield.cpus[-1]
    if set(allowed) <= set(shield.cpus):
        others = tuple(cpu for cpu in shield.cpus if cpu != worker)
        return CpuPlan(worker, others or (worker,), isolated=True, reason=f"CPU {worker}: inside the shield")
    if standing == "stranger" or not can_write(host, shield.members):
        return None
    others = tuple(cpu for cpu in allowed if cpu not in shield.cpus)
    return CpuPlan(worker, others, True, shield.members, f"CPU {worker}: shielded, the worker enters by itself")


def place(host: Host, worker: int, others: Sequence[int], why: str) -> CpuPlan:
    """Put the coordinator beside the worker: off its CPU, and off its core where there is another."""
    apart = tuple(cpu for cpu in others if cpu != worker)
    core = siblings(host, worker)
    far = tuple(cpu for cpu in apart if cpu not in core)
    return CpuPlan(worker, far or apart or (worker,), why == "isolated", reason=f"CPU {worker}: {why}")


def quietest(profiles: Sequence[JitterProfile]) -> int:
    """Return the CPU that lost the least; of equals the one with the highest number, far from the first interrupts."""
    return min(profiles, key=lambda one: (round(one.lost_share, 4), one.longest_ns // 100_000, -one.cpu)).cpu


def place_worker(plan: CpuPlan, host: Host | None = None, process: int = 0) -> None:
    """Put a worker in its place: into the shield where there is one to enter, then onto its CPU.

    `process` 0 is the caller. Raises TailgateError when the machine refuses.
    """
    host = host or Host()
    if plan.enter:
        enter(host, Shield(plan.enter.rpartition("/")[0], (plan.worker_cpu,), plan.enter), process or os.getpid())
    try:
        os.sched_setaffinity(process, {plan.worker_cpu})
    except OSError as error:
        raise TailgateError(
            f"CPU {plan.worker_cpu} refused the worker: {error.strerror}",
            hint="see taskset -cp $$, or leave --affinity out",
        ) from error
