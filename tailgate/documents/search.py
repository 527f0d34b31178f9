"""search.json: the best composition of a benchmark's axes; its blocks are kept, so that it can be gone on with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from tailgate.documents.comparison import Shift
from tailgate.documents.envelope import document

FILE: Final = "search.json"
Phase = Literal["alone", "pairs", "race", "proof"]
Composition = tuple[int, ...]
"""The index of its level on every axis; all zero is the base."""


@dataclass(frozen=True, slots=True)
class SearchAxis:
    """One thing that is exchanged; its first level is the base's. where: benchmark, or what of a side it sets."""

    name: str
    levels: tuple[str, ...]
    where: Literal["benchmark", "allocator", "python"] = "benchmark"


@dataclass(frozen=True, slots=True)
class Space:
    """All compositions of some axes."""

    axes: tuple[SearchAxis, ...]

    @property
    def base(self) -> Composition:
        """Return the composition that nothing is exchanged in."""
        return (0,) * len(self.axes)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Return the number of levels of each axis."""
        return tuple(len(axis.levels) for axis in self.axes)

    @property
    def size(self) -> int:
        """Return the number of compositions."""
        return math.prod(self.sizes)

    def swaps(self, composition: Composition) -> list[Composition]:
        """Return what differs from a composition in one axis."""
        return [
            (*composition[:axis], level, *composition[axis + 1 :])
            for axis, size in enumerate(self.sizes)
            for level in range(size)
            if level != composition[axis]
        ]

    def changes(self, composition: Composition, base: Composition = ()) -> dict[str, str]:
        """Return the level of each axis that is not the base's."""
        other = base or self.base
        pairs = zip(self.axes, composition, other, strict=True)
        return {axis.name: axis.levels[level] for axis, level, of_base in pairs if level != of_base}

    def words(self, composition: Composition, base: Composition = ()) -> str:
        """Return what is exchanged, as `parse=fast write=slow`; nothing for the base."""
        return " ".join(f"{axis}={level}" for axis, level in self.changes(composition, base).items())


@dataclass(frozen=True, slots=True)
class Term:
    """A part of what is minimised: `p99`, `raw-p99`, `allocations`, ..., and its weight."""

    figure: str
    weight: float = 1.0

    @property
    def unit(self) -> str:
        """Return what the figure is counted in."""
        return self.figure if self.figure in {"allocations", "bytes"} else "ns"


def objective_words(terms: tuple[Term, ...]) -> str:
    """Return an objective as it is told: `p99`, or `1 x p50 + 2 x p99`, each against the base's."""
    if len(terms) == 1:
        return terms[0].figure
    return " + ".join(f"{term.weight:g} x {term.figure}" for term in terms)


@dataclass(frozen=True, slots=True)
class SearchBlock:
    """One lockstep block: its compositions, the base first, and of each the figure of every term."""

    phase: Phase
    sides: tuple[Composition, ...]
    figures: tuple[tuple[float, ...], ...]
    seconds: float = 0.0

    def costs(self, terms: tuple[Term, ...]) -> tuple[float, ...]:
        """Return the weighted sum of each side's figures, each as a multiple of the base's; the base has 1."""
        base, whole = self.figures[0], sum(term.weight for term in terms)
        return tuple(
            sum(t.weight * own / of for t, own, of in zip(terms, row, base, strict=True)) / whole
            for row in self.figures
        )


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a phase began, by the number of its first block, and with which compositions: of a proof, its winner."""

    phase: Phase
    block: int
    compositions: tuple[Composition, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A composition that died, failed or gave other answers, and how."""

    composition: Composition
    why: str


@dataclass(frozen=True, slots=True)
class Rival:
    """How the winner stands to another composition: the shift is the winner's, over the rival's.

    verdict: `worse`: the winner is faster, beyond the error. `not better`: the winner is proved not slower by more than
    the margin, and not proved faster. `open`: the blocks do not tell. `better`: it is faster, and the time ran out.
    """

    composition: Composition
    shift: Shift
    blocks: int
    verdict: Literal["worse", "not better", "open", "better"]
    swap: bool = True


@dataclass(frozen=True, slots=True)
class Effect:
    """What exchanging one level, or a pair beyond both alone, adds to the base's cost: parts of it, with 95 %."""

    levels: tuple[tuple[int, int], ...]
    added: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Tell whether it is beyond its own error."""
        return self.low > 0.0 or self.high < 0.0


@document("search", 1, title="a search", made_by="tailgate search")
@dataclass(frozen=True, slots=True)
class Search:
    """A search's whole answer; alpha: of the race, over all its looks. margin: a fraction, what "not worse" allows.

    verdict: `proved`: no single swap of the winner is better by more than the margin, each by its own blocks. against:
    the winner over the base, by the blocks of the proof; None where it is the base. base_figures: of each term, the
    median over all blocks. untried_pairs: pairs of levels that no block had in one composition.
    """

    verdict: Literal["proved", "open"]
    benchmark: str
    objective: tuple[Term, ...]
    space: Space
    sides: int
    margin: float
    alpha: float
    seed: int
    blocks: tuple[SearchBlock, ...]
    stages: tuple[Stage, ...]
    left_out: tuple[LeftOut, ...] = ()
    winner: Composition | None = None
    against: Shift | None = None
    rivals: tuple[Rival, ...] = ()
    effects: tuple[Effect, ...] = ()
    pairs: tuple[Effect, ...] = ()
    base_figures: tuple[float, ...] = ()
    tried: int = 0
    untried_pairs: tuple[tuple[tuple[int, int], tuple[int, int]], ...] = ()
    unavailable: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    seconds: float = 0.0
    settings: Mapping[str, str | int | float] = field(default_factory=dict)
    interrupted: bool = False

    @property
    def runs(self) -> int:
        """Return how many processes measured: sides, summed over the blocks."""
        return sum(len(block.sides) for block in self.blocks)
