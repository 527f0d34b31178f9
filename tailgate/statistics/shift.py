"""By how much percentiles moved, as log ratios block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tailgate.statistics.errors import StatisticsError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from tailgate.statistics.estimate import Floats


def log_ratios(base_ns: ArrayLike, head_ns: ArrayLike) -> Floats:
    """Return log(head / base), element by element; both of one shape, e.g. (blocks, probabilities), all above 0 ns."""
    base, head = np.asarray(base_ns, dtype=np.float64), np.asarray(head_ns, dtype=np.float64)
    if base.shape != head.shape:
        raise StatisticsError(f"base has shape {base.shape} and head {head.shape}: blocks are compared in pairs")
    if not (np.all(base > 0) and np.all(head > 0) and np.isfinite(base).all() and np.isfinite(head).all()):
        raise StatisticsError(
            "a quantile of 0 ns, or none at all, has no ratio",
            hint="the operation is shorter than the clock's resolution: time a longer one",
        )
    ratios: Floats = np.log(head) - np.log(base)
    return ratios
