"""A curve as characters, for a terminal: a mark a column, its interval as a line through it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MARK: Final = "\u25cf"
LINE: Final = "\u2502"
_NOTHING: Final = " "


@dataclass(frozen=True, slots=True)
class Dot:
    """One figure with its interval, in the unit of the axis."""

    value: float
    low: float
    high: float


def chart(dots: Sequence[Dot | None], label: Callable[[float], str], *, width: int = 72, height: int = 14) -> list[str]:
    """Return the lines of a picture, the axis at the left; None leaves its place empty.

    More dots than columns share one: the last of them is drawn, its interval is that of all.
    """
    known = [each for each in dots if each is not None]
    if not known:
        return []
    low, high = min(each.low for each in known), max(each.high for each in known)
    if high - low <= 0.0:
        low, high = low - 0.5, high + 0.5
    columns = [_together(part) for part in _shared(dots, width)]

    def row(value: float) -> int:
        return round((high - value) / (high - low) * (height - 1))

    grid = [[_NOTHING] * len(columns) for _ in range(height)]
    for place, each in enumerate(columns):
        if each is not None:
            for line in range(row(each.high), row(each.low) + 1):
                grid[line][place] = LINE
            grid[row(each.value)][place] = MARK
    labels = [label(high - number * (high - low) / (height - 1)) for number in range(height)]
    side = max(map(len, labels))
    return [f"{text.rjust(side)} \u2524{''.join(cells).rstrip()}" for text, cells in zip(labels, grid, strict=True)]


def _shared(dots: Sequence[Dot | None], width: int) -> list[Sequence[Dot | None]]:
    """Cut the dots into at most `width` parts of nearly the same size."""
    count = min(width, len(dots))
    edges = [len(dots) * number // count for number in range(count + 1)]
    return [dots[start:end] for start, end in itertools.pairwise(edges)]


def _together(part: Sequence[Dot | None]) -> Dot | None:
    known = [each for each in part if each is not None]
    if not known:
        return None
    return Dot(known[-1].value, min(each.low for each in known), max(each.high for each in known))
