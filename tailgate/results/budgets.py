"""Budgets: what a p99 may take, in microseconds, and how much of it is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tailgate.results.percentiles import figures, opening_note
from tailgate.results.table import ADVISORY, Table, duration, marked
from tailgate.statistics.quantiles import LADDER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tailgate.results.load import BenchmarkResult, Results

_P99 = LADDER.index(0.99)


@dataclass(frozen=True, slots=True)
class Spending:
    """One budget and the raw p99 that it is held against."""

    name: str
    budget_ns: float
    p99_ns: float
    advisory: bool = False  # too few operations in a process
    operations: int = 0  # replayed in a pass
    tape: int = 0  # on the whole tape

    @property
    def broken(self) -> bool:
        """Tell whether the p99 exceeds the budget."""
        return self.p99_ns > self.budget_ns

    @property
    def headroom(self) -> float:
        """Give the part of the budget that is left; negative when it is broken."""
        return 1.0 - self.p99_ns / self.budget_ns


def spendings(results: Results, budgets: Mapping[str, float]) -> list[Spending]:
    """Hold each budget (microseconds) against the benchmark, or the group's recommended one, that it names.

    A budget of something that was not measured in this run is left out.
    """
    found = []
    for name, budget_us in budgets.items():
        result = _named(results.benchmarks, name)
        if result is not None:
            known = figures(result)
            p99_ns, few = known.raw[_P99], known.advisory[_P99]
            found.append(Spending(result.name, budget_us * 1e3, p99_ns, few, result.operations, result.tape))
    return found


def _named(benchmarks: Sequence[BenchmarkResult], name: str) -> BenchmarkResult | None:
    exact = next((each for each in benchmarks if each.name == name), None)
    group = (each for each in benchmarks if each.group == name and each.role == "recommended" and not each.stages())
    return exact or next(group, None)


def budget_table(spent: Sequence[Spending]) -> Table:
    """Give the table of the budgets."""
    rows = tuple(
        (
            each.name,
            duration(each.budget_ns),
            marked(duration(each.p99_ns), advisory=each.advisory),
            f"{each.headroom:.0%}",
            "BROKEN" if each.broken else "kept",
        )
        for each in spent
    )
    notes = (*((ADVISORY,) if any(each.advisory for each in spent) else ()), *opening_note(spent))
    return Table("Budgets (raw p99)", ("benchmark", "budget", "p99", "headroom", "verdict"), rows, notes)
