"""Holm's step-down: several figures are tested, and the chance of ANY false alarm stays at alpha."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tailgate.statistics.sequential import Plan


def sequential_shares(
    p_values: Mapping[str, tuple[float, int]], plan: Plan, plans: Mapping[str, Plan] = MappingProxyType({})
) -> dict[str, float]:
    """Return each figure's share of alpha by Holm's step-down over figures that are looked at several times.

    `p_values` maps a figure to (one-sided p-value, index of its own latest analysis); the figures may stand at
    different analyses, and one that ended early has a plan of its own in `plans`. All begin with alpha / m. While some
    figure's p is within its plan's level at its analysis, it counts as rejected, keeps its share, and the m - 1 others
    are tested at alpha / (m - 1), and so on (group-sequential Holm: Ye et al. 2013, a case of Maurer and Bretz 2013:
    valid because the level of an analysis never falls when alpha rises, which a test checks).
    """
    shares: dict[str, float] = {}
    waiting = dict(p_values)
    while waiting:
        share = plan.alpha / len(waiting)
        away = {name: _distance(at, plans.get(name, plan).with_alpha(share)) for name, at in waiting.items()}
        first = min(away, key=away.__getitem__)
        if away[first] > 0:
            return shares | dict.fromkeys(waiting, share)
        shares[first] = share
        del waiting[first]
    return shares


def least_blocks(figures: int, alpha: float) -> int:
    """Return the fewest blocks in which a figure of so many can be found: the least p-value of n blocks is 2^-n."""
    return math.ceil(math.log2(figures / alpha))


def _distance(observed: tuple[float, int], plan: Plan) -> float:
    """Return how far a p-value lies above the level of its analysis: not above zero means rejected."""
    p_value, look = observed
    return p_value - plan.nominal_alpha(look)
