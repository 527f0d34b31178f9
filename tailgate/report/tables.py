"""Tables of words and figures: words stand left, figures right."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tailgate.results.table import Table


def figure_columns(table: Table) -> list[bool]:
    """Tell which columns hold figures (and stand to the right): those where no cell begins with a letter."""
    columns = zip(*table.rows, strict=True) if table.rows else ([] for _ in table.columns)
    return [not any(cell[:1].isalpha() for cell in column) for column in columns]


def markdown(table: Table, level: int = 2) -> str:
    """Return the table as GitHub's Markdown under a heading of that level."""
    rules = ("---:" if figure else "---" for figure in figure_columns(table))
    lines = [f"{'#' * level} {table.title}", "", _line(table.columns), _line(rules), *map(_line, table.rows)]
    if table.notes:
        lines += ["", *(f"- {note}" for note in table.notes)]
    return "\n".join(lines)


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(" ".join(map(str.strip, cell.splitlines())).replace("|", "\\|") for cell in cells) + " |"
