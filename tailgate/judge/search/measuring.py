"""The blocks of a search: from compositions to sides, and from what they measured to the figures of its objective."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from tailgate.benchmark import format_axes
from tailgate.errors import MissingToolError, TailgateError
from tailgate.judge.blocks import order_of
from tailgate.judge.search.engine import Measured
from tailgate.measure.lockstep import Contest, again, run_block
from tailgate.measure.sides import BrokenSideError, Side, SideError, UnavailableSideError
from tailgate.measure.workers import LostProcessError
from tailgate.statistics.quantiles import LADDER, quantiles

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence

    from tailgate.benchmark import Benchmark
    from tailgate.documents.comparison import Kind, Series
    from tailgate.documents.search import Composition, Phase, Space, Term
    from tailgate.judge.blocks import Crew, Found
    from tailgate.measure.lockstep import Block, Plan, SideRecord

_TIMED: Final = re.compile(r"(?P<raw>raw-)?p(?P<percent>[1-9][0-9]?(\.[0-9]+)?)")
COUNTED: Final = ("allocations", "bytes")
_LEAST_COUNT: Final = 0.01
"""Per operation; nothing at all has no logarithm."""

_FEW: Final = 500
"""Operations of a block whose figures are counted elsewhere: it only holds the answers to be equal."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a level of an axis is made of that no benchmark's name can say: an interpreter, variables."""

    python: str = ""
    env: tuple[tuple[str, str], ...] = ()


def checked_figure(name: str) -> str:
    """Return the name of a figure; TailgateError where it is none."""
    if name in COUNTED or _TIMED.fullmatch(name):
        return name
    raise TailgateError(
        f"there is no figure {name!r}",
        hint=f"p50, p99, p99.9 (the least durations), raw-p99, {', '.join(COUNTED)}; several: p50=1 and p99=2",
    )


def percent_of(term: Term) -> float:
    """Return the percentile of a timed figure, as a part of 1."""
    told: Any = _TIMED.fullmatch(term.figure)
    return round(float(told["percent"]) / 100.0, 9)


def refuse_off_the_ladder(terms: Sequence[Term]) -> None:
    """Raise where a figure is none of those that travel back from another host."""
    for term in terms:
        if term.figure not in COUNTED and percent_of(term) not in LADDER:
            raise TailgateError(
                f"{term.figure} does not travel back from a scheduler's workers",
                hint=f"p{', p'.join(f'{100 * p:g}' for p in LADDER)} do, and raw ones",
            )


