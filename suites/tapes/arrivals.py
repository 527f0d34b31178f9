"""When messages arrive: a Hawkes process, simulated by branching.

Each message is an immigrant or the child of an earlier one; every message has a Poisson number of children, each after
an exponential delay. Followed from the earliest on, with the births that are still to come in a heap, this is exact,
needs no horizon and gives as many arrivals as are asked for. Parameters and their fit to real captures: docs/tapes.md.
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_right
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

RATE_PER_S: Final = 316
"""Messages a second, all symbols together: the Coinbase capture's rate."""

BRANCHING_RATIO: Final = 0.9
"""Mean number of children of a message."""

FAST_NS: Final = 2_000_000
SLOW_NS: Final = 500_000_000
FAST_SHARE: Final = 0.70
"""A child comes after an exponential delay of mean 2 ms in 70 % of the cases, else of mean 0.5 s."""

SAME_SYMBOL_SHARE: Final = 0.45
"""How often a child is of its parent's symbol whatever the shares: bursts dwell on a symbol, as captured ones do."""

_SETTLE_NS: Final = 10_000_000_000
_IMMIGRANT_NS: Final = 1e9 / (RATE_PER_S * (1 - BRANCHING_RATIO))
# Poisson(0.9), cumulated. Written out so that no library's exp decides about a tape.
_CHILDREN: Final = (
    0.4065696597406,
    0.7724823535071,
    0.9371430657021,
    0.9865412793606,
    0.9976558774337,
    0.9996565050869,
    0.9999565992349,
    0.9999951827682,
    0.9999995234157,
)


def hawkes(rng: Random, symbol_shares: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """Yield arrivals for ever: (ns since the tape's start, index of the symbol), in order of time.

    The first 10 simulated seconds are left out, so that the tape starts in the midst of the process. A delay is rounded
    to whole ns at once: a last digit in which two machines' logarithms differ is lost there, and the tape is the same.
    """
    edges = _cumulate(symbol_shares)
    symbols = len(symbol_shares)
    unborn: list[int] = []  # time and symbol in one int: a heap of ints is ordered in one way only
    immigrant_ns = _exponential_ns(rng, _IMMIGRANT_NS)
    while True:
        if unborn and unborn[0] // symbols <= immigrant_ns:
            now_ns, symbol = divmod(heapq.heappop(unborn), symbols)
        else:
            now_ns, symbol = immigrant_ns, bisect_right(edges, rng.random())
            immigrant_ns += _exponential_ns(rng, _IMMIGRANT_NS)
        for _ in range(bisect_right(_CHILDREN, rng.random())):
            born_ns = now_ns + _exponential_ns(rng, FAST_NS if rng.random() < FAST_SHARE else SLOW_NS)
            inherits = rng.random() < SAME_SYMBOL_SHARE
            heapq.heappush(unborn, born_ns * symbols + (symbol if inherits else bisect_right(edges, rng.random())))
        if now_ns >= _SETTLE_NS:
            yield now_ns - _SETTLE_NS, symbol


def _exponential_ns(rng: Random, mean_ns: float) -> int:
    return int(-math.log(1.0 - rng.random()) * mean_ns)


def _cumulate(shares: tuple[int, ...]) -> tuple[float, ...]:
    """Return the inner edges of consecutive shares of the unit interval.

    Shares are whole numbers: CPython 3.12 changed how floats are summed, and a tape must not depend on that.
    """
    total = sum(shares)
    edges, reached = [], 0
    for share in shares[:-1]:
        reached += share
        edges.append(reached / total)
    return tuple(edges)
