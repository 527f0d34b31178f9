"""Percentiles of one process, and how many operations it takes to judge one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tailgate.statistics.errors import StatisticsError
from tailgate.statistics.estimate import checked_probability
from tailgate.statistics.rank import exact, rank

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

LADDER = (0.5, 0.9, 0.99, 0.999)
"""The percentiles that every report shows."""

OPERATIONS_BEYOND = 200
"""Operations that must lie beyond a percentile before it is more than advisory."""


def quantiles(samples_ns: ArrayLike, probabilities: Sequence[float]) -> tuple[float, ...]:
    """Return the quantiles of a sample by the nearest rank, higher.

    Each is the smallest recorded value with at least p n values at or below it: a value that happened, never an
    interpolation. HdrHistogram's convention (ceiling of the rank). `samples_ns` has one dimension and any order.
    """
    samples = np.asarray(samples_ns)
    if samples.ndim != 1 or samples.size == 0:
        raise StatisticsError(
            f"quantiles need one row of at least one sample, but got shape {samples.shape}",
            hint="raise the number of passes or of operations",
        )
    places = [rank(samples.size, p) - 1 for p in probabilities]
    ordered = np.partition(samples, sorted(set(places))) if places else samples
    return tuple(float(ordered[place]) for place in places)


def enough_operations(p: float) -> int:
    """Return how many different operations a process must replay before its p-quantile counts: 200 / (1 - p).

    20,000 for p99 and 200,000 for p99.9. With 200 operations beyond the percentile the rank is uncertain by 7 % of
    the tail (one over the square root of 200), so one stall more or less does not move the figure.
    """
    checked_probability(p, "p")
    return math.ceil(OPERATIONS_BEYOND / (1 - exact(p)))


def is_advisory(p: float, operations: int) -> bool:
    """Tell whether so many different operations are too few for the p-quantile of a process to be judged."""
    return operations < enough_operations(p)
