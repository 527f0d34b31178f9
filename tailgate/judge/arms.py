"""The four arms of a gate: base, head, a negative control (base again) and a positive one (head, slower on purpose)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tailgate.documents.comparison import Series
from tailgate.errors import TailgateError
from tailgate.judge.series import add_block
from tailgate.measure.batches import batch_for
from tailgate.measure.inject import MOST_TURNS, InjectionCost
from tailgate.measure.lockstep import Contest, again, run_contests
from tailgate.measure.protocol import Injection
from tailgate.measure.sides import UnavailableSideError

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from tailgate.measure.lockstep import Block, Plan
    from tailgate.measure.sides import Side

BASE: Final = "base"
HEAD: Final = "head"
NEGATIVE_CONTROL: Final = "negative-control"
POSITIVE_CONTROL: Final = "positive-control"


TAIL: Final = 0.99
"""The percentile that is judged of a tape."""

MEDIAN: Final = 0.5
"""The one that is judged of an input that is repeated: it has no tail of its own, what is slow in it is the machine."""


class BlindError(TailgateError):
    """A delay that no machine fit to judge would have missed was not seen."""


@dataclass(frozen=True, slots=True)
class Arms:
    """The sides of one gated benchmark, named by their arm."""

    base: Side
    head: Side
    negative_control: Side
    positive_control: Side

    def sides(self) -> tuple[Side, ...]:
        """Return all four."""
        return (self.base, self.head, self.negative_control, self.positive_control)


def arms_of(base: Side, head: Side, negative_control: Side, slowdown: Injection) -> Arms:
    """Name the arms and build the positive control into the last; who shares a process of base does so in each arm."""
    company = base.process.partition(" ")[2]

    def arm(name: str, side: Side, injection: Injection) -> Side:
        return replace(side, name=name, injection=injection, process=side.process and f"{name} {company}".strip())

    none = Injection()
    return Arms(
        arm(BASE, base, none),
        arm(HEAD, head, none),
        arm(NEGATIVE_CONTROL, negative_control, none),
        arm(POSITIVE_CONTROL, head, slowdown),
    )


@dataclass(frozen=True, slots=True)
class Scouting:
    """What one side was like, the plan that fits its budget, and what delays do to its p99.

    `curve` holds turns of delay and the log ratio they add to the reproducible percentile that is judged, both rising
    from 0. It is seen in place, because it is no straight line: the first turns behind an operation were seen to cost
    twice the later ones.
    """

    series: Series
    cost: InjectionCost
    plan: Plan
    side: str
    curve: tuple[tuple[float, float], ...]
    unequal: str = ""  # where head's answers first differ from base's, which they may
    percentile: float = TAIL

    def spin(self, percent: float) -> Injection:
        """Return the delay that moves the judged percentile by `percent`, put behind every operation."""
        turns, shifts = zip(*self.curve, strict=True)
        wanted = float(np.interp(math.log1p(percent / 100.0), shifts, turns))
        return Injection("spin", max(1, min(MOST_TURNS, round(wanted))))

    def rare(self, percent: float, every: int) -> Injection:
        """Return a delay of `percent` of the judged percentile, put behind each `every`-th operation."""
        return replace(self.spin(percent), every=every)

    def allocate(self, percent: float) -> Injection:
        """Return as many small lists an operation as cost about `percent` of the judged percentile."""
        judged_ns = self.series.median_ns("reproducible", self.side, self.percentile)
        return Injection("allocate", self.cost.lists_for(judged_ns * percent / 100.0))


_BLIND_PERCENT: Final = 30.0
"""A delay that no machine fit to judge would miss."""

_FIRST_PASSES: Final = 2

_FIRST_ROUND: Final = 0.6
"""The part of the time for both rounds after which the first one begins nothing any more."""

_DELAY_PASSES: Final = 4
"""Beside each other in one process the loops with and without a delay differ by little else."""

Run = Callable[..., None]
"""Runs contests as `run_contests` does, by the same arguments."""


def scout(
    sides: Mapping[str, Sequence[Side]],
    plan: Plan | Mapping[str, Plan],
    rng: random.Random,
    *,
    percents: Sequence[float] = (2.5, 5.0),
    processes: int = 1,
    percentile: float | Mapping[str, float] = TAIL,
    is_over: Callable[[float], bool] | None = None,
    run: Run = run_contests,
) -> dict[str, Scouting | TailgateError]:
    """Hold the sides of every benchmark to equal work, then see what delays do to the first side of each.

    A delay is seen inside ONE process, replayed beside the plain loop segment by segment: what layout and hash seed do
    to a process is then the same on both, and the size does not scatter with it. processes: over so many of them the
    median is taken. percentile: the one that a delay is sized by, of a tape, or of each benchmark's. is_over: tells
    whether this share of the time for both rounds has passed; no benchmark is begun then, an OverError stands for it.
    BlindError stands for one in which the greatest delay was not seen.
    """
    found: dict[str, Scouting | TailgateError] = {}
    firsts: dict[str, Block] = {}

    def first(name: str, outcome: Block | TailgateError) -> None:
        if isinstance(outcome, TailgateError):
            found[name] = outcome
        elif outcome.unavailable:
            told = "; ".join(f"{side} cannot run here: {why}" for side, why in outcome.unavailable.items())
            found[name] = UnavailableSideError(told)
        else:
            firsts[name] = replace(outcome, records=outcome.records[:1])

    def ends(share: float) -> dict[str, Any]:
        return {} if is_over is None else {"is_over": partial(is_over, share)}

    plans = plan if isinstance(plan, Mapping) else dict.fromkeys(sides, plan)
    few = {name: replace(each, passes=_FIRST_PASSES, gauge=True) for name, each in plans.items()}
    run([Contest(name, tuple(each), few[name]) for name, each in sides.items()], rng, first, **ends(_FIRST_ROUND))
    delays = {
        name: _Delays.of(
            block,
            plans[name],
            (*percents, _BLIND_PERCENT),
            percentile if isinstance(percentile, float) else percentile[name],
        )
        for name, block in firsts.items()
    }

    def second(name: str, outcome: Block | TailgateError) -> None:
        try:
            found[name] = outcome if isinstance(outcome, TailgateError) else delays[name].seen(outcome)
        except BlindError as error:
            found[name] = error

    contests = [
        Contest(name, tuple(each.sides(processes)), replace(each.plan, passes=min(each.plan.passes, _DELAY_PASSES)))
        for name, each in delays.items()
    ]
    if contests:
        run(contests, rng, second, **ends(1.0))
    return found


def too_short(
    found: Mapping[str, Scouting | TailgateError], margin_of: Callable[[str, float], float]
) -> dict[str, int]:
    """Return the benchmarks of which a step of the clock is more than the margin, each with the batch that it needs.

    margin_of: the margin of a benchmark's percentile, as a log ratio.
    """
    sizes: dict[str, int] = {}
    for name, each in found.items():
        if isinstance(each, Scouting):
            step = each.series.step("reproducible", each.side, each.percentile)
            sizes[name] = batch_for(step, margin_of(name, each.percentile))
    return {name: size for name, size in sizes.items() if size > 1}


@dataclass(frozen=True, slots=True)
class _Delays:
    """The delays that one side is replayed with, and what was known of it before."""

    side: Side
    series: Series
    cost: InjectionCost
    turns: tuple[int, ...]
    plan: Plan
    unequal: str
    percentile: float

    @classmethod
    def of(cls, block: Block, plan: Plan, percents: Sequence[float], tail: float) -> _Delays:
        series = Series()
        add_block(series, block)
        (record,) = block.records
        cost = InjectionCost(**record.ready["injection"])
        percentile = MEDIAN if record.ready.get("repeats") else tail
        judged_ns = series.median_ns("reproducible", record.side.name, percentile)
        turns = tuple(sorted({cost.spins_for(judged_ns * percent / 100.0) for percent in percents}))
        pass_s = max(float(np.median(record.samples.sum(axis=1))) * 1e-9, 1e-9)
        passes = max(1, min(plan.passes, int(plan.process_budget_s / pass_s) - 1))  # an operation may outlast its share
        fitted = replace(again(plan, block.operations), passes=passes)
        return cls(record.side, series, cost, turns, fitted, " ".join(block.unequal.values()), percentile)

    def sides(self, processes: int) -> Iterator[Side]:
        """Name the sides by process and turns; the plain loop has none."""
        for number in range(processes):
            here = replace(
                self.side,
                process=f"scout {number} {self.side.process}" if self.side.process else f"{self.side.name} {number}",
            )
            yield replace(here, name=f"{number} 0")
            for each in self.turns:
                yield replace(here, name=f"{number} {each}", injection=Injection("spin", each))

    def seen(self, block: Block) -> Scouting:
        """Return what the delays did."""
        series = Series()
        add_block(series, block)
        numbers = {record.side.name.partition(" ")[0] for record in block.records}
        shifts = [
            float(
                np.median([series.ratio_at("reproducible", f"{n} 0", f"{n} {each}", self.percentile) for n in numbers])
            )
            for each in self.turns
        ]
        if shifts[-1] <= 0.0:
            judged = f"p{100 * self.percentile:g} of {self.side.benchmark}"
            raise BlindError(
                f"a delay of about {_BLIND_PERCENT:.0f} % of the {judged} was not seen",
                hint="nothing can be judged here now; `tailgate doctor` says what is wrong with the machine",
            )
        rising = [float(each) for each in np.maximum.accumulate([0.0, *shifts])]
        curve = tuple(zip((0.0, *map(float, self.turns)), rising, strict=True))
        return Scouting(self.series, self.cost, self.plan, self.side.name, curve, self.unequal, self.percentile)
