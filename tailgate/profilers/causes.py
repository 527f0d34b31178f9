"""From events with their times to the operations they fell into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tailgate.measure.observe import FAULTS, GC, SEGMENTS, SWITCHES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tailgate.measure.lockstep import SideRecord

    Mask = NDArray[np.bool_]
    Times = NDArray[np.int64]

HOST_STALL_NS: Final = 50_000
"""Shorter gaps on the other CPU are its own interrupts, and say nothing of this one."""

MOST_LOST: Final = 0.02
"""A sentinel that lost more of its time was not alone."""

WAKE_NS: Final = 30_000
"""How long after a switch an operation is in its wake."""

STRETCH_OPERATIONS: Final = 128
SLOW_STRETCH: Final = 1.25
"""A stretch whose median operation is so many times as slow as usual, each against its own least duration."""

INVOLUNTARY: Final = "an involuntary context switch"

_RATES_HZ: Final = (100, 250, 300, 1000)
_BINS: Final = 200
_EXCESS_NS: Final = 800
_SWITCH_NS: Final = 5_000  # less than being switched out and in again takes
_TICK_NS: Final = 10_000  # how far from the timer's beat its interrupt may strike


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that happened, and in which samples: shape (passes, operations)."""

    name: str
    mask: Mask


def causes_of(record: SideRecord, gaps: Times) -> list[Cause]:
    """Return every cause that could be observed, whether it struck or not; those first that explain most."""
    seen: Mapping[str, Any] = record.observed
    starts, shape = seen["starts"].ravel(), record.samples.shape
    ends = starts + record.samples.ravel()

    def struck(name: str, begins: Times, finishes: Times) -> Cause:
        return Cause(name, overlapped(starts, ends, begins, finishes).reshape(shape))

    found: list[Cause] = []
    switches, collections, faults = seen[SWITCHES], seen[GC], seen[FAULTS]
    if switches is not None:
        for preempted, name in (
            (1, INVOLUNTARY),
            (0, "a wait of its own (a lock, a file)"),
        ):
            some = switches[switches[:, 2] == preempted]
            found.append(struck(name, some[:, 0], some[:, 1]))
        found.append(_wake(found[0], starts, ends))
    elif seen[SEGMENTS] is not None:
        found.append(_longest_delays(record, seen[SEGMENTS]))
        found.append(_wake(found[0], starts, ends))
    if collections is not None:
        for generation in (2, 1, 0):
            some = collections[collections[:, 2] == generation]
            found.append(struck(f"a collection of generation {generation}", some[:, 0], some[:, 1]))
    if len(gaps) and is_free(gaps):
        long = gaps[gaps[:, 1] - gaps[:, 0] >= HOST_STALL_NS]
        found.append(struck("a stall that another CPU saw too", long[:, 0], long[:, 1]))
    if faults is not None:
        found.append(struck("a page fault", faults, faults))
    ticks = timer_ticks(record, found)
    if ticks is not None:
        found.append(struck("a timer interrupt", ticks - _TICK_NS, ticks + _TICK_NS))
    found.append(_slow_stretches(record))
    return found


def _slow_stretches(record: SideRecord) -> Cause:
    """Find stretches in which nearly every operation was slower than it can be: a neighbour, the CPU's frequency."""
    slower = record.samples / np.maximum(record.reproducible(), 1)
    operations = slower.shape[1]
    whole = operations - operations % STRETCH_OPERATIONS
    medians = np.median(slower[:, :whole].reshape(len(slower), -1, STRETCH_OPERATIONS), axis=2)
    slow = medians > SLOW_STRETCH * np.median(slower)
    mask = np.zeros(slower.shape, dtype=np.bool_)
    mask[:, :whole] = np.repeat(slow, STRETCH_OPERATIONS, axis=1)
    return Cause("a stretch in which everything was slower (a neighbour, the frequency)", mask)


def _longest_delays(record: SideRecord, segments: Times) -> Cause:
    """Put the switches that were counted in a segment on as many operations: those with the longest delays."""
    excess = record.samples - record.reproducible()
    mask = np.zeros(excess.shape, dtype=np.bool_)
    for number, start, stop, count in segments:
        delays = excess[number, start:stop]
        worst = np.argsort(delays)[-count:]
        mask[number, start + worst[delays[worst] > _SWITCH_NS]] = True
    return Cause(INVOLUNTARY, mask)


def _wake(switches: Cause, starts: Times, ends: Times) -> Cause:
    """Return the operations that come right after a switch, while the caches are somebody else's."""
    struck = switches.mask.ravel()
    after = ends[struck] + 1
    mask = overlapped(starts, ends, after, after + WAKE_NS) & ~struck
    return Cause("the wake of a context switch (cold caches)", mask.reshape(switches.mask.shape))


def is_free(gaps: Times) -> bool:
    """Say whether the sentinel had its CPU to itself; what others took from it says nothing of the measured one."""
    lost, watched = int((gaps[:, 1] - gaps[:, 0]).sum()), int(gaps[-1, 1] - gaps[0, 0])
    return lost <= MOST_LOST * watched


def overlapped(starts: Times, ends: Times, begins: Times, finishes: Times) -> Mask:
    """Say which operations [start, end] meet an event [begin, finish]; operations are in order and do not overlap."""
    first = np.searchsorted(ends, begins, side="left")
    last = np.searchsorted(starts, finishes, side="right")
    steps = np.zeros(len(starts) + 1, dtype=np.int64)
    some = first < last
    np.add.at(steps, first[some], 1)
    np.add.at(steps, last[some], -1)
    hit: Mask = np.cumsum(steps[:-1]) > 0
    return hit


def timer_ticks(record: SideRecord, known: list[Cause]) -> Times | None:
    """Find the beat of the timer's interrupt from what is slower than ever else and yet unexplained.

    The kernel counts these interrupts but keeps no times. Linux ticks at whole multiples of the period on the monotonic
    clock, so the delays it causes gather at one phase. None where no rate fits, or they do not gather.
    """
    period_ns = _period_ns(record.observed["counters"])
    if period_ns is None:
        return None
    excess = record.samples - record.reproducible()
    odd = excess > _EXCESS_NS
    for cause in known:
        odd &= ~cause.mask
    starts: Times = record.observed["starts"]
    middles = starts[odd] + record.samples[odd] // 2
    phases = middles % period_ns
    counts, edges = np.histogram(phases, bins=_BINS, range=(0, period_ns))
    best = int(counts.argmax())
    if counts[best] < max(8, 6 * len(phases) / _BINS):
        return None
    inside = (phases >= edges[best]) & (phases < edges[best + 1])
    phase = int(np.median(phases[inside]))
    first, last = int(starts.min()), int((starts + record.samples).max())
    return np.arange(first - first % period_ns + phase, last, period_ns, dtype=np.int64)


def _period_ns(counters: Mapping[str, int]) -> int | None:
    """Return the period of the kernel's tick, from the interrupts that were counted meanwhile."""
    if not counters.get("timer_interrupts") or not counters.get("time_ns"):
        return None
    rate = counters["timer_interrupts"] * 1e9 / counters["time_ns"]
    nearest = min(_RATES_HZ, key=lambda each: abs(each - rate))
    return round(1e9 / nearest) if 0.8 < rate / nearest < 1.25 else None
