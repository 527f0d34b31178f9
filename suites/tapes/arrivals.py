"""When messages arrive: a Hawkes process, simulated by branching.

Each message is an immigrant or the child of an earlier one; every message has a Poisson number of children, each after
an exponential delay. Followed from the earliest on, with the births that are still to come in a heap, this is exact,
needs no horizon and gives as many arrivals as are asked for. Parameters and their fit to real captures: docs/tapes.md.
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

_SETTLE_NS: Final = 10_000_000_000


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The parameters of the process; the defaults are fitted to the Coinbase capture.

    rate_per_s: messages a second, all symbols together. branching: mean number of children of a message. fast_ns,
    slow_ns: a child comes after an exponential delay of the one mean in `fast_share` of the cases, else of the other.
    same_symbol_share: how often a child is of its parent's symbol whatever the shares, for bursts dwell on a symbol.
    children: Poisson(branching), cumulated; written out so that no library's exp decides about a tape.
    """

    rate_per_s: float = 316
    branching: float = 0.9
    fast_ns: int = 2_000_000
    slow_ns: int = 500_000_000
    fast_share: float = 0.70
    same_symbol_share: float = 0.45
    children: tuple[float, ...] = (
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


AS_COINBASE: Final = Arrivals()


def hawkes(rng: Random, symbol_shares: tuple[int, ...], process: Arrivals = AS_COINBASE) -> Iterator[tuple[int, int]]:
    """Yield arrivals for ever: (ns since the tape's start, index of the symbol), in order of time.

    The first 10 simulated seconds are left out, so that the tape starts in the midst of the process. A delay is rounded
    to whole ns at once: a last digit in which two machines' logarithms differ is lost there, and the tape is the same.
    """
    edges = _cumulate(symbol_shares)
    symbols = len(symbol_shares)
    immigrants_ns = 1e9 / (process.rate_per_s * (1 - process.branching))
    unborn: list[int] = []  # time and symbol in one int: a heap of ints is ordered in one way only
    immigrant_ns = _exponential_ns(rng, immigrants_ns)
    while True:
        if unborn and unborn[0] // symbols <= immigrant_ns:
            now_ns, symbol = divmod(heapq.heappop(unborn), symbols)
        else:
            now_ns, symbol = immigrant_ns, bisect_right(edges, rng.random())
            immigrant_ns += _exponential_ns(rng, immigrants_ns)
        for _ in range(bisect_right(process.children, rng.random())):
            born_ns = now_ns + _exponential_ns(
                rng, process.fast_ns if rng.random() < process.fast_share else process.slow_ns
            )
            inherits = rng.random() < process.same_symbol_share
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
