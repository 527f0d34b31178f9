"""What each exchanged part costs, alone and with another one: costs that add up, over the levels of several axes.

A composition names a level of every axis; level 0 is the base's. Its cost, as a multiple of the base's, is 1, plus the
effect of each level that is not the base's, plus the effect of each pair of them. Costs add up and noise multiplies, so
the model is linear in the multiples and each of them is weighed by its own size. The effects have normal priors: wide
ones alone, narrow ones in pairs (most pairs do nothing), whose width and the misfit that no pair explains are those
under which the blocks are likeliest (empirical Bayes). docs/search.md has the simulation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from tailgate.statistics.errors import StatisticsError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tailgate.statistics.estimate import Floats

Ints = NDArray[np.int64]
Pair = tuple[tuple[int, int], tuple[int, int]]
"""Two levels of different axes, each as (axis, level); the lower axis first."""

_ALONE_SD: Final = 10.0
"""Of the prior of an effect alone, in multiples of the base: thirty times as long is no surprise."""

_PAIR_SDS: Final = (0.03, 0.06, 0.12, 0.24)
_MISFITS: Final = (0.003, 0.01, 0.03, 0.1)
_LEAST_SD: Final = 1e-6
_LEAST_COST: Final = 0.05
_WILD: Final = 2.5
_MAD_TO_SD: Final = 1.4826
_ROUNDS: Final = 6
_OF_THE_BLOCK: Final = 1.5
"""What the level of a block, which its other sides tell, adds to the variance of a side."""

BARRED: Final = 1e6
"""The cost of what must not be proposed."""


@dataclass(frozen=True, slots=True)
class Prior:
    """How wide the effects of pairs are, and what no pair explains: parts of the base's cost, and of the own one."""

    pair_sd: float = 0.08
    misfit: float = 0.01


@dataclass(frozen=True, slots=True)
class Tried:
    """What the blocks say of each composition that ran.

    levels: shape (compositions, axes). cost: multiples of the base's. blocks: how many each ran in. sd: of the
    logarithm of one cost in one block, from what ran in several.
    """

    levels: Ints
    cost: Floats
    blocks: Ints
    sd: float

    def row(self, composition: Sequence[int]) -> int:
        """Return the row of a composition, -1 where it was not tried."""
        found = np.flatnonzero((self.levels == np.asarray(composition)).all(axis=1))
        return int(found[0]) if found.size else -1


def gather(blocks: Sequence[tuple[Sequence[Sequence[int]], Sequence[float]]], *, least_sd: float = _LEAST_SD) -> Tried:
    """Return what blocks say of their compositions; the first side of each block is the base.

    A block is its compositions and their costs, all above zero. The logarithms are fitted as block plus composition;
    residuals beyond 2.5 robust deviations are drawn in. Raises StatisticsError where a block lacks the base.
    """
    index: dict[tuple[int, ...], int] = {}
    rows: list[tuple[int, int, float]] = []
    for number, (compositions, costs) in enumerate(blocks):
        if any(compositions[0]):
            raise StatisticsError(f"the first side of block {number} is {tuple(compositions[0])}, not the base")
        for composition, cost in zip(compositions, costs, strict=True):
            place = index.setdefault(tuple(composition), len(index))
            rows.append((number, place, math.log(cost)))
    block, side, logs = (np.array(column) for column in zip(*rows, strict=True))
    times = np.bincount(side, minlength=len(index))
    freedom = len(rows) - len(blocks) - (len(index) - 1)
    base = index[tuple(0 for _ in next(iter(index)))]
    tamed, sd = logs, least_sd
    for _ in range(_ROUNDS):
        of_block, of_side = _additive(block, side, tamed, times, base)
        residuals = logs - of_block[block] - of_side[side]
        known = residuals[times[side] > 1]
        if freedom < 1 or not known.any():
            break
        share = len(known) / freedom
        reach = _WILD * max(_MAD_TO_SD * float(np.median(np.abs(known))) * math.sqrt(share), least_sd)
        drawn_in = np.clip(residuals, -reach, reach)
        tamed = logs - residuals + drawn_in
        sd = max(math.sqrt(float((drawn_in**2).sum()) / freedom), least_sd)
    of_block, of_side = _additive(block, side, tamed, times, base)
    return Tried(np.array(list(index), dtype=np.int64), np.exp(of_side), times, sd)


