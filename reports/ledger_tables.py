"""The ledger's tables: promised beside measured, phase upon phase, priorities, budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tailgate.results.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.ledger import Budget, Cumulated, Ledger, Priority, Row, Times


def factor(times: float) -> str:
    """Give a factor with as many digits as a person needs: 0.98x, 1.25x, 12.3x, 240x."""
    return f"{times:.{2 if times < 10 else 1 if times < 100 else 0}f}x"


def _end(value: float | None) -> str:
    return "open" if value is None else factor(value).removesuffix("x")


def rows_table(rows: Sequence[Row]) -> Table:
    """Give promised beside measured."""
    columns = ("id", "bottleneck", "mend", "promised", "where", "p50", "p99", "allocations/op", "verdict", "why")
    cells = []
    seen: set[str] = set()
    for row in rows:
        first = row.id not in seen
        seen.add(row.id)
        texts = (row.bottleneck, row.mend, row.promised or "-") if first else ("", "", "")
        counts = f"{row.allocations[0]:.2f} -> {row.allocations[1]:.2f}" if row.allocations else "-"
        where = row.where + (f": {row.benchmark}" if row.benchmark else "")
        measured = (where, shown(row.p50), shown(row.p99), counts, row.verdict, row.why)
        cells.append((row.id, *texts, *measured))
    return Table("Promised and measured", columns, tuple(cells))


def cumulated_table(rows: Sequence[Cumulated]) -> Table:
    """Give the whole pipeline, phase upon phase."""
    cells = tuple((r.phase, ", ".join(r.mends), r.promised or "-", shown(r.p50), shown(r.p99)) for r in rows)
    return Table("Phase upon phase, the whole pipeline", ("phase", "mends", "promised", "p50", "p99"), cells)


def matrix_table(rows: Sequence[Priority]) -> Table:
    """Give the priorities as measured, the greatest gain of a single mend first."""
    ordered = sorted(rows, key=lambda row: -(row.only_made.times if row.only_made else 0.0))
    cells = tuple((row.mend, shown(row.only_made), shown(row.only_missing)) for row in ordered)
    columns = ("mend", "the only one made", "the only one missing")
    return Table("Priorities as measured: the gain in the end-to-end p99", columns, cells)


def budgets_table(rows: Sequence[Budget]) -> Table:
    """Give what is left of each budget."""
    cells = tuple(
        (
            row.what,
            f"{row.budget_us:g} \u00b5s",
            f"{row.p99_us:.1f} \u00b5s",
            f"{row.budget_us / row.p99_us:.1f}x" if row.p99_us else "-",
            "pass" if row.p99_us <= row.budget_us else "FAIL",
        )
        for row in rows
    )
    return Table("Budgets at the raw p99", ("path", "budget", "measured", "headroom", "verdict"), cells)


def shown(times: Times | None) -> str:
    """Give a factor with its interval, or a dash where nothing was measured."""
    return f"{factor(times.times)} [{_end(times.low)}, {_end(times.high)}]" if times else "-"


def ledger_tables(ledger: Ledger) -> list[Table]:
    """Give all tables that have rows."""
    tables = [rows_table(ledger.rows), cumulated_table(ledger.cumulated)]
    tables += [matrix_table(ledger.matrix), budgets_table(ledger.budgets)]
    return [each for each in tables if each.rows]
