"""Between which of several ordered sides a figure steps: a posterior over one to three steps, none, or a slow rise.

The sides of a block are revisions in their order. Every model says which gaps between neighbours hold a step; its
likelihood comes from least squares on the log figures, block by block centred, with the variance integrated out and the
price of a parameter that the Bayesian information criterion asks. That a step lies in a gap is the more likely
beforehand the more commits it holds. docs/bisect.md has the simulation of its errors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from tailgate.statistics.errors import StatisticsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike

    from tailgate.statistics.estimate import Floats

Shape = Literal["none", "steps", "slow rise"]

LEAST_BLOCKS: Final = 4
MOST_STEPS: Final = 3

_PRIOR: Final = {0: 0.05, 1: 0.9, 2: 0.02, 3: 0.005}
_SLOW_PRIOR: Final = 0.025
_WILD: Final = 2.5
"""Residuals beyond so many standard deviations (by the median) are taken as just so far."""

_MAD_TO_SD: Final = 1.4826
_LEAST_SD: Final = 1e-9
_SHORT_SLOPE: Final = 4
"""A slow rise is no answer for fewer commits than this: each of them is told by itself."""


@dataclass(frozen=True, slots=True)
class Noise:
    """What is known of the scatter from blocks of other sides: a sum of squares and its degrees of freedom."""

    squares: float = 0.0
    freedom: int = 0

    def and_of(self, other: Noise) -> Noise:
        """Return both together."""
        return Noise(self.squares + other.squares, self.freedom + other.freedom)


_NOTHING: Final = Noise()


@dataclass(frozen=True, slots=True)
class Steps:
    """The likeliest answer: gaps (0: between the first two sides) with the log ratio that each steps by.

    posterior: how sure. For a slow rise the shifts hold one, from the first side to the last. noise: what these blocks
    say of the scatter.
    """

    shape: Shape
    gaps: tuple[int, ...]
    shifts: tuple[float, ...]
    posterior: float
    noise: Noise


def find_steps(logs: ArrayLike, positions: Sequence[int], margin: float, noise: Noise = _NOTHING) -> Steps:
    """Return the likeliest steps. logs: (blocks, sides), of a figure; positions: the commit that each side is, rising.

    margin: a log ratio; what steps by less is no step, and is left to the noise. noise: of the blocks before these.
    """
    values = np.asarray(logs, dtype=np.float64)
    if values.ndim != 2 or values.shape[0] < 2 or values.shape[1] != len(positions) or len(positions) < 2:
        raise StatisticsError(f"{len(positions)} sides in two blocks or more were expected, but got {values.shape}")
    if any(a >= b for a, b in pairwise(positions)):
        raise StatisticsError(f"positions must rise, but are {tuple(positions)}")
    blocks, sides = values.shape
    tamed = _tamed(values)
    tamed = tamed - tamed.mean(axis=1, keepdims=True)
    means = tamed.mean(axis=0)
    within = float(((tamed - means) ** 2).sum())
    freedom = blocks * (sides - 1)
    found: list[tuple[float, Steps]] = []
    for shape, gaps, design, prior in _models(positions):
        shifts, left = _fit(design, means)
        told = tuple(float(each) for each in shifts * (np.ptp(positions) if shape == "slow rise" else 1.0))
        if any(abs(each) < margin for each in told):
            continue
        own = Noise(within + blocks * left, freedom - len(told))
        known = freedom + noise.freedom
        residual = max(own.squares + noise.squares, known * _LEAST_SD**2)
        score = math.log(prior) - 0.5 * known * math.log(residual) - 0.5 * len(told) * math.log(freedom)
        found.append((score, Steps(shape, gaps, told, 0.0, own)))
    best, likeliest = max(found, key=lambda each: each[0])
    return replace(likeliest, posterior=1.0 / sum(math.exp(score - best) for score, _ in found))


def _models(positions: Sequence[int]) -> Iterator[tuple[Shape, tuple[int, ...], Floats, float]]:
    """Name every model with its design (sides, parameters) and its prior."""
    sides, commits = len(positions), positions[-1] - positions[0]
    share = np.diff(positions) / commits
    place = np.arange(sides)
    for count in range(min(MOST_STEPS, sides - 1) + 1):
        sets = list(combinations(range(sides - 1), count))
        weights = np.array([np.prod(share[list(each)]) for each in sets])
        for gaps, weight in zip(sets, weights / weights.sum(), strict=True):
            design = np.array([place > gap for gap in gaps], dtype=np.float64).T.reshape(sides, count)
            yield "steps" if count else "none", gaps, design, _PRIOR[count] * float(weight)
    if sides > MOST_STEPS and commits >= _SHORT_SLOPE:
        yield "slow rise", (), np.array(positions, dtype=np.float64)[:, None], _SLOW_PRIOR


def _fit(design: Floats, means: Floats) -> tuple[Floats, float]:
    """Return the least-squares parameters, and the squares that are left."""
    if not design.shape[1]:
        return np.zeros(0), float((means**2).sum())
    centred = design - design.mean(axis=0)
    shifts = np.linalg.lstsq(centred, means, rcond=None)[0]
    return shifts, float(((means - centred @ shifts) ** 2).sum())


def _tamed(values: Floats) -> Floats:
    """Return the values with their wildest residuals, of an additive fit of blocks and sides, drawn in."""
    rows = np.median(values, axis=1, keepdims=True)
    columns = np.median(values - rows, axis=0, keepdims=True)
    rows = rows + np.median(values - rows - columns, axis=1, keepdims=True)
    fit = rows + columns
    residuals = values - fit
    used = residuals.size / max((values.shape[0] - 1) * (values.shape[1] - 1), 1)  # by the fit's own parameters
    middle = float(np.median(np.abs(residuals[residuals != 0.0]))) if residuals.any() else 0.0
    reach = _WILD * max(_MAD_TO_SD * middle * math.sqrt(used), _LEAST_SD)
    tamed: Floats = fit + np.clip(residuals, -reach, reach)
    return tamed
