"""A table as plain data, and its two plain forms: aligned text and Markdown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ADVISORY: Final = (
    "~ fewer than 200 different operations lie beyond this percentile: it is that of the operations replayed, and a "
    "hint of what others would take"
)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts under headings; the first column is a name, the others are figures."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    def under(self, notes: Sequence[str]) -> Table:
        """Return the table with further notes under it, none of them twice."""
        return replace(self, notes=tuple(dict.fromkeys((*self.notes, *notes))))

    def text(self) -> str:
        """Return the table aligned for a terminal."""
        return "\n".join(self._text_lines())

    def markdown(self, level: int = 2) -> str:
        """Return the table as GitHub's Markdown, under a heading of that level."""
        return "\n".join(self._markdown_lines(level))

    def _text_lines(self) -> Iterator[str]:
        widths = [max(len(row[i]) for row in (self.columns, *self.rows)) for i in range(len(self.columns))]
        yield self.title
        for row in (self.columns, *self.rows):
            cells = (text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True))
            yield "  " + "  ".join((row[0].ljust(widths[0]), *cells)).rstrip()
        yield from (f"  {note}" for note in self.notes)

    def _markdown_lines(self, level: int) -> Iterator[str]:
        yield f"{'#' * level} {self.title}"
        yield ""
        yield "| " + " | ".join(self.columns) + " |"
        yield "| --- |" + " ---: |" * (len(self.columns) - 1)
        for row in self.rows:
            yield "| " + " | ".join(text.replace("|", "\\|") for text in row) + " |"
        if self.notes:
            yield ""
            yield from (f"- {note}" for note in self.notes)


def marked(text: str, *, advisory: bool) -> str:
    """Put the sign of an advisory figure before it."""
    return "~" + text if advisory else text


def advisory_note(rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Explain the mark where a cell bears it."""
    return (ADVISORY,) if any(cell.startswith("~") for row in rows for cell in row) else ()


def percentile(p: float) -> str:
    """Return the name of a percentile: p99 of 0.99."""
    return f"p{100 * p:g}"


def duration(ns: float) -> str:
    """Return a duration as a person reads it: ns below ten microseconds, then the unit that fits."""
    if ns < 10_000:
        return f"{ns:,.0f} ns"
    for unit, size in (("\u00b5s", 1e3), ("ms", 1e6)):
        if ns < 1000 * size:
            return f"{ns / size:.{1 if ns < 100 * size else 0}f} {unit}"
    return f"{ns / 1e9:.2f} s"
