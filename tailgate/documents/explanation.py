"""Why a gate's percentile rose: the parts of the shift that are beyond the error of the blocks that looked for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from tailgate.documents.comparison import Shift

PartKind = Literal["stage", "label", "collections", "function", "calls", "allocations", "module", "instructions"]

MOST_LINES: Final = 12
_MOST_OF_A_KIND: Final = 2
_LEAST_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that may differ between head and base, per operation.

    base, head: ns of a stage, of the operations with a label, of a function's own time or of collections; else counts
    (calls, allocations, instructions). share: of the tail's shift; whole: of all operations, for a label. p_value:
    adjusted for all parts that were looked at; 0 for what is counted and differs. changed: the diff touches it.
    """

    kind: PartKind
    name: str
    base: float
    head: float
    p_value: float
    share: float | None = None
    whole: float | None = None
    changed: bool = False

    @property
    def rise(self) -> float:
        """Return head minus base."""
        return self.head - self.base


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a few more blocks of base and head found out about one benchmark.

    shift: of the reproducible percentile in these blocks. rises: whether it is beyond their error. alpha: the chance
    that any part is named though nothing differs. parts: all that were looked at and rose most, named or not.
    """

    benchmark: str
    percentile: float
    blocks: int
    shift: Shift
    base_ns: float
    head_ns: float
    rises: bool
    alpha: float
    parts: tuple[Part, ...] = ()
    notes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def named(self) -> tuple[Part, ...]:
        """Return the parts that are beyond the error of their own blocks: those that the diff touches first."""
        sure = [part for part in self.parts if part.p_value <= self.alpha and part.rise > 0.0]
        return tuple(sorted(sure, key=lambda part: (not part.changed, -(part.share or 0.0), -part.rise)))


def sentences(told: Explanation) -> tuple[str, ...]:
    """Say it in at most MOST_LINES lines: where, what, and which of the diff's functions stand in the shift."""
    name = f"p{100 * told.percentile:g}"
    blocks = f"{told.blocks} more blocks"
    if told.rises:
        first = f"the {name} rises by {_ns(told.head_ns - told.base_ns)}, {told.shift.percent} {told.shift.interval}"
        lines = [f"{told.benchmark}: {first}, in {blocks}"]
    else:
        shift = f"{told.shift.percent} {told.shift.interval}"
        lines = [f"{told.benchmark}: no rise of the {name} beyond the error of {blocks}: {shift}"]
    named = told.named
    for kind in _SAID:
        parts = [part for part in named if part.kind == kind]
        parts = [part for n, part in enumerate(parts) if n == 0 or part.share is None or part.share >= _LEAST_SHARE]
        lines += [_said(part) for part in parts[:_MOST_OF_A_KIND]]
    if not named:
        lines.append(
            "nothing is named: no stage, label, collection, function or site is beyond the error of its blocks"
        )
    more = [*(f"see {file}" for file in told.files), *told.notes]
    return tuple([*lines[: MOST_LINES - len(more)], *more][:MOST_LINES])


_SAID: Final[tuple[PartKind, ...]] = (
    *("stage", "label", "module", "function", "calls", "allocations", "collections", "instructions"),
)
"""The order in which the kinds are told."""


def _said(part: Part) -> str:
    share = "" if part.share is None else f"{100 * min(part.share, 1.0):.0f} % of it "
    here = "changed by this diff: " if part.changed else ""
    times, counts = f"{_ns(part.base)} -> {_ns(part.head)}", f"{part.base:,.3g} -> {part.head:,.3g}"
    whole = f"{100 * (part.whole or 0.0):.2g} % of the operations"
    return {
        "stage": f"where: {share}in the stage {part.name}: {times} in the tail",
        "label": f"where: {share}on operations that are {part.name} ({whole}): {times}",
        "module": f"what: {part.name}",
        "collections": f"what: garbage collections take {times} of an operation",
        "function": f"what: {here}{part.name}: {times} of its own in an operation, under cProfile",
        "calls": f"what: {here}{part.name}: {counts} calls in an operation",
        "instructions": f"what: {part.name}: {part.base:,.0f} -> {part.head:,.0f} instructions in an operation",
        "allocations": f"what: {here}{part.name}: {counts} allocations in an operation",
    }[part.kind]


def _ns(value: float) -> str:
    return f"{value:,.0f} ns" if abs(value) >= 10 else f"{value:.1f} ns"
