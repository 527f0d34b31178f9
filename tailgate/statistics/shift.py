"""The shift function: by how much each percentile moved, not only one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tailgate.statistics.errors import StatisticsError
from tailgate.statistics.sign_flip import estimate_shift

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from tailgate.statistics.estimate import Estimate, Floats


def log_ratios(base_ns: ArrayLike, head_ns: ArrayLike) -> Floats:
    """Return log(head / base), element by element; both of one shape, e.g. (blocks, probabilities), all above 0 ns."""
    base, head = np.asarray(base_ns, dtype=np.float64), np.asarray(head_ns, dtype=np.float64)
    if base.shape != head.shape:
        raise StatisticsError(f"base has shape {base.shape} and head {head.shape}: blocks are compared in pairs")
    if not (np.all(base > 0) and np.all(head > 0) and np.isfinite(base).all() and np.isfinite(head).all()):
        raise StatisticsError(
            "a quantile of 0 ns, or none at all, has no ratio",
            hint="the operation is shorter than the clock's grain: time a longer one",
        )
    ratios: Floats = np.log(head) - np.log(base)
    return ratios


def shift_function(ratios: ArrayLike, confidence: float = 0.95) -> list[Estimate]:
    """Return the shift of each percentile with its interval, each at `confidence` by itself.

    `ratios` has the shape (blocks, probabilities) and holds the log ratios of one block's quantiles in a row; the
    answers come in the order of the columns. Shift functions are Doksum's (1974); block by block they need no
    assumption about the distribution of latencies.
    """
    table = np.asarray(ratios, dtype=np.float64)
    if table.ndim != 2 or table.size == 0:
        raise StatisticsError(f"a shift function needs the shape (blocks, probabilities), but got {table.shape}")
    return [estimate_shift(column, confidence) for column in table.T]
