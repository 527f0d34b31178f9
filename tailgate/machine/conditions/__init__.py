"""The conditions of a machine that is fit to measure, one a class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tailgate.machine.conditions.frequency import Governor, TurboBoost, TurboIntel
from tailgate.machine.conditions.idle import IdleStates
from tailgate.machine.conditions.interrupts import IrqAffinity
from tailgate.machine.conditions.isolated import CpusetShield, IsolatedCpus, NohzFull
from tailgate.machine.conditions.load import Jitter, Load, SchedulingClass, Steal
from tailgate.machine.conditions.memory import Aslr, Swap, TransparentHugePages
from tailgate.machine.conditions.pyperf_checks import TAKEN, PyperfCheck
from tailgate.machine.conditions.timekeeping import ClockSource, PerfSampleRate
from tailgate.machine.conditions.topology import HiddenSiblings, Numa, SmtSiblings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailgate.documents.machine import JitterProfile, Sharing
    from tailgate.machine.conditions.base import Condition
    from tailgate.machine.host import Host

SETTABLE: tuple[type[Condition], ...] = (
    # The order is that of applying: the shield first, since what it cannot have ends the matter; a governor before the
    # turbo that its change would switch on again.
    CpusetShield,
    IrqAffinity,
    Governor,
    TurboIntel,
    TurboBoost,
    IdleStates,
    Numa,
    Aslr,
    TransparentHugePages,
    Swap,
    PerfSampleRate,
)
FIXED: tuple[type[Condition], ...] = (IsolatedCpus, NohzFull, SmtSiblings, ClockSource, SchedulingClass, Load)


def settable_conditions(host: Host, cpus: Sequence[int]) -> tuple[Condition, ...]:
    """Return the conditions that software can set, in the order of applying."""
    return tuple(condition(host, cpus) for condition in SETTABLE)


def every_condition(
    host: Host,
    cpus: Sequence[int],
    *,
    profile: JitterProfile | None = None,
    stat_before: str = "",
    pairs: Sequence[Sharing] | None = None,
) -> tuple[Condition, ...]:
    """Return every condition for the measured `cpus`.

    `profile`, `stat_before` (/proc/stat) and `pairs` are what was measured.
    """
    pyperf = tuple(PyperfCheck(host, cpus, operation) for operation in TAKEN) if host.is_real else ()
    measured = (HiddenSiblings(host, cpus, pairs), Steal(host, cpus, stat_before), Jitter(host, cpus, profile))
    fixed = tuple(condition(host, cpus) for condition in FIXED)
    return (*fixed, *settable_conditions(host, cpus), *pyperf, *measured)
