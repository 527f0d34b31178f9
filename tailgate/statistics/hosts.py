"""Blocks of several hosts: what they say together, whatever a few of the hosts say.

A host may have a bias of its own: another cache, a neighbour, a fault. So the host is the unit where there are enough
of them, and a bound holds whichever tenth of them is left out. That is no matter of trying all such choices: the bound
is monotone in every host's value, so the choice that speaks most against it leaves out those that speak most for it
(the partial conjunction of Benjamini and Heller 2008, here for one location). What stands far apart from the other
hosts (Hampel's identifier, 1974) is left out first, whichever way it points, and is named.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np

from tailgate.statistics.errors import StatisticsError
from tailgate.statistics.sign_flip import critical_count, hodges_lehmann, null_distribution, walsh_averages

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tailgate.statistics.estimate import Floats

DISTRUSTED: Final = 0.1
"""The part of the hosts that may say anything without deciding anything; at least one host."""

FENCE: Final = 5.0
"""A host whose centre is so many robust standard deviations from the others' stands apart."""

_LEAST_TO_FENCE: Final = 5
UNITS: Final = 12
"""From so many hosts on the host is the unit; fewer cannot reject at a gate's levels, and their blocks are taken."""

_LEAST_ROUNDS: Final = 3
_MAD: Final = 1.4826
_MOST_APART: Final = 1 / 3


@dataclass(frozen=True, slots=True)
class Together:
    """What hosts say together. low, high: bounds at their levels; p_value: one-sided, against nothing above zero.

    units: what the bounds were drawn from: the hosts' centres, or blocks. apart: the hosts that stand apart.
    """

    estimate: float
    low: float
    high: float
    p_value: float
    units: Floats
    apart: tuple[str, ...] = ()


def distrusted(hosts: int) -> int:
    """Return how many of so many hosts may say anything without deciding anything."""
    return max(1, math.ceil(DISTRUSTED * hosts)) if hosts > 1 else 0


def centres(d: Floats, hosts: Sequence[str]) -> dict[str, float]:
    """Return the Hodges-Lehmann estimate of each host's blocks, in the order of their first."""
    if len(hosts) != d.size:
        raise StatisticsError(f"{d.size} blocks were run by {len(hosts)} hosts: each block has one")
    where = np.asarray(hosts)
    return {host: hodges_lehmann(d[where == host]) for host in dict.fromkeys(hosts)}


def standing_apart(of: Mapping[str, float]) -> tuple[str, ...]:
    """Return the hosts far from the median of all, by the median of their distances; none where that is no minority."""
    if len(of) < _LEAST_TO_FENCE:
        return ()
    values = np.array(list(of.values()))
    away = np.abs(values - np.median(values))
    limit = FENCE * _MAD * float(np.median(away))
    found = tuple(host for host, distance in zip(of, away, strict=True) if distance > limit > 0.0)
    return found if len(found) <= _MOST_APART * len(of) else ()


def together(d: Floats, hosts: Sequence[str], level: float, upper_level: float) -> Together:
    """Return the bounds of a shift over hosts, low at one-sided `level` and high at `upper_level`."""
    of = centres(d, hosts)
    apart = standing_apart(of)
    may_lie = max(distrusted(len(of)) - len(apart), 0)
    kept = [host for host in of if host not in apart]
    if len(kept) - may_lie >= UNITS:
        values = np.sort([of[host] for host in kept])
        lowest, highest = values[: values.size - may_lie], values[may_lie:]
        groups = [(lowest, highest)]
    else:
        groups = [(each, each) for each in _without(d, hosts, kept, may_lie)]
    lows = [_low(low, level) for low, _ in groups]
    highs = [-_low(-high, upper_level) for _, high in groups]
    p_values = [_p_value(low) for low, _ in groups]
    middle = np.array([of[host] for host in kept])
    return Together(hodges_lehmann(middle), min(lows), max(highs), max(p_values), groups[0][0], apart)


def _without(d: Floats, hosts: Sequence[str], kept: Collection[str], leave: int) -> list[Floats]:
    """Return the blocks of the kept hosts without each choice of so many of them."""
    where = np.asarray(hosts)
    names = list(kept)
    leave = min(leave, len(names) - 1)
    return [d[np.isin(where, names) & ~np.isin(where, out)] for out in combinations(names, leave)]


def _low(values: Floats, level: float) -> float:
    count = critical_count(values.size, level)
    return float(walsh_averages(values)[count - 1]) if count else -math.inf


def _p_value(values: Floats) -> float:
    return float(null_distribution(values.size)[np.count_nonzero(walsh_averages(values) <= 0.0)])


def looks_over(looks: Sequence[int], hosts: int, width: int) -> tuple[int, ...]:
    """Return the analyses of a plan for several hosts: after whole rounds of a block on each CPU, each host in them.

    looks: numbers of blocks, as for one host, which keeps them. A host has three blocks at the first, for its centre.
    """
    if hosts < 2:
        return tuple(looks)
    rounds: list[int] = []
    for look in looks:
        rounds.append(max(math.ceil(look / width), rounds[-1] + 1 if rounds else _LEAST_ROUNDS))
    return tuple(each * width for each in rounds)
