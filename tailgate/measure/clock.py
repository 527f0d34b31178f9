"""The clock of every sample, and what reading it costs on this machine."""

from __future__ import annotations

import time
from array import array
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

from tailgate.measure.recorder import replay

if TYPE_CHECKING:
    from collections.abc import Callable

clock_ns: Final = time.perf_counter_ns
_PROBES: Final = 2_000


@dataclass(frozen=True, slots=True)
class Floor:
    """What the harness itself costs per operation, in ns: inside a sample, and in all; and one read of the clock."""

    inside_ns: float
    total_ns: float
    clock_ns: float


def measure_floor(clock: Callable[[], int] = clock_ns) -> Floor:
    """Replay an operation that does nothing (a builtin, so that no Python frame is counted) through the real loop."""
    inputs = list(range(_PROBES))
    samples = array("q", bytes(8 * _PROBES))
    insides, totals, reads = [], [], []
    for _ in range(5):
        began = clock()
        replay(callable, inputs, samples, 0, _PROBES, clock)
        totals.append((clock() - began) / _PROBES)
        insides.append(sum(samples) / _PROBES)
        began = clock()
        for _ in inputs:
            clock()
        reads.append((clock() - began) / _PROBES)
    return Floor(median(insides), median(totals), median(reads))
