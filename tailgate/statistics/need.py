"""What would decide a figure that is not decided: more blocks, or a wider margin."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

from tailgate.statistics.decision import PASS_ALPHA
from tailgate.statistics.effect import spread
from tailgate.statistics.estimate import finite_vector

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from tailgate.statistics.decision import Decision

MOST_BLOCKS: Final = 10_000
"""Beyond this the estimate lies at the margin, and no number of blocks would decide."""

_Z_POWER: Final = 1.2815515594
"""Of a chance of 90 %."""


@dataclass(frozen=True, slots=True)
class Need:
    """blocks: about so many in all would decide it, if estimate and spread stay. margin: the least that would pass now.

    The margin is a log ratio, inf where these blocks have no upper bound.
    """

    blocks: int
    margin: float


def need_of(decision: Decision, d: ArrayLike, step: float = 0.0) -> Need:
    """Return what a figure with these log ratios needs; step: that of the clock at this percentile, as a log ratio."""
    values = finite_vector(d)
    margin = max(decision.estimate.high, step)
    if values.size < 2 or step > decision.margin:
        return Need(MOST_BLOCKS, margin)
    estimate = decision.estimate.estimate
    slower = estimate > decision.margin
    distance = estimate if slower else decision.margin - estimate
    level = decision.level if slower else PASS_ALPHA
    reach = (NormalDist().inv_cdf(1.0 - max(level, 1e-9)) + _Z_POWER) * spread(values)
    if distance <= 0.0 or reach > distance * math.sqrt(MOST_BLOCKS):
        return Need(MOST_BLOCKS, margin)
    least = math.ceil(-math.log2(max(level, 1e-9)))  # so many blocks at least for a p-value of the level
    return Need(max(values.size + 1, least, math.ceil((reach / distance) ** 2)), margin)


def chance_of_deciding(decision: Decision, d: ArrayLike, blocks: int) -> float:
    """Return about how likely `blocks` blocks in all will decide a figure, given those so far (predictive power)."""
    values = finite_vector(d)
    n = values.size
    if n < 2 or blocks <= n:
        return 0.0
    deviation, estimate, normal = max(spread(values), 1e-12), decision.estimate.estimate, NormalDist()
    still = deviation * math.sqrt((blocks - n) / (blocks * n))  # how far the estimate may still go
    to_pass = decision.margin - normal.inv_cdf(1.0 - PASS_ALPHA) * deviation / math.sqrt(blocks)
    above_zero = normal.inv_cdf(1.0 - max(decision.level, 1e-9)) * deviation / math.sqrt(blocks)
    passes = normal.cdf((to_pass - estimate) / still)
    return passes + normal.cdf((estimate - max(decision.margin, above_zero)) / still)
