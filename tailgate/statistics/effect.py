"""How scattered the blocks are, and the smallest change that so many of them would have shown."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from tailgate.statistics.errors import StatisticsError
from tailgate.statistics.estimate import Floats, checked_probability, finite_vector
from tailgate.statistics.sign_flip import critical_count, walsh_averages

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_MAD_TO_SD = 1.4826  # 1 / the upper quartile of a standard normal value
_TRIALS = 4000  # the 90 % point is then known to about 1 % of itself
_SEED = 20210417


def spread(d: ArrayLike) -> float:
    """Return the standard deviation of the blocks (n - 1 in the denominator); raises StatisticsError for one block."""
    values = finite_vector(d)
    if values.size < 2:
        raise StatisticsError("one block has no spread: two are the least")
    return float(values.std(ddof=1))


def robust_spread(d: ArrayLike) -> float:
    """Return 1.4826 times the median absolute deviation: the standard deviation if outliers were left out."""
    values = finite_vector(d)
    if values.size < 2:
        raise StatisticsError("one block has no spread: two are the least")
    return _MAD_TO_SD * float(np.median(np.abs(values - np.median(values))))


def minimum_detectable_effect(
    spread: float, blocks: int, alpha: float, power: float = 0.9, margin: float = 0.0
) -> float:
    """Return the smallest true shift that is found with probability `power`, as a log ratio.

    Found means what the gate means: the lower bound at one-sided `alpha` lies above zero and the estimate above
    `margin` (a log ratio). `spread` is the standard deviation of d; d is taken as normal. inf where 2^-blocks > alpha.
    Approaches (z_alpha + z_power) spread / sqrt(blocks) for many blocks, but a dozen blocks at a level of 2^-12 need
    twice that, so it is found from simulated blocks (fixed seed, the same answer always).
    """
    checked_probability(power, "power")
    if blocks < 1 or not 0.0 <= spread < math.inf or margin < 0.0:
        raise StatisticsError(f"no effect can be named for spread {spread}, {blocks} blocks and margin {margin}")
    count = critical_count(blocks, checked_probability(alpha, "alpha"))
    if not count:
        return math.inf
    low, centre = _standard_bounds(blocks, count)
    needed = np.maximum(-spread * low, margin - spread * centre)
    return float(np.quantile(needed, power))


@lru_cache(maxsize=64)
def _standard_bounds(blocks: int, count: int) -> tuple[Floats, Floats]:
    """Return lower bounds and estimates of many sets of `blocks` standard normal values."""
    averages = walsh_averages(np.random.default_rng(_SEED).standard_normal((_TRIALS, blocks)))
    return averages[:, count - 1].copy(), np.median(averages, axis=-1)
