"""The exact sign-flip test over Walsh averages: Hodges-Lehmann estimate, interval and p-value.

Under the null hypothesis the two sides of a block are exchangeable, so d and -d are equally likely in every block, and
each of the 2^n patterns of signs has the same chance. The statistic is the number of Walsh averages (d_i + d_j) / 2,
i <= j, above a shift; that is Wilcoxon's signed-rank statistic (Tukey 1949), whose 2^n patterns a convolution counts
exactly. Inverting it gives an interval whose ends ARE Walsh averages and whose centre is their median, the estimate of
Hodges and Lehmann (1963): estimate, interval and p-value can not contradict each other.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from tailgate.statistics.errors import StatisticsError
from tailgate.statistics.estimate import Estimate, Floats, checked_probability, finite_vector

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Alternative = Literal["greater", "less", "two-sided"]


@lru_cache(maxsize=256)
def null_distribution(n: int) -> Floats:
    """Return P(W <= w) for w = 0 .. n (n + 1) / 2, W the sum of the ranks that a fair coin picks from 1 .. n.

    Sums of positive halves: exact up to 53 blocks, and to a relative 1e-14 beyond. Read-only, and cached.
    """
    chances = np.ones(1)
    for r in range(1, n + 1):
        longer = np.zeros(chances.size + r)
        longer[: chances.size] += chances / 2
        longer[r:] += chances / 2
        chances = longer
    below = np.minimum(np.cumsum(chances), 1.0)
    below.setflags(write=False)
    return below


def critical_count(n: int, alpha: float) -> int:
    """Return c such that the c-th smallest Walsh average is the lower bound at one-sided error alpha.

    The largest c with P(W <= c - 1) <= alpha; 0 where even the most extreme pattern, 2^-n, is likelier than alpha:
    n blocks then put no bound on the shift.
    """
    return int(np.searchsorted(null_distribution(n), alpha, side="right"))


def walsh_averages(d: Floats) -> Floats:
    """Return the sorted averages of all pairs i <= j along the last axis: shape (..., n) to (..., n (n + 1) / 2)."""
    first, second = np.triu_indices(d.shape[-1])
    averages: Floats = np.sort((d[..., first] + d[..., second]) / 2, axis=-1)
    return averages


def hodges_lehmann(d: ArrayLike) -> float:
    """Return the median of the Walsh averages of d: the centre of d, 95 % as efficient as the mean on normal values."""
    return float(np.median(walsh_averages(finite_vector(d))))


def lower_bound(d: ArrayLike, alpha: float) -> float:
    """Return the bound that the true shift falls below with probability at most alpha; -inf where 2^-n > alpha."""
    values = finite_vector(d)
    count = critical_count(values.size, checked_probability(alpha, "alpha"))
    return float(walsh_averages(values)[count - 1]) if count else -np.inf


def upper_bound(d: ArrayLike, alpha: float) -> float:
    """Return the bound that the true shift exceeds with probability at most alpha; +inf where 2^-n > alpha."""
    return -lower_bound(-finite_vector(d), alpha)


def sign_flip_interval(d: ArrayLike, alpha: float) -> tuple[float, float]:
    """Return the two-sided interval of the shift at confidence 1 - alpha, alpha / 2 on either side.

    Every shift whose sign-flip test does not reject, ends included. Exact for symmetric d without ties, conservative
    with ties and zeros (Noether 1967). Ends are infinite where 2^-n > alpha / 2.
    """
    return lower_bound(d, alpha / 2), upper_bound(d, alpha / 2)


def sign_flip_p_value(d: ArrayLike, shift: float = 0.0, alternative: Alternative = "two-sided") -> float:
    """Return the exact p-value of "the blocks are symmetric around `shift`".

    `greater` looks for a true shift above `shift`. A Walsh average equal to `shift` speaks for the null hypothesis, so
    p <= alpha exactly where the bound at alpha excludes `shift`, ties or not.
    """
    values = finite_vector(d)
    averages = walsh_averages(values)
    below = null_distribution(values.size)
    greater = float(below[np.count_nonzero(averages <= shift)])
    less = float(below[np.count_nonzero(averages >= shift)])
    match alternative:
        case "greater":
            return greater
        case "less":
            return less
        case "two-sided":
            return min(1.0, 2 * min(greater, less))
    raise StatisticsError(f"no alternative is called {alternative!r}")


def estimate_shift(d: ArrayLike, confidence: float = 0.95) -> Estimate:
    """Return the Hodges-Lehmann estimate of d with its two-sided sign-flip interval."""
    values = finite_vector(d)
    low, high = sign_flip_interval(values, 1 - checked_probability(confidence, "confidence"))
    return Estimate(hodges_lehmann(values), low, high, confidence, values.size)
