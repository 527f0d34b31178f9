"""The four arms of a gate: base, head, a control (base again) and a canary (head, made slower on purpose)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from tailgate.errors import TailgateError
from tailgate.judge.series import Series
from tailgate.measure.inject import MOST_TURNS, InjectionCost
from tailgate.measure.lockstep import run_block
from tailgate.measure.protocol import Injection

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tailgate.measure.lockstep import Block, Plan
    from tailgate.measure.sides import Side

BASE: Final = "base"
HEAD: Final = "head"
CONTROL: Final = "control"
CANARY: Final = "canary"


class BlindError(TailgateError):
    """A delay that no machine fit to judge would have missed was not seen."""


@dataclass(frozen=True, slots=True)
class Arms:
    """The sides of one gated benchmark, named by their arm."""

    base: Side
    head: Side
    control: Side
    canary: Side

    def sides(self) -> tuple[Side, ...]:
        """Give all four."""
        return (self.base, self.head, self.control, self.canary)


def arms_of(base: Side, head: Side, control: Side, canary: Injection) -> Arms:
    """Name the arms and build the canary into the last."""
    return Arms(
        replace(base, name=BASE),
        replace(head, name=HEAD),
        replace(control, name=CONTROL),
        replace(head, name=CANARY, injection=canary),
    )


@dataclass(frozen=True, slots=True)
class Scouting:
    """What one side alone was like, the plan that fits its budget, and what delays do to its p99.

    `curve` holds turns of delay and the log ratio they add to the reproducible p99, both rising from 0. It is seen in
    place, because it is no straight line: the first turns behind an operation were seen to cost twice the later ones.
    """

    series: Series
    cost: InjectionCost
    plan: Plan
    side: str
    curve: tuple[tuple[float, float], ...]

    def spin(self, percent: float) -> Injection:
        """Give the delay that moves the reproducible p99 by `percent`, put behind every operation."""
        turns, shifts = zip(*self.curve, strict=True)
        wanted = float(np.interp(math.log1p(percent / 100.0), shifts, turns))
        return Injection("spin", max(1, min(MOST_TURNS, round(wanted))))

    def rare(self, percent: float, every: int) -> Injection:
        """Give a delay of `percent` of the reproducible p99, put behind each `every`-th operation."""
        return replace(self.spin(percent), every=every)

    def allocate(self, percent: float) -> Injection:
        """Give as many small lists an operation as cost about `percent` of the reproducible p99."""
        p99_ns = self.series.median_ns("reproducible", self.side, 0.99)
        return Injection("allocate", self.cost.lists_for(p99_ns * percent / 100.0))


_SCOUT_PERCENTS: Final = (1.0, 2.5, 5.0, 12.0, 30.0)
_SCOUT_BLOCKS: Final = 3


def scout(
    side: Side,
    plan: Plan,
    rng: random.Random,
    *,
    blocks: int = _SCOUT_BLOCKS,
    block: Callable[..., Block] = run_block,
) -> Scouting:
    """Run one side alone, then beside itself with delays: how slow its tail is, and what a delay does to it.

    blocks: how many of the latter; the error of `Scouting.curve` falls with their square root. BlindError where the
    greatest delay was not seen.
    """
    series = Series()
    done = block((side,), replace(plan, passes=3), rng)
    series.add(done)
    cost = InjectionCost(**done.records[0].ready["injection"])
    fitted = replace(plan, operations=series.operations, process_budget_s=float("inf"))
    p99_ns = series.median_ns("reproducible", side.name, 0.99)
    turns = sorted({cost.spins_for(p99_ns * percent / 100.0) for percent in _SCOUT_PERCENTS})
    slower = [replace(side, name=str(each), injection=Injection("spin", each)) for each in turns]
    beside = Series()
    for _ in range(blocks):
        beside.add(block((side, *slower), fitted, rng))
    shifts = [float(np.median(beside.ratio_at("reproducible", side.name, str(each), 0.99))) for each in turns]
    if shifts[-1] <= 0.0:
        raise BlindError(
            f"a delay of about {_SCOUT_PERCENTS[-1]:.0f} % of the p99 of {side.benchmark} was not seen",
            hint="nothing can be judged here now; `tailgate doctor` says what is wrong with the machine",
        )
    rising = np.maximum.accumulate([0.0, *shifts])
    return Scouting(series, cost, fitted, side.name, tuple(zip((0.0, *map(float, turns)), rising, strict=True)))
