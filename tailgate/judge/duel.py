"""A duel: which of two sides is faster, where in the distribution, and how sure; it stops once that is clear."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from tailgate.documents.comparison import KINDS, Kind, Series
from tailgate.judge.series import add_block
from tailgate.measure.batches import batch_for, is_no_batch
from tailgate.measure.lockstep import again, run_block
from tailgate.measure.sides import SideError, UnavailableSideError
from tailgate.statistics.decision import Comparison, compare
from tailgate.statistics.estimate import log_shift
from tailgate.statistics.quantiles import LADDER, is_advisory
from tailgate.statistics.sequential import Plan as Looks
from tailgate.statistics.sequential import duel_plan

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tailgate.measure.lockstep import Block, Plan
    from tailgate.measure.sides import Side

PRIMARY: Final[tuple[Kind, float]] = ("reproducible", 0.99)
"""The figure that decides when a duel may stop."""

_LEAST_BLOCKS: Final = 8


@dataclass(frozen=True, slots=True)
class Shift:
    """How one percentile of the second side stands to the first's."""

    kind: Kind
    p: float
    base_ns: float
    head_ns: float
    comparison: Comparison
    advisory: bool
    coarse: bool = False  # what could be detected is one step of the clock


@dataclass(frozen=True, slots=True)
class Duel:
    """The answer: verdict speaks of the second side, about PRIMARY."""

    base: str
    head: str
    verdict: Literal["slower", "faster", "undecided"]
    shifts: tuple[Shift, ...]
    blocks: int
    seconds: float
    series: Series
    environment_share: tuple[float, float]  # of the raw p99, of base and head
    interrupted: bool = False  # by Ctrl-C: undecided, whatever its blocks say
    batch: int = 1  # operations that were timed together

    def shift(self, kind: Kind, p: float) -> Shift:
        """Return one figure."""
        return next(each for each in self.shifts if each.kind == kind and each.p == p)


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a duel may take, and its error: alpha is two-sided, over all interim analyses together.

    finest: the log ratio that the clock must be able to show; shorter operations are timed several at a time.
    """

    seconds: float = 60.0
    alpha: float = 0.01
    most_blocks: int = 60
    finest: float = log_shift(1.0)


def run_duel(
    sides: tuple[Side, Side],
    plan: Plan,
    rng: random.Random,
    budget: Budget,
    *,
    heard: Callable[[int, int, Comparison | None], None] = lambda *_: None,
    block: Callable[..., Block] = run_block,
    clock: Callable[[], float] = time.monotonic,
) -> Duel:
    """Run blocks until PRIMARY is decided, the budget is spent or its `most_blocks` are done.

    The interim analyses are planned from the duration of the first block alone, before any result is seen; where the
    time then runs out earlier, the plan is cut, which spends what is left of alpha at the last analysis. Ctrl-C ends it
    undecided with the blocks that are whole; before the first it is raised.
    """
    began = clock()
    base, head = sides[0].name, sides[1].name
    looks: Looks | None = None
    comparison: Comparison | None = None
    slowest_s = 0.0
    series = Series()
    try:
        while True:
            started = clock()
            if len(series):
                add_block(series, block(sides, plan, rng))
            else:
                series, plan, later = _first(sides, plan, rng, budget, block, clock)
                started = later or started
            slowest_s = max(slowest_s, clock() - started)
            if looks is None:
                possible = int((budget.seconds - (started - began)) / max(clock() - started, 1e-9))
                looks = duel_plan(max(_LEAST_BLOCKS, min(budget.most_blocks, possible)), alpha=budget.alpha)
            if clock() - began + slowest_s > budget.seconds and len(series) >= _LEAST_BLOCKS:
                looks = looks.cut_at(len(series))
            if len(series) in looks.looks:
                comparison = _compare(series, base, head, PRIMARY, looks)
                heard(len(series), looks.looks[-1], comparison)
                if len(series) == looks.looks[-1] or comparison.verdict in {"slower", "faster"}:
                    break
            else:
                heard(len(series), looks.looks[-1], comparison)
    except KeyboardInterrupt:
        if not len(series):
            raise
        looks = (looks or duel_plan(_LEAST_BLOCKS, alpha=budget.alpha)).cut_at(len(series))
        told = conclude(series, base, head, looks, clock() - began)
        return replace(told, verdict="undecided", interrupted=True, batch=plan.batch)
    return replace(conclude(series, base, head, looks, clock() - began), batch=plan.batch)


def _first(
    sides: tuple[Side, Side],
    plan: Plan,
    rng: random.Random,
    budget: Budget,
    block: Callable[..., Block],
    clock: Callable[[], float],
) -> tuple[Series, Plan, float]:
    """Run the first block; return it, the plan of those that follow, and when it began where another came before it.

    Where a step of the clock is more of the shorter side's p99 than a duel should find, that block only shows how short
    the operations are: the duel begins anew with batches of them, unless they cannot be timed together. Its size comes
    from the clock and from how long an operation takes, never from how the sides differ.
    """
    series = Series()
    add_block(series, _whole(block(sides, plan, rng)))
    kind, p = PRIMARY
    batch = max(batch_for(series.step(kind, side.name, p), budget.finest) for side in sides)
    started = 0.0
    if batch > 1:
        began = clock()
        try:
            done = _whole(block(sides, replace(plan, batch=batch), rng))
        except SideError as error:
            if not is_no_batch(error):
                raise
        else:
            series, plan, started = Series(), replace(plan, batch=batch), began
            add_block(series, done)
    return series, again(plan, series.operations), started


def _whole(done: Block) -> Block:
    for name, why in done.unavailable.items():
        raise UnavailableSideError(f"{name} cannot run here: {why}")
    return done


def conclude(series: Series, base: str, head: str, looks: Looks, seconds: float) -> Duel:
    """Compare every percentile at the analysis where the blocks ended."""
    shifts = tuple(_shift(series, base, head, (kind, p), looks) for kind in KINDS for p in LADDER)
    primary = next(each.comparison.verdict for each in shifts if (each.kind, each.p) == PRIMARY)
    verdict: Literal["slower", "faster", "undecided"] = "undecided" if primary == "continue" else primary
    share = (series.environment_share(base, 0.99), series.environment_share(head, 0.99))
    return Duel(base, head, verdict, shifts, len(series), seconds, series, share)


def _shift(series: Series, base: str, head: str, figure: tuple[Kind, float], looks: Looks) -> Shift:
    kind, p = figure
    comparison, step = _compare(series, base, head, figure, looks), series.step(kind, base, p)
    return Shift(
        kind,
        p,
        series.median_ns(kind, base, p),
        series.median_ns(kind, head, p),
        replace(comparison, mde=max(comparison.mde, step)),
        is_advisory(p, series.different),
        coarse=comparison.mde < step,
    )


def _compare(series: Series, base: str, head: str, figure: tuple[Kind, float], looks: Looks) -> Comparison:
    return compare(series.ratio_at(figure[0], base, head, figure[1]), looks, looks.look_at(len(series)))
