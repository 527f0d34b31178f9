"""The four arms of a gate: base, head, a control (base again) and a canary (head, made slower on purpose)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tailgate.judge.series import Series
from tailgate.measure.inject import spins_for
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

_WRAPPER_NS: Final = 60.0
"""What the injection itself costs beside its turns: one more Python call and the start of a loop."""


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


def scout(
    side: Side, plan: Plan, rng: random.Random, *, block: Callable[..., Block] = run_block
) -> tuple[Series, Plan]:
    """Run one side alone: how slow its tail is, and how many operations fit; the plan comes back with that number."""
    series = Series()
    series.add(block((side,), replace(plan, passes=3), rng))
    return series, replace(plan, operations=series.operations, process_budget_s=float("inf"))


def spin_of(series: Series, side: str, percent: float) -> Injection:
    """Give the delay that makes every operation slower by `percent` of the side's reproducible p99."""
    delay_ns = series.median_ns("reproducible", side, 0.99) * percent / 100.0
    return Injection("spin", spins_for(max(1.0, delay_ns - _WRAPPER_NS)))
