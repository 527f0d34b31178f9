"""One absolute figure against those of before: the interval that one more run of the same code has."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scipy import stats

from tailgate.statistics.estimate import Estimate, checked_probability, finite_vector

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

LEAST_RUNS: Final = 6
"""Fewer say too little of their own scatter: at one side in a hundred the factor of six runs is 3.4, of three 7."""

_POWER: Final = 0.9


@dataclass(frozen=True, slots=True)
class Levelled:
    """A figure against earlier ones. shift: its log ratio to their mean; detectable: what 9 of 10 would have found."""

    shift: Estimate
    scatter: float
    detectable: float


def against(before: ArrayLike, value: float, alpha: float) -> Levelled | None:
    """Hold a figure (a logarithm) against those of before, at a one-sided alpha; None where they are too few.

    The interval is Student's for one more value of a normal sample: it has both the scatter of a run and the error of
    the mean in it. Runs that drift together are no such sample, and what drifts is then called a regression.
    """
    x = finite_vector(before, "before")
    checked_probability(alpha, "alpha")
    if x.size < LEAST_RUNS:
        return None
    scatter = float(x.std(ddof=1))
    error = scatter * math.sqrt(1.0 + 1.0 / x.size)
    reach = float(stats.t.isf(alpha, x.size - 1)) * error
    shift = value - float(x.mean())
    found = Estimate(shift, shift - reach, shift + reach, 1.0 - 2.0 * alpha, x.size)
    return Levelled(found, scatter, reach + float(stats.norm.isf(1.0 - _POWER)) * error)
