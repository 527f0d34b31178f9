"""Looking at the blocks several times while the chance of a false alarm stays what was claimed.

An error-spending plan (Lan and DeMets 1983): a function says how much of alpha may be used up by the time a fraction of
the blocks is there; the bound of each analysis is found by carrying the density of the still undecided test statistic
from one to the next (Armitage, McPherson and Rowe 1969), here by Gauss-Legendre quadrature.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import NormalDist
from typing import Literal, get_args

import numpy as np

from tailgate.statistics.errors import StatisticsError
from tailgate.statistics.estimate import Floats, checked_probability

Spending = Literal["obrien-fleming", "cubic", "quadratic", "pocock"]

_NODES = 120  # of the quadrature; 480 agree with it to 1e-12 at 55 analyses
_REACH = 9.0  # standard deviations below zero where the density is cut: 1e-19 of it is lost
_HALVINGS = 60


def spent(spending: Spending, alpha: float, fraction: float) -> float:
    """Return how much of the one-sided alpha may be used up once `fraction` of the blocks is there (0 to 1)."""
    t = min(max(fraction, 0.0), 1.0)
    if t == 0.0:
        return 0.0
    match spending:
        case "obrien-fleming":
            return 2 * _beyond(-NormalDist().inv_cdf(alpha / 2) / math.sqrt(t))
        case "cubic":
            return alpha * t**3
        case "quadratic":
            return alpha * t**2
        case "pocock":
            return alpha * math.log1p((math.e - 1) * t)


@dataclass(frozen=True, slots=True)
class Plan:
    """Fix, before the first block, when to analyse and how much error each analysis may use.

    `looks` are numbers of blocks, rising. `alpha` is the ONE-SIDED error over all analyses together: the chance that
    the lower bound ever lies above the truth. For a two-sided question give half of it, once per side. `horizon` is the
    number of blocks at which a full run would have spent all of alpha (the last analysis unless said); the last
    analysis always spends what is left.
    """

    looks: tuple[int, ...] = (12, 18, 24)
    alpha: float = 0.01
    spending: Spending = "quadratic"
    horizon: int = 0

    def __post_init__(self) -> None:
        checked_probability(self.alpha, "alpha")
        rising = all(a < b for a, b in zip(self.looks, self.looks[1:], strict=False))
        if not self.looks or self.looks[0] < 1 or not rising:
            raise StatisticsError(f"analyses must be rising numbers of blocks, but are {self.looks}")
        if self.spending not in get_args(Spending):
            raise StatisticsError(
                f"no spending is called {self.spending!r}", hint=f"choose one of {', '.join(get_args(Spending))}"
            )

    @property
    def last(self) -> int:
        """Return the index of the last analysis."""
        return len(self.looks) - 1

    def spent_at(self, look: int) -> float:
        """Return the error that may be used up by the end of analysis `look` (from 0)."""
        if look == self.last:
            return self.alpha
        return spent(self.spending, self.alpha, self.looks[look] / max(self.horizon, self.looks[-1]))

    def nominal_alpha(self, look: int) -> float:
        """Return the one-sided level at which analysis `look` (from 0) tests, so that all together keep alpha."""
        return _beyond(self.boundary(look))

    def boundary(self, look: int) -> float:
        """Return the same as a bound on the standard normal test statistic."""
        if not 0 <= look <= self.last:
            raise StatisticsError(f"the plan has analyses 0 to {self.last}, there is no analysis {look}")
        return _boundaries(self)[look]

    def is_idle(self, look: int) -> bool:
        """Tell whether an analysis can never reject: its level is below 2^-blocks, the least p of a sign-flip test."""
        return self.nominal_alpha(look) < 2.0 ** -self.looks[look]

    def look_at(self, blocks: int) -> int:
        """Return the index of the analysis after `blocks` blocks; raise StatisticsError where none is planned."""
        if blocks not in self.looks:
            raise StatisticsError(
                f"no analysis is planned after {blocks} blocks, only after {', '.join(map(str, self.looks))}",
                hint="a run that ended early for lack of time is judged by plan.cut_at(blocks)",
            )
        return self.looks.index(blocks)

    def with_alpha(self, alpha: float) -> Plan:
        """Return the same analyses with another alpha, as Holm's steps need."""
        return replace(self, alpha=alpha)

    def without_idle_looks(self) -> Plan:
        """Return the plan without the early analyses that can not reject: what they would spend goes to the next."""
        plan = self
        while len(plan.looks) > 1 and plan.is_idle(0):
            plan = replace(plan, looks=plan.looks[1:])
        return plan

    def cut_at(self, blocks: int) -> Plan:
        """Return the plan that ends at `blocks` because the time ran out, never because of what was seen.

        The analyses before it keep their bounds; the last one spends all that is left.
        """
        kept = tuple(n for n in self.looks if n < blocks)
        return replace(self, looks=(*kept, blocks), horizon=max(self.horizon, self.looks[-1]))


def _beyond(z: float) -> float:
    """Return the chance of a standard normal value above z, accurate far out."""
    return math.erfc(z / math.sqrt(2)) / 2


def _density(x: Floats, variance: float) -> Floats:
    density: Floats = np.exp(-(x**2) / (2 * variance)) / math.sqrt(2 * math.pi * variance)
    return density


@lru_cache(maxsize=512)
def _boundaries(plan: Plan) -> tuple[float, ...]:
    """Find the bounds one by one; the statistic is Brownian motion observed at the analyses' share of the blocks."""
    roots, weights = np.polynomial.legendre.leggauss(_NODES)
    points, mass = np.zeros(1), np.ones(1)  # before the first analysis all the mass sits at zero
    bounds: list[float] = []
    before, used = 0.0, 0.0
    for look, blocks in enumerate(plan.looks):
        time = blocks / plan.looks[-1]
        deviation, scale = math.sqrt(time - before), math.sqrt(time)
        end = _solve(points, mass, deviation, plan.spent_at(look) - used, scale)
        bounds.append(end / scale)
        start = -_REACH * scale
        fresh = start + (roots + 1) * (end - start) / 2
        mass = (_density(fresh[:, None] - points[None, :], time - before) @ mass) * weights * (end - start) / 2
        points, before, used = fresh, time, plan.spent_at(look)
    return tuple(bounds)


def _solve(points: Floats, mass: Floats, deviation: float, share: float, scale: float) -> float:
    """Find the end beyond which one more step carries `share` of the mass; the crossing falls with it: bisect."""
    low, high = -_REACH * scale, _REACH * scale
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        crossing = float(np.dot([_beyond((middle - x) / deviation) for x in points.tolist()], mass))
        low, high = (middle, high) if crossing > share else (low, middle)
    return high


def duel_plan(
    blocks: int, *, first: int = 6, every: int = 2, alpha: float = 0.01, spending: Spending = "cubic"
) -> Plan:
    """Return a plan for a two-sided question: analyses at `first`, `first + every`, ... and at `blocks`, the last.

    Each direction has alpha / 2. Analyses too early for either direction to be rejected are left out, so the first is
    later than `first` where alpha is small; a run of very few blocks keeps its last analysis only.
    """
    if blocks < 1 or first < 1 or every < 1:
        raise StatisticsError(f"no analyses can be planned at {first}, every {every}, up to {blocks} blocks")
    looks = (*range(first, blocks, every), blocks)
    one_sided = Plan(looks, alpha / 2, spending).without_idle_looks()
    return one_sided.with_alpha(alpha)
