"""Which of several figures of the same blocks are shifted: one exact test, whatever the figures' dependence.

If a block's two sides are exchangeable, the signs of all its figures may be flipped together. The greatest statistic of
any figure under every pattern of flips is what the observed ones are held against (Westfall and Young's max-T): the
chance of any false find is the level, and many figures of few blocks can still be found, which Bonferroni's share of
the level, far below 2 ** -blocks, forbids.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from tailgate.statistics.errors import StatisticsError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from tailgate.statistics.estimate import Floats

_EXACT_BLOCKS: Final = 12
"""Up to so many blocks every pattern is counted; beyond, as many drawn ones (fixed seed, the same answer always)."""

_CHUNK: Final = 512


def joint_p_values(d: ArrayLike, *, two_sided: bool = False) -> Floats:
    """Return the adjusted p-value of each figure: the chance that any would be as far above zero, were none shifted.

    d: shape (blocks, figures), differences or log ratios of exchangeable sides. two_sided: as far from zero. A figure
    without any difference has 1.
    """
    values = np.asarray(d, dtype=np.float64)
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise StatisticsError(f"blocks by figures, all finite, were expected, but the shape is {values.shape}")
    squares = (values**2).sum(axis=0)
    live = squares > 0.0
    adjusted = np.ones(values.shape[1])
    if not live.any():
        return adjusted
    kept, squares = values[:, live], squares[live]
    observed = _statistic(np.ones((1, len(values))), kept, squares, two_sided=two_sided)[0]
    patterns = _patterns(len(values))
    reached = np.zeros(len(observed))
    for start in range(0, len(patterns), _CHUNK):
        greatest = _statistic(patterns[start : start + _CHUNK], kept, squares, two_sided=two_sided).max(axis=1)
        reached += (greatest[:, None] >= observed[None, :] - 1e-9).sum(axis=0)
    adjusted[live] = reached / len(patterns)
    return adjusted


def _statistic(signs: Floats, values: Floats, squares: Floats, *, two_sided: bool) -> Floats:
    """Return the mean over its root mean square of each figure under each pattern: it rises as Student's t does."""
    statistic: Floats = (signs @ values) / np.sqrt(len(values) * squares)
    return np.abs(statistic) if two_sided else statistic


@lru_cache(maxsize=16)
def _patterns(blocks: int) -> Floats:
    """Return patterns of signs, the one as observed first."""
    if blocks <= _EXACT_BLOCKS:
        bits = (np.arange(2**blocks)[:, None] >> np.arange(blocks)) & 1
        return np.where(bits, -1.0, 1.0)
    drawn = np.random.default_rng(_EXACT_BLOCKS).choice((-1.0, 1.0), size=(2**_EXACT_BLOCKS, blocks))
    drawn[0] = 1.0
    return drawn
