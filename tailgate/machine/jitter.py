"""How much the machine takes away: the gaps that a spinning reader of the clock sees on one CPU.

The idea is jHiccup's (Gil Tene): a thread that only reads the clock should see equal steps; every longer one is
time that somebody else had the CPU (the scheduler, an interrupt, the hypervisor, firmware).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from statistics import fmean
from typing import TYPE_CHECKING

from tailgate.documents.machine import JitterProfile

if TYPE_CHECKING:
    from collections.abc import Iterator

Clock = Callable[[], int]
"""Reads a monotonic clock, in nanoseconds."""

NOTICED_NS = 1_000
"""Steps longer than this are gaps. A pass of the loop takes 70 to 200 ns, a short timer interrupt 1 to 5 µs."""

SECOND_NS = 1_000_000_000


def spin(clock: Clock, duration_ns: int) -> tuple[int, int, list[int]]:
    """Read the clock until `duration_ns` have passed; return elapsed ns, the number of reads, and the gaps in order."""
    gaps: list[int] = []
    keep = gaps.append
    noticed = NOTICED_NS
    reads = 0
    start = last = clock()
    end = start + duration_ns
    while last < end:
        now = clock()
        reads += 1
        if now - last > noticed:
            keep(now - last)
        last = now
    return last - start, reads, gaps


def profile(cpu: int, elapsed_ns: int, reads: int, gaps_ns: Sequence[int]) -> JitterProfile:
    """Sum up what `spin` saw."""
    ordinary = reads - len(gaps_ns)
    step_ns = (elapsed_ns - sum(gaps_ns)) / ordinary if ordinary else 0.0
    lost_ns = sum(gap - step_ns for gap in gaps_ns)
    return JitterProfile(
        cpu=cpu,
        duration_ns=elapsed_ns,
        reads=reads,
        step_ns=step_ns,
        above_1us=len(gaps_ns),
        above_10us=sum(gap > 10_000 for gap in gaps_ns),
        above_100us=sum(gap > 100_000 for gap in gaps_ns),
        above_1ms=sum(gap > 1_000_000 for gap in gaps_ns),
        longest_ns=max(gaps_ns, default=0),
        lost_share=lost_ns / elapsed_ns if elapsed_ns else 0.0,
    )


@contextmanager
def pinned(cpu: int) -> Iterator[None]:
    """Keep the calling thread on one CPU inside the block; raises OSError where that CPU is not ours to use."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def probe(cpu: int, seconds: float, *, clock: Clock = time.perf_counter_ns) -> JitterProfile:
    """Spin on one CPU for `seconds` and profile it; the calling thread is pinned meanwhile and put back after."""
    with pinned(cpu):
        return profile(cpu, *spin(clock, int(seconds * SECOND_NS)))


def merge(profiles: Sequence[JitterProfile]) -> JitterProfile:
    """Join probes of the same CPU, taken at different moments, into one profile."""
    if len({one.cpu for one in profiles}) != 1:
        raise ValueError("only profiles of one CPU can be joined")
    duration_ns = sum(one.duration_ns for one in profiles)
    return JitterProfile(
        cpu=profiles[0].cpu,
        duration_ns=duration_ns,
        reads=sum(one.reads for one in profiles),
        step_ns=fmean(one.step_ns for one in profiles),
        above_1us=sum(one.above_1us for one in profiles),
        above_10us=sum(one.above_10us for one in profiles),
        above_100us=sum(one.above_100us for one in profiles),
        above_1ms=sum(one.above_1ms for one in profiles),
        longest_ns=max(one.longest_ns for one in profiles),
        lost_share=sum(one.lost_share * one.duration_ns for one in profiles) / duration_ns if duration_ns else 0.0,
    )
