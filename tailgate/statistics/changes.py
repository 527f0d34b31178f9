"""Finds where a history changed: steps of one commit, and drifts that no single commit makes.

Two kinds of history, two nulls. The errors of a CHAIN add up along it, so its curve wanders although nothing changes:
a search for levels in it finds changes of nothing. What is independent are its links, each with an error that is known;
a step is one link that is not zero, a drift several in a row that are not zero together. The errors of ABSOLUTE figures
are independent, their size is not known, and a change is one of the level.

Both are searched by ruptures' Pelt, at every index (KernelCPD with the linear kernel: Pelt over the mean, in C, which
has no `jump`; ruptures' own Pelt looks at every fifth index unless told otherwise). The penalties are measured, on
histories of identical code: docs/history.md, scripts/simulate_history.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from scipy import special, stats

from tailgate.errors import MissingToolError
from tailgate.statistics.chain import HODGES_LEHMANN
from tailgate.statistics.estimate import Floats, finite_vector

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

LEAST_LINKS: Final = 3
LEAST_LEVELS: Final = 8
"""Fewer figures tell nothing of where they change: their own scatter is not known yet."""

_SURE: Final = 0.9
"""A step is named by the commits that made it with at least this probability."""

_NORMAL_95: Final = 1.959964
_LARGEST_SCORE: Final = 37.0  # beyond it a normal tail is 0 in floating point


@dataclass(frozen=True, slots=True)
class Found:
    """One change. first, last: indices of the links (or of the runs, the first after the change) that may have made it.

    probability: that one of these did, given that there is one. size: the log ratio with its 95 % interval.
    """

    kind: Literal["step", "drift"]
    first: int
    last: int
    probability: float
    size: float
    low: float
    high: float


def link_penalty(links: int) -> float:
    """Return what a change of the links' mean must gain, in squared scores; measured, see docs/history.md."""
    return 1.5 + 1.4 * math.log(links)


LEVEL_PENALTY: Final = 13.5
"""What a change of the level must gain, in units of the runs' variance; measured at 8 to 200 runs, docs/history.md."""


def moderated(spreads: ArrayLike, blocks: ArrayLike) -> tuple[Floats, Floats]:
    """Return for each link the variance of its estimate, and the degrees of freedom of that variance.

    spreads: standard deviations of the blocks; blocks: how many. Eight blocks know their own spread badly: among 200
    links some are far too sure of themselves. Each variance is drawn towards that of all, as far as they agree (the
    empirical Bayes estimate of Smyth 2004, of which limma is made).
    """
    s2, n = finite_vector(spreads, "spreads") ** 2, finite_vector(blocks, "blocks")
    own = n - 1.0
    least = float(np.median(s2)) * 1e-6 or 1e-12  # blocks that agree to the last digit, on a coarse clock
    logs = np.log(np.maximum(s2, least)) - special.digamma(own / 2) + np.log(own / 2)
    excess = float(logs.var(ddof=1) - special.polygamma(1, own / 2).mean()) if logs.size > 1 else 0.0
    prior = 2.0 * _inverse_trigamma(excess) if excess > 0.0 else math.inf
    centre = float(logs.mean())
    if math.isinf(prior):
        variances, freedom = np.full(s2.size, math.exp(centre)), np.full(s2.size, math.inf)
    else:
        s0 = math.exp(centre + special.digamma(prior / 2) - math.log(prior / 2))
        variances, freedom = (prior * s0 + own * s2) / (prior + own), prior + own
    return HODGES_LEHMANN * variances / n, np.minimum(freedom, own.sum())


def _inverse_trigamma(value: float) -> float:
    """Return x with trigamma(x) = value, by Newton's method on 1 / trigamma, which is nearly straight."""
    x = 0.5 + 1.0 / value
    for _ in range(50):
        trigamma = float(special.polygamma(1, x))
        step = trigamma * (1.0 - trigamma / value) / float(special.polygamma(2, x))
        x += step
        if abs(step) < 1e-8 * x:
            break
    return x


def scores(values: ArrayLike, variances: ArrayLike, freedom: ArrayLike) -> Floats:
    """Return how many standard errors each value is from zero, as a normal score: of few blocks less sure."""
    t = np.asarray(values, dtype=np.float64) / np.sqrt(np.asarray(variances, dtype=np.float64))
    tail = stats.t.sf(np.abs(t), np.minimum(np.asarray(freedom, dtype=np.float64), 1e6))
    found: Floats = np.sign(t) * np.minimum(stats.norm.isf(np.maximum(tail, 1e-300)), _LARGEST_SCORE)
    return found


