"""The one rule for a percentile, nearest rank, rounded up; without numpy, for processes that have no package."""

from __future__ import annotations

import math
from fractions import Fraction

from tailgate.statistics.errors import StatisticsError


def exact(p: float) -> Fraction:
    """Read p as the decimal that was written: 0.07 x 100 is 7, where floating point has 7.000000000000001."""
    return Fraction(repr(float(p)))


def rank(n: int, p: float) -> int:
    """Return the 1-based rank of the p-quantile among n: the smallest r with r >= p n, and at least 1."""
    if n < 1 or not 0.0 <= p <= 1.0:
        raise StatisticsError(f"there is no {p} quantile of {n} values")
    return max(1, math.ceil(exact(p) * n))
