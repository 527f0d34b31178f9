"""Which commit is guilty: several revisions as sides of one lockstep block, so that a round parts the range in many.

The first round holds the good end, the bad end and what lies evenly between; each gap that a step is found in is parted
by another round, until it holds one commit. Where to look next and when to stop is statistics/steps.py's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from tailgate.documents.bisection import Bisection, Commit, Guilty, Open, Round
from tailgate.documents.comparison import Shift
from tailgate.errors import TailgateError
from tailgate.measure.batches import batch_for, is_no_batch
from tailgate.measure.lockstep import again, run_block
from tailgate.measure.sides import SideError
from tailgate.statistics.estimate import log_shift
from tailgate.statistics.quantiles import quantiles
from tailgate.statistics.steps import LEAST_BLOCKS, Noise, Steps, find_steps

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from tailgate.documents.bisection import Word
    from tailgate.measure.lockstep import Block, Plan
    from tailgate.measure.sides import Side

_TRIED: Final = 64
"""Operations that a revision is tried with alone, where a block of several failed."""

_TWO_SIDED: Final = 1.96
_CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True)
class BisectRules:
    """sides: revisions of a round, at most. margin: a fraction; less is no step. alpha: the error over all rounds."""

    sides: int = 8
    margin: float = 0.01
    alpha: float = 0.02
    most_blocks: int = 24
    percentile: float = 0.99


@dataclass(slots=True)
class Search:
    """A bisection at work: what is measured, what is known, and what is still to be looked at.

    lay_out: makes a revision a side; TailgateError where it cannot. measure: the percentile in ns of each side in one
    block. kept: the blocks that an earlier run measured, by their places.
    """

    commits: list[Commit]
    rules: BisectRules
    lay_out: Callable[[Commit], Side]
    measure: Callable[[Sequence[Side]], Sequence[float]]
    alone: Callable[[Side], None] = lambda _: None
    kept: dict[tuple[int, ...], list[tuple[float, ...]]] = field(default_factory=dict)
    heard: Callable[[Search], None] = lambda _: None
    rounds: list[Round] = field(default_factory=list)
    guilty: list[Guilty] = field(default_factory=list)
    open: list[Open] = field(default_factory=list)
    _noise: Noise = field(default_factory=Noise)
    _sides: dict[int, Side] = field(default_factory=dict)

    @property
    def last(self) -> int:
        """Return the place of the bad end."""
        return len(self.commits) - 1

    def run(self) -> None:
        """Find every commit at which the percentile steps; what Ctrl-C leaves is whole rounds and whole blocks."""
        waiting = [(0, self.last)]
        while waiting:
            low, high = waiting.pop(0)
            answer = self._round(self._chosen(low, high))
            places = self.rounds[-1].places  # others than chosen, where one of them failed
            if not self.rounds[-1].decided:
                self.open.append(Open(low, high, f"{len(self.rounds[-1].rows)} blocks do not tell where"))
            elif answer.shape == "slow rise":
                self.open.append(Open(low, high, f"a slow rise over {high - low} commits: none alone is guilty"))
            else:
                for gap in answer.gaps:
                    after, place = places[gap], places[gap + 1]
                    if self._untold(after, place):
                        waiting.append((after, place))
                    else:
                        shift = self._between(gap)
                        self.guilty.append(Guilty(after, place, shift, answer.posterior))
        self.guilty.sort(key=lambda each: each.place)

    def _untold(self, after: int, place: int) -> list[int]:
        """Return the places between two that may still be measured."""
        return [each for each in range(after + 1, place) if not self.commits[each].skipped]

    def _chosen(self, low: int, high: int) -> tuple[int, ...]:
        """Return both ends and what parts the range most evenly; each of them can be laid out."""
        for place in (low, high):
            self._make(place, needed=True)
        while True:
            inner = self._untold(low, high)
            count = min(self.rules.sides - 2, len(inner))
            targets = [low + (n + 1) * (high - low) / (count + 1) for n in range(count)]
            chosen: set[int] = set()
            for target in targets:
                chosen.add(min((each for each in inner if each not in chosen), key=lambda each: abs(each - target)))
            made = {each for each in chosen if self._make(each)}
            if made == chosen:
                return (low, *sorted(chosen), high)

    def _make(self, place: int, *, needed: bool = False) -> bool:
        """Lay a revision out; one that cannot is skipped and named, but for the ends of the range."""
        if place in self._sides:
            return True
        try:
            self._sides[place] = self.lay_out(self.commits[place])
        except TailgateError as error:
            if needed:
                raise
            self._skip(place, error)
            return False
        return True

    def _skip(self, place: int, error: TailgateError) -> None:
        self.commits[place] = replace(self.commits[place], skipped=error.message.splitlines()[0])
        self._sides.pop(place, None)

    def _round(self, places: tuple[int, ...]) -> Steps:
        """Measure blocks of these places until they tell where the steps are, or are as many as may be."""
        rounds = max(1, math.ceil(math.log(max(self.last, 2)) / math.log(max(self.rules.sides - 1, 2))))
        sure = 1.0 - self.rules.alpha / rounds
        rows = self.kept.setdefault(places, [])
        self.rounds.append(Round(places, tuple(rows)))
        while True:
            if len(rows) >= LEAST_BLOCKS:
                logs = np.log(np.array(rows))
                answer = find_steps(logs, places, log_shift(100.0 * self.rules.margin), self._noise)
                decided = answer.posterior >= sure
                self._note(places, rows, answer, decided=decided)
                if decided or len(rows) >= self.rules.most_blocks:
                    self._noise = self._noise.and_of(answer.noise)
                    return answer
            try:
                row = tuple(self.measure([self._sides[place] for place in places]))
            except SideError:
                if not self._blame(places):
                    raise
                self.rounds.pop()
                return self._round(self._chosen(places[0], places[-1]))
            rows.append(row)
            self.rounds[-1] = replace(self.rounds[-1], rows=tuple(rows))
            self.heard(self)

    def _blame(self, places: Sequence[int]) -> bool:
        """Skip the revisions of a failed block that fail alone as well; False where none does."""
        found = False
        for place in places:
            try:
                self.alone(self._sides[place])
            except TailgateError as own:
                if place in {places[0], places[-1]}:
                    raise
                self._skip(place, own)
                found = True
        return found

    def _note(self, places: tuple[int, ...], rows: list[tuple[float, ...]], answer: Steps, *, decided: bool) -> None:
        logs = np.log(np.array(rows))
        noise = self._noise.and_of(answer.noise)
        width = _TWO_SIDED * math.sqrt(2.0 * noise.squares / max(noise.freedom, 1) / len(rows))
        middles = np.median(logs - logs[:, :1], axis=0)
        shifts = tuple(Shift(float(m), float(m) - width, float(m) + width, _CONFIDENCE) for m in middles)
        told = (answer.shape, answer.gaps, answer.posterior)
        self.rounds[-1] = Round(places, tuple(rows), shifts, *told, decided)

    def _between(self, gap: int) -> Shift:
        """Return the shift across a gap of the last round."""
        told = self.rounds[-1]
        logs = np.log(np.array(told.rows))
        first = told.shifts[1]
        width = (first.high or 0.0) - first.log_ratio
        middle = float(np.median(logs[:, gap + 1] - logs[:, gap]))
        return Shift(middle, middle - width, middle + width, _CONFIDENCE)


def verdict_of(search: Search) -> Word:
    """Return what a search came to."""
    if any("slow rise" in each.why for each in search.open):
        return "slow rise"
    if search.open or not search.rounds or not search.rounds[0].decided:
        return "undecided"
    if not search.guilty:
        return "none" if search.rounds[0].answer == "none" else "undecided"
    return "found" if len(search.guilty) == 1 else "several"


def bisection_of(search: Search, benchmark: str, *, interrupted: bool = False, **facts: object) -> Bisection:
    """Return a search as its document."""
    rules = search.rules
    return Bisection(
        "undecided" if interrupted else verdict_of(search),
        benchmark,
        rules.percentile,
        rules.margin,
        rules.alpha,
        tuple(search.commits),
        tuple(search.rounds),
        tuple(search.guilty),
        tuple(search.open),
        interrupted=interrupted,
        **facts,  # type: ignore[arg-type]  # fields of the document
    )


class Measuring:
    """Runs the blocks of a search; answers are held to be equal until they prove not to be, which is told once.

    Where a step of the clock is more than the margin, a fraction, operations are timed several at a time; their number
    is in the plan, found by the first block, or taken over from the run that is gone on with (sized).
    """

    def __init__(
        self,
        plan: Plan,
        rng: random.Random,
        percentile: float,
        margin: float,
        *,
        sized: bool = False,
        block: Callable[..., Block] = run_block,
    ) -> None:
        self.plan = plan
        self.rng = rng
        self.percentile = percentile
        self.margin = margin
        self.notes: list[str] = []
        self._checked: set[tuple[str, ...]] = set()
        self.run = block
        self._sized = sized
        self._clock_step_ns = 1

    def block(self, sides: Sequence[Side]) -> list[float]:
        """Run one block and return the reproducible percentile of each side, in ns; the first may be run in vain."""
        whole = self.plan
        found = self._block(sides)
        if self._sized:
            return found
        self._sized = True
        batch = batch_for(log_shift(100.0 * self._clock_step_ns / min(found)), log_shift(100.0 * self.margin))
        if batch == 1:
            return found
        single, self.plan = self.plan, replace(whole, batch=batch)
        self._checked.clear()
        try:
            return self._block(sides)
        except SideError as error:
            if not is_no_batch(error):
                raise
            self.plan = single
            return found

    def _block(self, sides: Sequence[Side]) -> list[float]:
        names = tuple(side.name for side in sides)
        plan = replace(self.plan, check=self.plan.check and names not in self._checked)
        try:
            found = self.run(sides, plan, self.rng)
        except SideError as error:
            if not plan.check or "do not do equal work" not in error.message:
                raise
            self.notes.append(f"the revisions do not all do equal work: {error.message.splitlines()[0]}")
            self.plan = replace(self.plan, check=False)
            found = self.run(sides, self.plan, self.rng)
        if found.unavailable:
            raise SideError("; ".join(f"{name} cannot run here: {why}" for name, why in found.unavailable.items()))
        self._checked.add(names)
        self._clock_step_ns = max(
            [self._clock_step_ns, *(int(each.ready.get("clock_step_ns", 1)) for each in found.records)]
        )
        self.plan = replace(again(self.plan, found.operations), check=self.plan.check)
        return [self._figure(found, side.name) for side in sides]

    def alone(self, side: Side) -> None:
        """Run one revision for a few operations; SideError where it cannot."""
        few = replace(self.plan, operations=_TRIED, passes=1, cold=False, check=True, gauge=False)
        if reasons := self.run([side], few, self.rng).unavailable:
            raise SideError("; ".join(reasons.values()))

    def _figure(self, block: Block, name: str) -> float:
        return max(quantiles(block[name].reproducible(), (self.percentile,))[0], 1.0)
