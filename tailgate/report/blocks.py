"""What a page is made of, as plain data: sections of blocks. Templates draw them; nothing here knows of HTML.

Positions are fractions of a plot's width and height (0 left and bottom, 1 right and top), so that a picture fits any
screen. A block's `path` and `implementation` are what the page's filters choose by; empty is always shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailgate.report.scale import Tick
    from tailgate.results.table import Table

Stroke = Literal["solid", "thin", "dashed", "dashed thin"]
Ends = Literal["closed", "open"]
Tone = Literal["good", "bad", "doubtful", "plain"]


@dataclass(frozen=True, slots=True)
class Tag:
    """What the filters know an item by."""

    path: str = ""
    implementation: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points (x, y); `part` names what may be switched off: raw, reproducible."""

    part: str
    stroke: Stroke
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Series:
    """One thing with a colour: its lines, its marks, and what is read at each stop of the pointer.

    summary: stands in the legend. readings: by part, one text a stop, "" where there is none.
    """

    name: str
    tag: Tag
    look: int
    lines: tuple[Line, ...]
    marks: tuple[tuple[float, float], ...]
    summary: str
    readings: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over two axes; stops are where the pointer and the arrow keys halt."""

    key: str
    title: str
    description: str
    x_label: str
    y_label: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    series: tuple[Series, ...]
    stops: tuple[Tick, ...]
    tables: tuple[TableBlock, ...] = ()
    kind: Literal["chart"] = "chart"


@dataclass(frozen=True, slots=True)
class TableBlock:
    """A table; `tags` has one a row, or is empty where filters do not matter."""

    table: Table
    tags: tuple[Tag, ...] = ()
    folded: bool = False
    kind: Literal["table"] = "table"


@dataclass(frozen=True, slots=True)
class Span:
    """One row of a range picture: a value with its range, marks, and what they say.

    low, high: fractions, or None where there is no range; ends: open where one of them is not bounded.
    marks: (fraction, glyph, what it is).
    """

    name: str
    tag: Tag
    low: float | None
    high: float | None
    marks: tuple[tuple[float, str, str], ...]
    text: str
    tone: Tone = "plain"
    band: tuple[float, float] | None = None
    ends: Ends = "closed"


@dataclass(frozen=True, slots=True)
class Ranges:
    """Rows of ranges over one axis; `origin` is where "no difference" lies."""

    title: str
    description: str
    ticks: tuple[Tick, ...]
    rows: tuple[Span, ...]
    legend: tuple[tuple[str, str], ...] = ()
    origin: float | None = None
    tables: tuple[TableBlock, ...] = ()
    kind: Literal["ranges"] = "ranges"


@dataclass(frozen=True, slots=True)
class Part:
    """A share of a bar."""

    name: str
    look: int
    share: float
    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A whole and its parts."""

    name: str
    tag: Tag
    total: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars of parts, each as wide as the picture."""

    title: str
    description: str
    bars: tuple[Bar, ...]
    tables: tuple[TableBlock, ...] = ()
    kind: Literal["bars"] = "bars"


@dataclass(frozen=True, slots=True)
class Card:
    """One statement of the summary."""

    title: str
    value: str
    detail: str
    tone: Tone = "plain"
    link: str = ""


@dataclass(frozen=True, slots=True)
class Cards:
    """The summary: what to know first."""

    cards: tuple[Card, ...]
    kind: Literal["cards"] = "cards"


@dataclass(frozen=True, slots=True)
class Text:
    """Paragraphs, or items of a list."""

    lines: tuple[str, ...]
    style: Literal["paragraphs", "list"] = "paragraphs"
    kind: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class Links:
    """Files beside the page: (text, relative address)."""

    links: tuple[tuple[str, str], ...]
    kind: Literal["links"] = "links"


Block = Chart | TableBlock | Ranges | Bars | Cards | Text | Links


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page under a heading; short: the same in the list of sections, the title up to a colon if empty."""

    key: str
    title: str
    lead: str
    blocks: Sequence[Block]
    source: str = ""
    short: str = ""
    cards: tuple[Card, ...] = field(default=())

    def under(self, notes: tuple[str, ...]) -> Section:
        """Return the section with further notes under each of its tables, or at its end where it has none."""
        blocks = [_under(block, notes) for block in self.blocks]
        if notes and all(drawn is block for drawn, block in zip(blocks, self.blocks, strict=True)):
            blocks.append(Text(notes, "list"))
        return replace(self, blocks=blocks)


def _under(block: Block, notes: tuple[str, ...]) -> Block:
    """Return a block with notes under its tables; the block itself where it has none."""
    if isinstance(block, TableBlock):
        return replace(block, table=block.table.under(notes))
    if isinstance(block, Chart | Ranges | Bars) and block.tables:
        return replace(block, tables=tuple(replace(each, table=each.table.under(notes)) for each in block.tables))
    return block
