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
    """What one side alone was like, the plan that fits its budget, and how much of its p99 a turn of delay is.

    `turn_shift` is the log ratio that a single turn adds to the reproducible p99, seen in place: behind a real operation
    a turn costs more than in a hot loop of its own.
    """

    series: Series
    cost: InjectionCost
    plan: Plan
    side: str
    turn_shift: float

    def spin(self, percent: float) -> Injection:
        """Give the delay that moves the reproducible p99 by `percent`, put behind every operation."""
        turns = math.log1p(percent / 100.0) / self.turn_shift
        return Injection("spin", max(1, min(MOST_TURNS, round(turns))))

    def rare(self, percent: float, every: int) -> Injection:
        """Give a delay of `percent` of the reproducible p99, put behind each `every`-th operation."""
        return replace(self.spin(percent), every=every)

    def allocate(self, percent: float) -> Injection:
        """Give as many small lists an operation as cost about `percent` of the reproducible p99."""
        p99_ns = self.series.median_ns("reproducible", self.side, 0.99)
        return Injection("allocate", self.cost.lists_for(p99_ns * percent / 100.0))


_SCOUT_PERCENT: Final = 20.0
_SCOUT_BLOCKS: Final = 3


def scout(side: Side, plan: Plan, rng: random.Random, *, block: Callable[..., Block] = run_block) -> Scouting:
    """Run one side alone, then beside itself with a delay: how slow its tail is, and what a turn does to it."""
    series = Series()
    done = block((side,), replace(plan, passes=3), rng)
    series.add(done)
    cost = InjectionCost(**done.records[0].ready["injection"])
    fitted = replace(plan, operations=series.operations, process_budget_s=float("inf"))
    turns = cost.spins_for(series.median_ns("reproducible", side.name, 0.99) * _SCOUT_PERCENT / 100.0)
    slower = replace(side, name=CANARY, injection=Injection("spin", turns))
    beside = Series()
    for _ in range(_SCOUT_BLOCKS):
        beside.add(block((side, slower), fitted, rng))
    shift = float(np.median(beside.ratio_at("reproducible", side.name, CANARY, 0.99)))
    if shift <= 0.0:
        raise TailgateError(
            f"a delay of about {_SCOUT_PERCENT:.0f} % of the p99 of {side.benchmark} was not seen",
            hint="nothing can be judged here now; `tailgate doctor` says what is wrong with the machine",
        )
    return Scouting(series, cost, fitted, side.name, shift / turns)
