"""The ledger: every claim of the performance analysis beside what was measured, and what that says in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

from documents.times import Times
from tailgate.documents.bench import Spending
from tailgate.documents.envelope import document, keys
from tailgate.results.exports import Row as Kept

Verdict = Literal["exceeded", "met", "not met", "not measurable here"]
Where = Literal["path", "pipeline", "wire"]
VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)


@dataclass(frozen=True, slots=True)
class Row:
    """One bottleneck against its fix, at one place. One id may have several rows: the first is the id's own.

    claimed: as it was written, empty where the row is not held against it; claimed_times: the same as factors, None
    where it speaks of anything but the time. benchmark: what was compared. p50, p99: how many times as fast with the
    fix as without. allocations: an operation, before and after.
    """

    id: str
    phase: int | None
    bottleneck: str
    fix: str
    claimed: str
    claimed_times: tuple[float, float] | None
    where: Where
    benchmark: str
    p50: Times | None
    p99: Times | None
    allocations: tuple[float, float] | None
    verdict: Verdict
    why: str


@dataclass(frozen=True, slots=True)
class Cumulated:
    """All fixes up to and with a phase, against the bottleneck pipeline."""

    phase: str
    fixes: tuple[str, ...]
    claimed: str
    p50: Times
    p99: Times


@dataclass(frozen=True, slots=True)
class Priority:
    """What a fix gives the end-to-end p99: as the last one to be made, and as the first."""

    id: str
    only_missing: Times | None
    only_made: Times | None


@document("ledger", 2, title="a ledger", made_by="nox -s ledger", bare=keys("rows", "cumulated", "matrix"))
@dataclass(frozen=True, slots=True)
class Ledger:
    """The whole ledger. when: it was measured; budgets: held against the raw p99 of all processes together."""

    command: str
    when: datetime
    seconds: float
    machine: Mapping[str, str]
    notes: tuple[str, ...]
    rows: tuple[Row, ...]
    cumulated: tuple[Cumulated, ...]
    matrix: tuple[Priority, ...]
    budgets: tuple[Spending, ...]

    @property
    def firsts(self) -> Mapping[str, Row]:
        """Return the first row of each id: its verdict is the id's."""
        return {row.id: row for row in reversed(self.rows)}

    @property
    def counted(self) -> Counter[Verdict]:
        """Count the verdicts, one an id."""
        return Counter(row.verdict for row in self.firsts.values())

    @property
    def tally(self) -> str:
        """Return the verdicts as a person reads them."""
        return ", ".join(f"{self.counted[each]} {each}" for each in VERDICTS if self.counted[each])

    @property
    def priorities(self) -> list[Priority]:
        """Return the greatest gain of a single fix first."""
        return sorted(self.matrix, key=lambda row: -(row.only_made.times if row.only_made else 0.0))

    def rows_kept(self) -> Sequence[Kept]:
        """Return what a history keeps of it: the gain of each row at p50 and p99, in times."""
        return [
            Kept(f"ledger/{row.id} ({row.where})", name, "times", times.times, times.low, times.high, row.verdict)
            for row in self.rows
            for name, times in (("p50", row.p50), ("p99", row.p99))
            if times is not None
        ]

    @property
    def broken(self) -> list[str]:
        """Name the budgets that are broken."""
        return [each.name for each in self.budgets if each.broken]
