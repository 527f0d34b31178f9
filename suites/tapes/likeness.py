"""How like a tape another is: each statistic beside its counterpart, and the band that it should be in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from suites.tapes.profile import Profile

SHARE: Final = 0.02
FACTOR: Final = 1.25


@dataclass(frozen=True, slots=True)
class Figure:
    """A statistic: a share, whose band is a difference, or a `factor`, whose band is a ratio either way."""

    name: str
    of: Callable[[Profile], float]
    band: float = SHARE
    factor: bool = False

    def within(self, found: float, wanted: float) -> bool:
        """Tell whether a value is in the band around another; what is unknown is not."""
        if not self.factor:
            return abs(found - wanted) <= self.band
        return found == wanted or (found > 0 < wanted and wanted / self.band <= found <= wanted * self.band)


FIGURES: Final = (
    *(
        Figure(f"{name}s", lambda each, name=name: each.kinds.get(name, 0.0))  # type: ignore[misc]
        for name in ("update", "quote", "trade", "snapshot")
    ),
    *(
        Figure(f"rank touched: {name}", lambda each, name=name: each.ranks.get(name, 0.0))  # type: ignore[misc]
        for name in ("best", "1-4", "5-9", "10-19", "20+")
    ),
    *(
        Figure(f"levels: {name}", lambda each, name=name: each.actions.get(name, 0.0))  # type: ignore[misc]
        for name in ("add", "delete", "change", "missing")
    ),
    Figure("updates that move the top", lambda each: each.moves_top),
    Figure("levels an update", lambda each: each.levels_per_update, 1.1, factor=True),
    Figure("messages a second", lambda each: each.rate_per_s, FACTOR, factor=True),
    Figure("Fano factor at 10 ms", lambda each: each.fano[0], FACTOR, factor=True),
    Figure("at 100 ms", lambda each: each.fano[1], FACTOR, factor=True),
    Figure("at 1 s", lambda each: each.fano[2], FACTOR, factor=True),
    Figure("CV of the gaps", lambda each: each.gap_cv, 0.2),
    Figure("slope of the symbols", lambda each: each.symbol_slope, 0.2),
    Figure("follows its own symbol", lambda each: each.same_symbol, 0.05),
)
"""The statistics in which tapes are compared; docs/tapes.md says why these bands."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """A figure of a tape, and the mean of the same over others."""

    figure: Figure
    wanted: float
    found: float

    @property
    def within(self) -> bool:
        """Return whether it is in the band."""
        return self.figure.within(self.found, self.wanted)


def likeness(of: Profile, others: Sequence[Profile]) -> Iterator[Likeness]:
    """Hold the mean over generated tapes to a tape; figures that the tape is too short for are left out."""
    for figure in FIGURES:
        if not math.isnan(wanted := figure.of(of)):
            yield Likeness(figure, wanted, fmean(map(figure.of, others)))