def link_changes(
    values: ArrayLike, variances: ArrayLike, freedom: ArrayLike, penalty: float | None = None
) -> list[Found]:
    """Return the steps and drifts of a chain's links: log ratios, their variances and degrees of freedom, in order."""
    x, v = finite_vector(values), finite_vector(variances, "variances")
    if x.size < LEAST_LINKS:
        return []
    z = scores(x, v, freedom)
    price = link_penalty(x.size) if penalty is None else penalty
    found = []
    for start, end in _segments(z, price):
        total = float(z[start:end].sum()) / math.sqrt(end - start)
        if total**2 >= 2.0 * price:  # against no change at all, as in the middle of a quiet history
            found += _made_by(x, v, z, (start, end), price)
    return found


def _made_by(x: Floats, v: Floats, z: Floats, segment: tuple[int, int], price: float) -> list[Found]:
    """Name the one link of a segment that made the change, or all of it where no single one explains it."""
    start, end = segment
    peak = start + int(np.argmax(np.abs(z[start:end])))
    rest = np.delete(z[start:end], peak - start)
    left = float(rest.sum()) / math.sqrt(rest.size) if rest.size else 0.0
    if z[peak] ** 2 < 2.0 * price or left**2 >= 2.0 * price:
        size, error = float(x[start:end].sum()), _NORMAL_95 * math.sqrt(float(v[start:end].sum()))
        return [Found("drift", start, end - 1, 1.0, size, size - error, size + error)]
    first, last, probability = _likely(z**2 / 2.0, start, end, peak)
    size, error = float(x[peak]), _NORMAL_95 * math.sqrt(float(v[peak]))
    return [Found("step", first, last, probability, size, size - error, size + error)]


def level_changes(values: ArrayLike, penalty: float | None = None) -> list[Found]:
    """Return the changes of the level of a series of logarithms, one a run, in order.

    None are looked for in fewer than LEAST_LEVELS runs. The index of a change is that of the first run after it.
    """
    x = finite_vector(values)
    if x.size < LEAST_LEVELS:
        return []
    deviation = _scatter(x)
    if not deviation > 0.0:
        deviation = 1e-9
    z = (x - np.median(x)) / deviation
    segments = _segments(z, LEVEL_PENALTY if penalty is None else penalty, least=2)
    found = []
    for (start, middle), (_, end) in pairwise(segments):
        before, after = x[start:middle], x[middle:end]
        gains = _gains(z[start:end])
        first, last, probability = _likely(gains, 1, gains.size, middle - start)
        size = float(after.mean() - before.mean())
        error = _NORMAL_95 * deviation * math.sqrt(1 / before.size + 1 / after.size)
        found.append(Found("step", start + first, start + last, probability, size, size - error, size + error))
    return found


def _scatter(x: Floats) -> float:
    """Return the standard deviation of neighbours about their level: that of differences, which no step spoils."""
    return 1.4826 * float(np.median(np.abs(np.diff(x)))) / math.sqrt(2)


def _gains(z: Floats) -> Floats:
    """Return the log likelihood of one change of the level before each index; -inf before the first."""
    number = np.arange(1, z.size)
    sums = np.cumsum(z)
    found = np.full(z.size, -math.inf)
    found[1:] = (sums[:-1] ** 2 / number + (sums[-1] - sums[:-1]) ** 2 / (z.size - number)) / 2.0
    return found


def _likely(gains: Floats, start: int, end: int, peak: int) -> tuple[int, int, float]:
    """Return the shortest run of indices around the peak that holds the change with probability _SURE."""
    chances = np.exp(gains[start:end] - gains[start:end].max())
    chances /= chances.sum()
    first = last = peak - start
    while chances[first : last + 1].sum() < _SURE:
        before = chances[first - 1] if first else -1.0
        after = chances[last + 1] if last + 1 < chances.size else -1.0
        first, last = (first - 1, last) if before >= after else (first, last + 1)
    return start + first, start + last, float(chances[first : last + 1].sum())


def _segments(z: Floats, penalty: float, least: int = 1) -> list[tuple[int, int]]:
    """Return the pieces of equal mean, by Pelt at every index."""
    try:
        import ruptures  # noqa: PLC0415  of the extra `history`: nothing else needs it
    except ModuleNotFoundError as error:
        raise MissingToolError("changes are searched by ruptures", hint="pip install 'tailgate[history]'") from error
    if z.size < 2 * least:
        return [(0, z.size)]
    ends: Sequence[int] = ruptures.KernelCPD(kernel="linear", min_size=least).fit(z.reshape(-1, 1)).predict(pen=penalty)
    return list(pairwise([0, *map(int, ends)]))