def _additive(block: Ints, side: Ints, logs: Floats, times: Ints, base: int) -> tuple[Floats, Floats]:
    """Return the least-squares level of each block and of each side, the base's being 0: sides are eliminated first."""
    count = int(block.max()) + 1
    where = np.zeros((len(times), count))
    np.add.at(where, (side, block), 1.0)
    free = np.arange(len(times)) != base
    mean = np.bincount(side, weights=logs, minlength=len(times)) / times
    inner = where[free]
    matrix = np.diag(where.sum(axis=0)) - (inner / times[free, None]).T @ inner
    right = np.bincount(block, weights=logs - np.where(side == base, 0.0, mean[side]), minlength=count)
    of_block = np.linalg.solve(matrix, right)
    of_side: Floats = np.where(free, mean - (where @ of_block) / times, 0.0)
    return of_block, of_side


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each effect stands in the vector of all: `sizes` levels of each axis, the base's without an effect."""

    sizes: tuple[int, ...]
    mains: tuple[int, ...] = field(init=False)
    pairs: Mapping[tuple[int, int], int] = field(init=False)
    count: int = field(init=False)

    def __post_init__(self) -> None:
        """Lay the effects out: those alone first, then each pair of axes."""
        ends = np.cumsum([0, *(size - 1 for size in self.sizes)])
        places, at = {}, int(ends[-1])
        for one, other in combinations(range(len(self.sizes)), 2):
            places[one, other] = at
            at += (self.sizes[one] - 1) * (self.sizes[other] - 1)
        object.__setattr__(self, "mains", tuple(int(end) for end in ends))
        object.__setattr__(self, "pairs", places)
        object.__setattr__(self, "count", at)

    def main(self, axis: int, level: int) -> int:
        """Return the place of a level's effect alone; the level is not the base's."""
        return self.mains[axis] + level - 1

    def pair(self, pair: Pair) -> int:
        """Return the place of a pair's effect; neither level is the base's."""
        (one, level), (other, second) = pair
        return self.pairs[one, other] + (level - 1) * (self.sizes[other] - 1) + second - 1

    def design(self, levels: Ints) -> Floats:
        """Return which effects each composition has: shape (compositions, effects), of 0 and 1."""
        made = np.zeros((len(levels), self.count))
        rows = np.arange(len(levels))
        for axis in range(len(self.sizes)):
            has = levels[:, axis] > 0
            made[rows[has], self.mains[axis] + levels[has, axis] - 1] = 1.0
        for (one, other), start in self.pairs.items():
            has = (levels[:, one] > 0) & (levels[:, other] > 0)
            place = start + (levels[has, one] - 1) * (self.sizes[other] - 1) + levels[has, other] - 1
            made[rows[has], place] = 1.0
        return made

    def variances(self, prior: Prior) -> Floats:
        """Return the variance of every effect's prior."""
        made = np.full(self.count, prior.pair_sd**2)
        made[: self.mains[-1]] = _ALONE_SD**2
        return made


