"""How fast a CPU is right now: a fixed piece of work, timed.

Two CPUs of a virtual machine may be two threads of one core, and a host may change that from minute to minute:
each then is slowed down as soon as the other one works, and spinning is work.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_TURNS: Final = 60_000
_TIMES: Final = 8


def pace_ns(clock_ns: Callable[[], int] = time.perf_counter_ns) -> int:
    """Return the least time of some that one and the same loop took: 10 to 20 ms of work in all, stalls left out."""
    times = []
    for _ in range(_TIMES):
        begun = clock_ns()
        for _ in range(_TURNS):
            pass
        times.append(clock_ns() - begun)
    return min(times)
