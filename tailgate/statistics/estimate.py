"""The shape of every answer: a value, how far it may be off, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tailgate.statistics.errors import StatisticsError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """Hold an estimate with its interval.

    The unit is the caller's; for comparisons it is the natural logarithm of head over base. `low` is -inf and `high`
    is +inf where so few blocks cannot bound the value at this confidence. `n` is the number of blocks, never of
    operations.
    """

    estimate: float
    low: float
    high: float
    confidence: float
    n: int


def ratio_percent(log_shift: float) -> float:
    """Turn a log ratio into percent of change: log(1.05) gives 5.0; -inf gives -100, +inf stays."""
    return math.expm1(log_shift) * 100.0


def log_shift(percent: float) -> float:
    """Turn a change in percent into a log ratio: 5.0 gives log(1.05); raises StatisticsError at -100 and below."""
    if percent <= -100.0:
        raise StatisticsError(f"a change of {percent} % leaves no latency: it has no logarithm")
    return math.log1p(percent / 100.0)


def finite_vector(values: ArrayLike, name: str = "d") -> Floats:
    """Return `values` as a one-dimensional float array, or say what is wrong with it: empty, not flat, not finite."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise StatisticsError(f"{name} must be one row of at least one value, but has shape {array.shape}")
    if not np.isfinite(array).all():
        where = int(np.flatnonzero(~np.isfinite(array))[0])
        raise StatisticsError(
            f"{name}[{where}] is {array[where]}: every block needs a finite value",
            hint="a quantile of 0 ns has no logarithm: use operations longer than the clock's resolution",
        )
    return array


def checked_probability(value: float, name: str) -> float:
    """Return `value` back if it lies strictly between 0 and 1, else raise StatisticsError naming it."""
    if not 0.0 < value < 1.0:
        raise StatisticsError(f"{name} must lie between 0 and 1, but is {value}")
    return value