@dataclass(frozen=True, slots=True)
class Effects:
    """The posterior of all effects, over the layout's places.

    gain: what the mean learns of each cost, shape (effects, compositions). The covariance is never formed: landscapes
    are drawn from the prior and corrected by what the costs say of them (Matheron's rule), which asks for matrices of
    the size of what was tried alone.
    """

    layout: Layout
    prior: Prior
    tried: Tried
    mean: Floats
    variance: Floats
    gain: Floats
    _costs: _Costs
    _fits: Floats

    def main(self, axis: int, level: int) -> tuple[float, float]:
        """Return the effect of a level alone, and its standard deviation."""
        return self._at(self.layout.main(axis, level))

    def pair(self, pair: Pair) -> tuple[float, float]:
        """Return what a pair costs beyond both alone, and its standard deviation."""
        return self._at(self.layout.pair(pair))

    def _at(self, place: int) -> tuple[float, float]:
        return float(self.mean[place]), math.sqrt(max(float(self.variance[place]), 0.0))

    def cost(self, levels: Ints) -> Floats:
        """Return the expected cost of compositions; what one that was tried showed beyond its effects is in it."""
        plain: Floats = 1.0 + self.layout.design(levels) @ self.mean
        own = self._own_share() * (self.tried.cost - self._fits)
        for number, composition in enumerate(levels):
            if (row := self.tried.row(composition)) >= 0:
                plain[number] += own[row]
        return plain

    def _own_share(self) -> Floats:
        """Return how much of a tried composition's misfit is its own, and not noise."""
        misfit, noise = self.prior.misfit**2, _OF_THE_BLOCK * self.tried.sd**2 / self.tried.blocks
        share: Floats = misfit / (misfit + noise)
        return share

    def draw(self, rng: np.random.Generator, count: int, barred: Collection[tuple[int, int] | Pair] = ()) -> Draws:
        """Draw so many landscapes that the blocks allow; what is barred, a level or a pair, costs too much in each."""
        costs = self._costs
        before = rng.standard_normal((count, self.layout.count)) * np.sqrt(self.layout.variances(self.prior))
        noise = rng.standard_normal((count, len(costs.over))) * np.sqrt(costs.variance(self.prior))
        effects = before + (costs.over - before @ costs.design.T - noise) @ self.gain.T
        fits = 1.0 + effects @ self.layout.design(self.tried.levels).T
        share = self._own_share()
        own_sd = self.prior.misfit * np.maximum(self.tried.cost, _LEAST_COST) * np.sqrt(1.0 - share)
        own = share * (self.tried.cost - fits) + own_sd * rng.standard_normal(fits.shape)
        return Draws.of(self.layout, effects, fits + own, barred)


def fit(layout: Layout, tried: Tried, prior: Prior) -> Effects:
    """Return the posterior of the effects."""
    costs = _Costs.of(layout, tried)
    before = layout.variances(prior)
    reach: Floats = before[:, None] * costs.design.T
    gain = np.asarray(np.linalg.solve(costs.covariance(prior), reach.T).T, dtype=np.float64)
    variance = before - np.einsum("ij,ij->i", gain, reach)
    mean: Floats = gain @ costs.over
    return Effects(layout, prior, tried, mean, variance, gain, costs, 1.0 + layout.design(tried.levels) @ mean)


def likeliest_prior(layout: Layout, tried: Tried) -> Prior:
    """Return the prior of a grid under which the costs are likeliest; one that nothing speaks of stays as it is."""
    costs = _Costs.of(layout, tried)
    together = bool(costs.design[:, layout.mains[-1] :].any())
    grid = [
        Prior(pair_sd, misfit) for pair_sd in (_PAIR_SDS if together else (Prior().pair_sd,)) for misfit in _MISFITS
    ]
    return max(grid, key=costs.evidence)


@dataclass(frozen=True, slots=True)
class _Costs:
    """The costs over the base's, which is 1 by definition, and what they are weighed by.

    alone, together: how many effects of a kind two compositions share.
    """

    layout: Layout
    design: Floats
    over: Floats
    size: Floats
    noise: Floats
    alone: Floats
    together: Floats

    @classmethod
    def of(cls, layout: Layout, tried: Tried) -> _Costs:
        others = tried.levels.any(axis=1)
        noise = _OF_THE_BLOCK * tried.sd**2 / tried.blocks[others]
        size = np.maximum(tried.cost[others], _LEAST_COST)
        design = layout.design(tried.levels[others])
        shared = (part @ part.T for part in np.split(design, [layout.mains[-1]], axis=1))
        return cls(layout, design, tried.cost[others] - 1.0, size, noise, *shared)

    def variance(self, prior: Prior) -> Floats:
        variance: Floats = self.size**2 * (self.noise + prior.misfit**2)
        return variance

    def covariance(self, prior: Prior) -> Floats:
        covariance: Floats = _ALONE_SD**2 * self.alone + prior.pair_sd**2 * self.together
        covariance[np.diag_indices_from(covariance)] += self.variance(prior)
        return covariance

    def evidence(self, prior: Prior) -> float:
        """Return the logarithm of the chance of the costs, but for a constant."""
        root = np.linalg.cholesky(self.covariance(prior))
        white = np.linalg.solve(root, self.over)
        return -0.5 * float(white @ white) - float(np.log(np.diag(root)).sum())


