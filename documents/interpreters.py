"""Builds of the interpreter in lockstep: how many times as fast each is as the first, benchmark by tape."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from documents.times import Times, times_of
from tailgate.documents.envelope import document
from tailgate.results.table import Table
from tailgate.statistics.quantiles import LADDER
from tailgate.statistics.shift import log_ratios

Tail = Literal["reproducible", "raw"]
Rows = Mapping[Tail, Mapping[str, Sequence[Sequence[float]]]]
"""Percentiles in ns by kind and side, one row a block, one column a step of LADDER."""

FIGURES: Final[tuple[tuple[str, Tail, float], ...]] = (
    ("p50", "reproducible", 0.5),
    ("p99 reproducible", "reproducible", 0.99),
    ("p99 raw", "raw", 0.99),
)
"""What each build is compared by: its name, the kind of tail, the quantile."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One benchmark on one tape.

    times: of each side but the base, by FIGURES: base over side, with its 95 % interval over the blocks. errors: of a
    build that was made twice, how it differs from itself.
    """

    title: str
    base: str
    times: Mapping[str, tuple[Times, Times, Times]]
    errors: tuple[str, ...]
    unavailable: Mapping[str, str]
    rows: Rows

    @property
    def heading(self) -> str:
        """Return what the figures are."""
        return f"{self.title}: times as fast as {self.base}"


def compared_of(title: str, base: str, rows: Rows, unavailable: Mapping[str, str]) -> Compared:
    """Return a comparison with its figures computed."""
    sides = [side for side in rows["raw"] if side != base]
    times = {side: _against(base, side, rows) for side in sides}
    return Compared(title, base, times, tuple(_build_errors(sides, rows)), unavailable, rows)


def _against(base: str, side: str, rows: Rows) -> tuple[Times, Times, Times]:
    def at(kind: Tail, p: float) -> Times:
        column = LADDER.index(p)
        return times_of(log_ratios(*([row[column] for row in rows[kind][each]] for each in (side, base))))

    first, second, third = (at(kind, p) for _, kind, p in FIGURES)
    return first, second, third


def _build_errors(sides: Sequence[str], rows: Rows) -> Iterator[str]:
    """Say how a variant that was built and trained twice differs from itself: no gain below that is one."""
    for side in sides:
        first = re.sub(r"\.r\d+$", "", side)
        if first != side and first in rows["raw"]:
            labels = (label for label, _, _ in FIGURES)
            seen = (
                f"{precisely(each)} at {label}" for label, each in zip(labels, _against(first, side, rows), strict=True)
            )
            yield f"error of a build: {side} is {', '.join(seen)} as fast as {first}"


def _migrated(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Bring schema 1 up to date: leagues by title, with nothing computed."""
    found = (
        compared_of(title, each["base"], each["series"]["rows"], each["unavailable"]) for title, each in plain.items()
    )
    return {"compared": [asdict(each) for each in found]}


@document(
    "interpreters",
    2,
    title="a comparison of interpreters",
    made_by="nox -s interpreters -- compare NAME NAME",
    migrations={1: _migrated},
    bare=lambda plain: (
        isinstance(plain, dict)
        and bool(plain)
        and all(isinstance(each, dict) and {"base", "series"} <= each.keys() for each in plain.values())
    ),
)
@dataclass(frozen=True, slots=True)
class Interpreters:
    """Every comparison of one invocation, in the order in which they were made."""

    compared: tuple[Compared, ...]


def compared_table(of: Compared) -> Table:
    """Return how each build stands to the first; above 1 is faster."""
    rows = tuple((side, *map(precisely, times)) for side, times in of.times.items())
    notes = (*of.errors, *(f"{name}: unavailable: {why}" for name, why in of.unavailable.items()))
    return Table(of.heading, ("build", *(label for label, _, _ in FIGURES)), rows, notes)


def precisely(times: Times) -> str:
    """Return a factor to a thousandth: builds differ by little."""
    low, high = ("open" if end is None else f"{end:.3f}" for end in (times.low, times.high))
    return f"{times.times:.3f}x [{low}, {high}]"
