"""summary.json: what is judged of a bench run, computed once from its results.json."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tailgate.documents.envelope import document
from tailgate.statistics.quantiles import LADDER

FILE: Final = "summary.json"
P50, P99 = LADDER.index(0.5), LADDER.index(0.99)


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times faster than the bottleneck, block against block in lockstep, and the range over the blocks."""

    times: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return the ratio with its range."""
        digits = 2 if self.times < 10 else 0
        return f"{self.times:.{digits}f}x [{self.low:.{digits}f}, {self.high:.{digits}f}]"


@dataclass(frozen=True, slots=True)
class StageFigures:
    """The percentiles of one stage of an operation, by LADDER, and its mean; in ns."""

    stage: str
    raw: tuple[float, ...]
    mean_ns: float


@dataclass(frozen=True, slots=True)
class BenchFigures:
    """What a table and a page show of one benchmark; times are ns, tuples are by LADDER.

    raw, reproducible, first_pass: of all processes together. low, high: the least and the greatest process, at the raw
    percentile (they enclose the median over processes with probability 1 - 2 ** (1 - processes)). advisory: too few
    different operations lie beyond it: another pass over them makes none of them another one. versus: how many times
    faster than the bottleneck of the group; None where there is none, no block in common, or a percentile of 0 ns.
    """

    name: str
    path: str
    implementation: str
    group: str
    role: str
    operations: int  # of a pass
    passes: int
    processes: int
    tape: int  # operations on the whole tape; 0 where that is not known
    raw: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    reproducible: tuple[float, ...]
    first_pass: tuple[float, ...]
    advisory: tuple[bool, ...]
    max_ns: float
    mean_ns: float
    floor_inside_ns: float
    floor_total_ns: float
    versus: tuple[Ratio | None, ...] = ()
    stages: tuple[StageFigures, ...] = ()

    @property
    def title(self) -> str:
        """Return the implementation, with its role where that says more."""
        return (
            f"{self.implementation} ({self.role})"
            if self.role not in {"", self.implementation}
            else self.implementation
        )

    @property
    def machine_share(self) -> float:
        """Return the part of the raw p99 that is not reproducible; 0 where there is none."""
        raw, own = self.raw[P99], self.reproducible[P99]
        return 1.0 - own / raw if raw > own else 0.0


@dataclass(frozen=True, slots=True)
class Spending:
    """One budget and the raw p99, of all processes together, that it is held against."""

    name: str
    budget_ns: float
    p99_ns: float
    advisory: bool = False
    operations: int = 0
    tape: int = 0

    @property
    def broken(self) -> bool:
        """Tell whether the p99 exceeds the budget."""
        return self.p99_ns > self.budget_ns

    @property
    def headroom(self) -> float:
        """Return the part of the budget that is left; negative when it is broken."""
        return 1.0 - self.p99_ns / self.budget_ns


@document("bench", 1, title="the summary of a bench", made_by="tailgate bench")
@dataclass(frozen=True, slots=True)
class BenchSummary:
    """All benchmarks of a run, in the order of their declaration, what is left of the budgets, and what inputs lack."""

    benchmarks: tuple[BenchFigures, ...]
    budgets: tuple[Spending, ...] = ()
    inputs: tuple[str, ...] = ()

    def groups(self) -> dict[str, list[BenchFigures]]:
        """Return the benchmarks that are compared with each other, by group; those split by stage left out."""
        found: dict[str, list[BenchFigures]] = {}
        for each in self.benchmarks:
            if not each.stages:
                found.setdefault(each.group, []).append(each)
        return found
