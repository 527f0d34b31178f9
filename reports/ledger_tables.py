"""The tables of the ledger: claimed beside measured, phase upon phase, priorities, budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from documents.times import shown
from tailgate.results.bench_report import budget_table
from tailgate.results.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from documents.ledger import Cumulated, Ledger, Row


def rows_table(rows: Sequence[Row]) -> Table:
    """Return claimed beside measured."""
    columns = ("id", "bottleneck", "fix", "claimed", "where", "p50", "p99", "allocations/op", "verdict", "why")
    cells = []
    seen: set[str] = set()
    for row in rows:
        first = row.id not in seen
        seen.add(row.id)
        texts = (row.bottleneck, row.fix, row.claimed or "-") if first else ("", "", "")
        counts = f"{row.allocations[0]:.2f} -> {row.allocations[1]:.2f}" if row.allocations else "-"
        where = row.where + (f": {row.benchmark}" if row.benchmark else "")
        measured = (where, shown(row.p50), shown(row.p99), counts, row.verdict, row.why)
        cells.append((row.id, *texts, *measured))
    return Table("Claimed and measured", columns, tuple(cells))


def cumulated_table(rows: Sequence[Cumulated]) -> Table:
    """Return the whole pipeline, phase upon phase."""
    cells = tuple((r.phase, ", ".join(r.fixes), r.claimed or "-", shown(r.p50), shown(r.p99)) for r in rows)
    return Table("Phase upon phase, the whole pipeline", ("phase", "fixes", "claimed", "p50", "p99"), cells)


def matrix_table(ledger: Ledger) -> Table:
    """Return the priorities as measured, the greatest gain of a single fix first."""
    cells = tuple((row.id, shown(row.only_made), shown(row.only_missing)) for row in ledger.priorities)
    columns = ("fix", "the only one made", "the only one missing")
    return Table("Priorities as measured: the gain in the end-to-end p99", columns, cells)


def ledger_tables(ledger: Ledger) -> list[Table]:
    """Return all tables that have rows."""
    tables = [rows_table(ledger.rows), cumulated_table(ledger.cumulated)]
    tables += [matrix_table(ledger), budget_table(ledger.budgets)]
    return [each for each in tables if each.rows]
