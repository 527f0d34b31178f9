"""Many sides against one, all in the same blocks: a table of how they stand to the first."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping  # noqa: TC003  read when a league is loaded
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tailgate.documents.comparison import Kind, Series
from tailgate.judge.series import add_block
from tailgate.measure.lockstep import again, run_block
from tailgate.statistics.sign_flip import hodges_lehmann, sign_flip_interval

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from tailgate.measure.lockstep import Block, Plan
    from tailgate.measure.sides import Side

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Times:
    """How many times as long the base takes: above 1, the side is faster. The interval is for this figure alone."""

    times: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return the factor and its interval."""
        digits = 1 if self.times >= 10 else 2 if self.times >= 2 else 3
        low, high = (f"{end:.{digits}f}" if math.isfinite(end) and end > 0 else "open" for end in (self.low, self.high))
        return f"{self.times:.{digits}f}x [{low}, {high}]"


@dataclass(frozen=True, slots=True)
class League:
    """What the blocks gave; unavailable sides are named with their reason."""

    base: str
    series: Series
    unavailable: Mapping[str, str]
    seconds: float

    def times(self, side: str, kind: Kind, p: float, base: str = "") -> Times:
        """Return base over side at one percentile, with its interval over the blocks."""
        d = -self.series.ratio_at(kind, base or self.base, side, p)
        low, high = sign_flip_interval(d, 1 - CONFIDENCE)
        return Times(math.exp(hodges_lehmann(d)), math.exp(low), math.exp(high))

    def sides(self) -> tuple[str, ...]:
        """Name the sides that ran."""
        return tuple(self.series.rows["raw"])


def run_league(
    sides: Sequence[Side],
    plan: Plan,
    rng: random.Random,
    blocks: int,
    *,
    heard: Callable[[int], None] = lambda _: None,
    block: Callable[..., Block] = run_block,
    clock: Callable[[], float] = time.monotonic,
) -> League:
    """Run `blocks` blocks with all sides in each; the first side is the base. Six are needed to bound an interval."""
    began = clock()
    series = Series()
    unavailable: dict[str, str] = {}
    for number in range(blocks):
        done = block([side for side in sides if side.name not in unavailable], plan, rng)
        unavailable |= dict(done.unavailable)
        add_block(series, done)
        plan = again(plan, series.operations)
        heard(number + 1)
    return League(sides[0].name, series, unavailable, clock() - began)
