"""The four arms of a gate: base, head, a control (base again) and a canary (head, made slower on purpose)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tailgate.judge.series import Series
from tailgate.measure.inject import InjectionCost
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
    """What one side alone was like: its figures, what a slowdown costs there, and the plan that fits its budget."""

    series: Series
    cost: InjectionCost
    plan: Plan
    side: str

    def spin(self, percent: float, *, every: int = 1) -> Injection:
        """Give the delay that makes an operation slower by `percent` of the reproducible p99."""
        return Injection("spin", self.cost.spins_for(self.delay_ns(percent)), every)

    def allocate(self, percent: float) -> Injection:
        """Give as many small lists an operation as cost `percent` of the reproducible p99."""
        return Injection("allocate", self.cost.lists_for(self.delay_ns(percent)))

    def delay_ns(self, percent: float) -> float:
        """Give that part of the reproducible p99."""
        return self.series.median_ns("reproducible", self.side, 0.99) * percent / 100.0


def scout(side: Side, plan: Plan, rng: random.Random, *, block: Callable[..., Block] = run_block) -> Scouting:
    """Run one side alone: how slow its tail is, and how many operations fit."""
    series = Series()
    done = block((side,), replace(plan, passes=3), rng)
    series.add(done)
    cost = InjectionCost(**done.records[0].ready["injection"])
    return Scouting(series, cost, replace(plan, operations=series.operations, process_budget_s=float("inf")), side.name)
