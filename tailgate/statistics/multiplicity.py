"""Holm's step-down: several figures are tested, and the chance of ANY false alarm stays at alpha."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from tailgate.statistics.errors import StatisticsError
from tailgate.statistics.estimate import checked_probability

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tailgate.statistics.sequential import Plan


@dataclass(frozen=True, slots=True)
class Holm:
    """Hold, in the order of the p-values given, the adjusted p-values and whether each hypothesis is rejected."""

    adjusted: tuple[float, ...]
    rejected: tuple[bool, ...]


def holm(p_values: Sequence[float], alpha: float) -> Holm:
    """Adjust p-values for their number by Holm's step-down (1979): valid whatever their dependence.

    The smallest p is held against alpha / m, the next against alpha / (m - 1), ..., until one fails. An adjusted p is
    comparable with alpha itself. For figures that are all tested once; with several looks see `sequential_shares`.
    """
    checked_probability(alpha, "alpha")
    if any(not 0.0 <= p <= 1.0 for p in p_values):
        raise StatisticsError(f"p-values lie between 0 and 1, but are {tuple(p_values)}")
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for step, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - step) * p_values[place]))
        adjusted[place] = largest
    return Holm(tuple(adjusted), tuple(p <= alpha for p in adjusted))


def sequential_shares(
    p_values: Mapping[str, tuple[float, int]], plan: Plan, plans: Mapping[str, Plan] = MappingProxyType({})
) -> dict[str, float]:
    """Return each figure's share of alpha by Holm's step-down over figures that are looked at several times.

    `p_values` maps a figure to (one-sided p-value, index of its own latest look); the figures may stand at different
    looks, and one that ended early has a plan of its own in `plans`. All begin with alpha / m. While some figure's p is
    within its plan's level at its look, it counts as rejected, keeps its share, and the m - 1 others are tested at
    alpha / (m - 1), and so on (group-sequential Holm: Ye et al. 2013, a case of Maurer and Bretz 2013: valid because
    the level of a look never falls when alpha rises, which a test checks).
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


def _distance(observed: tuple[float, int], plan: Plan) -> float:
    """Return how far a p-value lies above the level of its look: not above zero means rejected."""
    p_value, look = observed
    return p_value - plan.nominal_alpha(look)