class BlockMeasuring:
    """Measures compositions of one benchmark in lockstep; one that fails or answers otherwise is told, and left out.

    find: makes the benchmark of a name. means: of the levels of the axes that are no benchmark's, by axis and level.
    """

    def __init__(  # noqa: PLR0913  what a side is made of, and what is measured of it
        self,
        base: Benchmark,
        space: Space,
        terms: Sequence[Term],
        plan: Plan,
        rng: random.Random,
        find: Callable[[str], Benchmark],
        *,
        means: Mapping[tuple[str, str], Means] | None = None,
        block: Callable[..., Block] = run_block,
        count: Callable[[Side, Plan], Mapping[str, float]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.base, self.space, self.terms, self.plan, self.rng = base, space, tuple(terms), plan, rng
        self._find, self._means, self._block, self._clock = find, dict(means or {}), block, clock
        self._count = count or _counted
        self._checked: set[Composition] = set()
        self._counts: dict[Composition, Mapping[str, float]] = {}
        self._timed = [term.figure for term in self.terms if term.figure not in COUNTED]

    def side(self, composition: Composition) -> Side:
        """Return a composition as a side; its name is what is exchanged."""
        changes = self.space.changes(composition)
        axes = {axis.name: changes[axis.name] for axis in self.space.axes if axis.name in changes}
        own = {name: level for name, level in axes.items() if (name, level) not in self._means}
        head = f"{self.base.path}/{self.base.implementation}"
        benchmark = self._find(f"{head}{format_axes({**self.base.axes, **own})}")
        name = self.space.words(composition) or self.base.name
        side = Side(name, benchmark.name, gc=benchmark.gc, may_differ=any(composition))
        for each in axes.items():
            means = self._means.get(each, Means())
            side = replace(side, python=means.python or side.python, env={**side.env, **dict(means.env)})
        return side

    def __call__(self, _phase: Phase, compositions: Sequence[Composition]) -> Measured:
        """Run one block; the base comes first, and where it fails that is an error."""
        began = self._clock()
        failed: dict[Composition, str] = {}
        records = self._records(compositions, failed)
        figures: dict[Composition, tuple[float, ...]] = {}
        for composition, record in records.items():
            counts = self._counts_of(composition, failed)
            if composition not in failed:
                figures[composition] = tuple(self._figure(term, record, counts) for term in self.terms)
        return Measured(figures, failed, self._clock() - began)

    def several(self, _phase: Phase, compositions: Sequence[Composition], crew: Crew, most: int = 4) -> list[Measured]:
        """Run the same block on several CPUs at once, and return what each gave; else as one block.

        most: more copies of one block than that say little that is new to a search.
        """
        began = self._clock()
        failed: dict[Composition, str] = {}
        found = self._reported(compositions, failed, crew, min(len(crew), most))
        seconds = (self._clock() - began) / max(len(found), 1)
        measured: list[Measured] = []
        for one in found:
            figures = {}
            for each in compositions:
                counts = self._counts_of(each, failed) if each not in failed else {}
                if each not in failed:
                    name = self.side(each).name
                    figures[each] = tuple(self._figure_of(term, one.series, name, counts) for term in self.terms)
            measured.append(Measured(figures, {} if measured else failed, seconds))
        return measured or [Measured({}, failed, seconds)]

    def _reported(
        self, compositions: Sequence[Composition], failed: dict[Composition, str], crew: Crew, copies: int
    ) -> list[Found]:
        """Return what each copy of a block gave; what fails or answers otherwise in one of them is left out of all."""
        while len(alive := [each for each in compositions if each not in failed]) > 1:
            sides = [self.side(each) for each in alive]
            of = {side.name: each for side, each in zip(sides, alive, strict=True)}
            check = self.plan.check and not self._checked.issuperset(alive)
            contest = Contest("", tuple(sides), self._plan(check=check))
            reports = crew.run([order_of([contest], self.rng) for _ in range(copies)])
            found = [report.found[0] for report in reports]
            wrong = next((each.error for each in found if each.error is not None), None)
            if isinstance(wrong, BrokenSideError | LostProcessError):
                failed[self._blamed(of, wrong)] = wrong.message
                continue
            if wrong is not None:
                raise wrong
            before = len(failed)
            for each in found:
                self._note(each, each.series.operations, of, failed)
            if len(failed) == before:
                return found
        return []

    def _records(
        self, compositions: Sequence[Composition], failed: dict[Composition, str]
    ) -> dict[Composition, SideRecord | None]:
        """Return what a block measured of each composition that ran through and answered as the base does."""
        while len(alive := [each for each in compositions if each not in failed]) > 1:
            if not self._timed and self._checked.issuperset(alive):
                return dict.fromkeys(alive)
            sides = [self.side(each) for each in alive]
            of = {side.name: each for side, each in zip(sides, alive, strict=True)}
            check = self.plan.check and not self._checked.issuperset(alive)
            try:
                block = self._block(sides, self._plan(check=check), self.rng)
            except (BrokenSideError, LostProcessError) as error:
                failed[self._blamed(of, error)] = error.message
                continue
            self._note(block, block.operations, of, failed)
            return {of[r.side.name]: r for r in block.records if of[r.side.name] not in failed}
        return {}

    def _plan(self, *, check: bool) -> Plan:
        if self._timed:
            return replace(self.plan, check=check)
        few = min(self.plan.operations or _FEW, _FEW)
        return replace(self.plan, check=check, operations=few, passes=1, cold=True)

    def _blamed(self, of: Mapping[str, Composition], error: SideError) -> Composition:
        """Return the composition whose side failed; the error itself is raised where that is nobody's or the base's."""
        composition = of.get(error.side)
        if composition is None or not any(composition):
            raise error
        return composition

    def _note(
        self, block: Block | Found, operations: int, of: Mapping[str, Composition], failed: dict[Composition, str]
    ) -> None:
        """Take note of who ran, who cannot run here, and whose answers differ."""
        for name, why in block.unavailable.items():
            if not any(of[name]):
                raise UnavailableSideError(f"{name} cannot run here: {why}")
            failed[of[name]] = f"it cannot run here: {why}"
        for name, told in block.unequal.items():
            failed[of[name]] = f"its answers differ from the base's: {told}"
        self._checked.update(of.values())
        if self._timed and self.plan.cold:
            self.plan = replace(again(self.plan, operations), check=self.plan.check)

    def _counts_of(self, composition: Composition, failed: dict[Composition, str]) -> Mapping[str, float]:
        """Count once what is the same in every run."""
        if len(self._timed) == len(self.terms):
            return {}
        if composition not in self._counts:
            try:
                self._counts[composition] = self._count(self.side(composition), self.plan)
            except MissingToolError:
                raise
            except TailgateError as error:
                if not any(composition):
                    raise
                failed[composition] = f"it could not be counted: {error.message}"
                return {}
        return self._counts[composition]

    @staticmethod
    def _figure_of(term: Term, series: Series, side: str, counts: Mapping[str, float]) -> float:
        if term.figure in COUNTED:
            return max(counts[term.figure], _LEAST_COUNT)
        told: Any = _TIMED.fullmatch(term.figure)
        kind: Kind = "raw" if told["raw"] else "reproducible"
        return max(series.rows[kind][side][-1][LADDER.index(percent_of(term))], 1.0)

    @staticmethod
    def _figure(term: Term, record: SideRecord | None, counts: Mapping[str, float]) -> float:
        if term.figure in COUNTED:
            return max(counts[term.figure], _LEAST_COUNT)
        assert record is not None  # noqa: S101  a timed term makes every block run
        told: Any = _TIMED.fullmatch(term.figure)
        samples = record.raw() if told["raw"] else record.reproducible()
        return max(quantiles(samples, (float(told["percent"]) / 100.0,))[0], 1.0)


def _counted(side: Side, plan: Plan) -> Mapping[str, float]:
    from tailgate.profilers.allocations import allocations_of  # noqa: PLC0415  imports memray

    found = allocations_of(side, plan)
    return {"allocations": found.per_operation, "bytes": found.bytes_per_operation}
