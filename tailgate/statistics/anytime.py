"""A bound that holds at every number of blocks at once, so that a race may look after each of them.

The mixture of Robbins (1970) over normal increments: the chance that the mean of the first n ever strays from its
centre by more than the width at n, whatever n, is at most alpha. The centre here is Hodges and Lehmann's, whose
variance is pi / 3 of the mean's on normal values and smaller on values with long tails; the width is that much wider.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from tailgate.statistics.errors import StatisticsError
from tailgate.statistics.estimate import Estimate, checked_probability, finite_vector
from tailgate.statistics.sign_flip import hodges_lehmann

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

BEST_AT: Final = 10
"""The number of blocks at which the bound is as narrow as it can be made; it holds at all others too."""

_OF_THE_MEAN: Final = math.pi / 3.0


def anytime_width(blocks: int, sd: float, alpha: float, *, best_at: int = BEST_AT) -> float:
    """Return how far the centre of `blocks` values of standard deviation `sd` may be off, two-sided, at any time."""
    checked_probability(alpha, "alpha")
    if blocks < 1 or not sd >= 0.0:
        raise StatisticsError(f"a bound needs a block and a spread, but got {blocks} and {sd}")
    odds = -2.0 * math.log(alpha)
    prior = best_at / (odds + math.log1p(odds))
    reach = math.sqrt((blocks + prior) * (math.log((blocks + prior) / prior) + odds))
    return sd * math.sqrt(_OF_THE_MEAN) * reach / blocks


def anytime_estimate(d: ArrayLike, sd: float, alpha: float) -> Estimate:
    """Return the centre of d with an interval that holds at confidence 1 - alpha however often it is looked at.

    sd: of one value, known from more blocks than these.
    """
    values = finite_vector(d)
    width = anytime_width(values.size, sd, alpha)
    centre = hodges_lehmann(values)
    return Estimate(centre, centre - width, centre + width, 1.0 - alpha, int(values.size))
