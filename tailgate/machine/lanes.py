"""Which CPUs may measure at the same time: those that were seen not to slow each other down."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from tailgate.errors import TailgateError
from tailgate.machine.conditions.topology import LEAST_IDLE, SLOWED, siblings
from tailgate.machine.host import Host
from tailgate.machine.pairs import probe_pair
from tailgate.machine.placement import can_pin

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tailgate.documents.machine import Sharing

MOST: Final = 8
"""More lanes share memory and its bandwidth, which no pair of CPUs shows."""


def free_lanes(
    first: int,
    *,
    allowed: Sequence[int] | None = None,
    host: Host | None = None,
    probe: Callable[[int, int], Sharing | None] = probe_pair,
    pinnable: Callable[[int], bool] = can_pin,
) -> tuple[tuple[int, ...], str]:
    """Return the CPUs of the lanes that this machine carries, `first` among them, and in one line why no more.

    One CPU is left to the coordinators. Two CPUs stand beside each other where the one was measured while the other
    worked and neither was slowed; no pair is taken on trust. Each pair takes 0.3 s.
    """
    host = host or Host()
    allowed = tuple(sorted(os.sched_getaffinity(0) if allowed is None else allowed))
    most = min(MOST, len(allowed) - 1)
    if most < 2:
        return (first,), f"{len(allowed)} CPUs: one measures, the other is the coordinator's"
    chosen, why = [first], ""
    for cpu in (each for each in allowed if each != first and pinnable(each)):
        if len(chosen) == most:
            why = why or f"{most} of {len(allowed)} CPUs, one is the coordinators'"
            break
        refused = next((said for other in chosen if (said := _refused(host, other, cpu, probe))), "")
        why = why or refused
        if not refused:
            chosen.append(cpu)
    return tuple(chosen), why or "one CPU is the coordinators'"


def asked_lanes(count: int, first: int, *, allowed: Sequence[int] | None = None) -> tuple[int, ...]:
    """Return the CPUs of so many lanes, `first` among them, whatever they share; TailgateError for too many."""
    allowed = tuple(sorted(os.sched_getaffinity(0) if allowed is None else allowed))
    if count > len(allowed):
        raise TailgateError(
            f"--lanes {count}: this process may run on {len(allowed)} CPUs, and each lane needs one of its own",
            hint=f"--lanes {len(allowed)} at most, or --lanes auto for what they carry",
        )
    return (first, *[each for each in allowed if each != first][: count - 1])


def coordinator_of(lane: int, lanes: Sequence[int], *, allowed: Sequence[int] | None = None) -> tuple[int, ...]:
    """Return where the coordinator of a lane lives: on CPUs that no lane has, else on its own lane's."""
    allowed = tuple(sorted(os.sched_getaffinity(0) if allowed is None else allowed))
    return tuple(each for each in allowed if each not in lanes) or (lane,)


def _refused(host: Host, one: int, other: int, probe: Callable[[int, int], Sharing | None]) -> str:
    """Say why two CPUs cannot be lanes at once; nothing where they can."""
    if other in siblings(host, one):
        return f"CPU {other} is a thread of CPU {one}'s core"
    for pair in (probe(one, other), probe(other, one)):
        if pair is None:
            return f"CPU {one} and CPU {other} could not be tried together"
        if pair.bounds[1] > SLOWED:
            return pair.describe()
        if pair.idle_share is None or pair.idle_share < LEAST_IDLE:
            return f"CPU {pair.other} was busy with other work, so nothing is known of it"
    return ""
