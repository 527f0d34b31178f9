"""The clock of every sample, and what reading it costs on this machine."""

from __future__ import annotations

import time
from array import array
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from tailgate.measure.recorder import Replay, replay

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

clock_ns: Final = time.perf_counter_ns
PROBES: Final = 2_000
_COARSEST_NS: Final = 1_000
_FINEST_NS: Final = 5
_MULTIPLES: Final = 10
_SEEN_MULTIPLES: Final = 3
_SHARE: Final = 0.9


@dataclass(frozen=True, slots=True)
class HarnessOverhead:
    """What the harness itself costs per operation, in ns: inside a sample, and in all; and one read of the clock.

    clock_step_ns: the step in which the clock runs; no difference below it can be measured.
    """

    inside_ns: float
    total_ns: float
    clock_ns: float
    clock_step_ns: int


def measure_overhead(
    clock: Callable[[], int] = clock_ns, replay: Replay = replay, operation: Callable[[Any], Any] = callable
) -> HarnessOverhead:
    """Replay an operation that does nothing through the real loop.

    operation: a builtin, so that no Python frame is counted; it gets whole numbers from 0.
    """
    inputs = list(range(PROBES))
    samples = array("q", bytes(8 * PROBES))
    insides, totals, reads = [], [], []
    seen: set[int] = set()
    for _ in range(5):
        began = clock()
        replay(operation, inputs, samples, 0, PROBES, clock)
        totals.append((clock() - began) / PROBES)
        insides.append(sum(samples) / PROBES)
        seen.update(samples)
        began = clock()
        for _ in inputs:
            clock()
        reads.append((clock() - began) / PROBES)
    return HarnessOverhead(median(insides), median(totals), median(reads), clock_step(seen))


def clock_step(durations_ns: Collection[int]) -> int:
    """Return the step of a clock that counts coarser than ns, from the different durations it gave; 1 where none shows.

    It is the greatest step whose multiples (three at least) nearly all short durations are. What is no whole number of
    ns is rounded by the clock, so that a duration may miss its multiple by 1 ns and a little more far out.
    """
    for step in range(_COARSEST_NS, _FINEST_NS - 1, -1):
        short = [each for each in durations_ns if each <= _MULTIPLES * step]
        hits = [each for each in short if abs(each - step * round(each / step)) <= 1 + step // 20]
        if len({round(each / step) for each in hits}) >= _SEEN_MULTIPLES and len(hits) >= _SHARE * len(short):
            return step
    return 1