@dataclass(frozen=True, slots=True)
class Draws:
    """Landscapes: of each the effect of every level, of every pair of levels, and the costs of what was tried.

    alone: shape (draws, levels of all axes). together: (draws, levels, levels), symmetric.
    tried: (draws, compositions).
    """

    sizes: tuple[int, ...]
    starts: Ints
    alone: Floats
    together: Floats
    tried: Floats

    @classmethod
    def of(cls, layout: Layout, effects: Floats, tried: Floats, barred: Collection[tuple[int, int] | Pair]) -> Draws:
        """Spread the effects over all levels, the base's having none."""
        sizes, count = layout.sizes, len(effects)
        starts = np.cumsum([0, *sizes])
        alone = np.zeros((count, int(starts[-1])))
        together = np.zeros((count, int(starts[-1]), int(starts[-1])))
        for axis, size in enumerate(sizes):
            at = layout.mains[axis]
            alone[:, starts[axis] + 1 : starts[axis + 1]] = effects[:, at : at + size - 1]
        for (one, other), at in layout.pairs.items():
            shape = (sizes[one] - 1, sizes[other] - 1)
            table = effects[:, at : at + shape[0] * shape[1]].reshape(count, *shape)
            rows, columns = (slice(starts[axis] + 1, starts[axis + 1]) for axis in (one, other))
            together[:, rows, columns] = table
            together[:, columns, rows] = table.transpose(0, 2, 1)
        made = cls(sizes, starts, alone, together, tried)
        for each in barred:
            made._bar(each)
        return made

    def _bar(self, what: tuple[int, int] | Pair) -> None:
        if isinstance(what[0], tuple):
            (one, level), (other, second) = what
            a, b = int(self.starts[one]) + level, int(self.starts[other]) + second
            self.together[:, a, b] = self.together[:, b, a] = BARRED
        else:
            axis, single = what
            self.alone[:, int(self.starts[axis]) + int(single)] = BARRED

    def best(self, begin: Ints, sweeps: int = 3) -> tuple[Ints, Floats]:
        """Return the cheapest composition of each draw, and its cost, by exchanging pairs until nothing is gained.

        begin: where the descents of every draw begin, shape (starts, axes). Two levels are exchanged at a time, so what
        is worth it only together is found; of all its descents a draw keeps the deepest.
        """
        draws, many = len(self.alone), len(begin)
        owner = np.repeat(np.arange(draws), many)
        levels = np.tile(begin, (draws, 1))
        alone, together = self.alone[owner], self.together[owner]
        rows = np.arange(len(owner))
        with_all = alone.copy()
        for axis in range(len(self.sizes)):
            with_all += together[rows, :, self.starts[axis] + levels[:, axis]]
        axes = list(combinations(range(len(self.sizes)), 2)) or [(0, 0)]
        for _ in range(sweeps):
            before = levels.copy()
            for one, other in axes:
                self._exchange(one, other, levels, with_all, together, rows)
            if np.array_equal(before, levels):
                break
        costs = self._cost(levels, alone, together, rows).reshape(draws, many)
        deepest = costs.argmin(axis=1)
        found = levels.reshape(draws, many, -1)[np.arange(draws), deepest]
        return found, costs[np.arange(draws), deepest]

    def _exchange(self, one: int, other: int, levels: Ints, with_all: Floats, together: Floats, rows: Ints) -> None:
        """Set two axes to their cheapest pair of levels, in every row, the other axes as they are."""
        pair = (one,) if one == other else (one, other)
        for axis in pair:
            with_all -= together[rows, :, self.starts[axis] + levels[:, axis]]
        first = with_all[:, self.starts[one] : self.starts[one + 1]]
        if one == other:
            levels[:, one] = first.argmin(axis=1)
        else:
            second = with_all[:, self.starts[other] : self.starts[other + 1]]
            both = together[:, self.starts[one] : self.starts[one + 1], self.starts[other] : self.starts[other + 1]]
            table = first[:, :, None] + second[:, None, :] + both
            place = table.reshape(len(rows), -1).argmin(axis=1)
            levels[:, one], levels[:, other] = np.divmod(place, self.sizes[other])
        for axis in pair:
            with_all += together[rows, :, self.starts[axis] + levels[:, axis]]

    def _cost(self, levels: Ints, alone: Floats, together: Floats, rows: Ints) -> Floats:
        places = self.starts[:-1] + levels
        cost: Floats = 1.0 + alone[rows[:, None], places].sum(axis=1)
        for one, other in combinations(range(len(self.sizes)), 2):
            cost += together[rows, places[:, one], places[:, other]]
        return cost
