"""The statistics by which a generated tape is held against captured ones: of a tape of any length, in one pass."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from statistics import linear_regression
from typing import TYPE_CHECKING, Final

from suites.tapes.anatomy import Anatomy, dissect, rank_bucket

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suites.tapes.tape import Tape

WINDOWS_NS: Final = (10_000_000, 100_000_000, 1_000_000_000)


@dataclass(frozen=True, slots=True)
class Profile:
    """Shares are of 1; `fano` is the variance over the mean of the counts in 10 ms, 100 ms and 1 s.

    What a tape is too short for, or has nothing of, is 0; a Fano factor of fewer than two whole windows is NaN.
    """

    messages: int
    seconds: float
    kinds: Mapping[str, float]
    symbols: Mapping[str, int]  # messages of each, the busiest first
    depths: Mapping[str, tuple[int, int]]  # least and most levels of both sides together, by symbol
    actions: Mapping[str, float]
    ranks: Mapping[str, float]
    moves_top: float  # of the updates
    levels: Mapping[int, int]  # how many updates touch so many levels
    levels_per_update: float
    rate_per_s: float
    gap_cv: float  # standard deviation of the gaps over their mean
    fano: tuple[float, ...]
    symbol_slope: float  # of log(messages) over log(rank of the symbol); 0 for a single symbol
    same_symbol: float  # how often a message is of the symbol of the one before it


def profile(tape: Tape) -> Profile:
    """Compute the statistics of a tape, of which a block at a time is in memory."""
    counts = Counts()
    for time_ns, anatomy in zip(tape.times_ns, dissect(tape.frames), strict=True):
        counts.take(time_ns, anatomy)
    return counts.profile()


@dataclass(slots=True)
class Counts:
    """What was counted of a tape so far."""

    kinds: Counter[str] = field(default_factory=Counter)
    symbols: Counter[str] = field(default_factory=Counter)
    depths: dict[str, tuple[int, int]] = field(default_factory=dict)
    actions: Counter[str] = field(default_factory=Counter)
    ranks: Counter[str] = field(default_factory=Counter)
    levels: Counter[int] = field(default_factory=Counter)
    tops: int = 0
    same: int = 0
    first_ns: int = 0
    last_ns: int = 0
    squared_gaps: int = 0
    last_symbol: str = ""
    windows: tuple[_Windows, ...] = field(default_factory=lambda: tuple(map(_Windows, WINDOWS_NS)))

    def take(self, time_ns: int, each: Anatomy) -> None:
        """Count a message."""
        if not self.kinds:
            self.first_ns = self.last_ns = time_ns
        self.kinds[each.kind] += 1
        self.symbols[each.symbol] += 1
        self.same += each.symbol == self.last_symbol
        self.last_symbol = each.symbol
        self.squared_gaps += (time_ns - self.last_ns) ** 2
        self.last_ns = time_ns
        for windows in self.windows:
            windows.take(time_ns - self.first_ns)
        if each.kind in {"update", "snapshot"}:
            least, most = self.depths.get(each.symbol, (each.depth, each.depth))
            self.depths[each.symbol] = min(least, each.depth), max(most, each.depth)
        if each.kind == "update":
            self.tops += each.moves_top
            self.levels[each.levels] += 1
            for touch in each.touches:
                self.actions[touch.action] += 1
                self.ranks[rank_bucket(touch.rank)] += 1

    def profile(self) -> Profile:
        """Return the statistics of what was counted."""
        messages, duration_ns, updates = self.kinds.total(), self.last_ns - self.first_ns, self.kinds["update"]
        gaps, touched = messages - 1, self.actions.total()
        variance = self.squared_gaps / gaps - (duration_ns / gaps) ** 2 if gaps > 0 else 0.0
        return Profile(
            messages=messages,
            seconds=duration_ns / 1e9,
            kinds=_shares(self.kinds),
            symbols=dict(self.symbols.most_common()),
            depths=self.depths,
            actions=_shares(self.actions),
            ranks=_shares(self.ranks),
            moves_top=self.tops / updates if updates else 0.0,
            levels=dict(sorted(self.levels.items())),
            levels_per_update=touched / updates if updates else 0.0,
            rate_per_s=gaps / duration_ns * 1e9 if duration_ns else 0.0,
            gap_cv=math.sqrt(max(0.0, variance)) * gaps / duration_ns if duration_ns else 0.0,
            fano=tuple(windows.fano(duration_ns) for windows in self.windows),
            symbol_slope=_slope(self.symbols),
            same_symbol=self.same / gaps if gaps > 0 else 0.0,
        )


@dataclass(slots=True)
class _Windows:
    """Counts in whole windows of one length; the last, which the tape does not fill, is left out."""

    length_ns: int
    at: int = 0
    count: int = 0
    total: int = 0
    squares: int = 0

    def take(self, time_ns: int) -> None:
        window = time_ns // self.length_ns
        if window != self.at:
            self.total += self.count
            self.squares += self.count * self.count
            self.at, self.count = window, 0
        self.count += 1

    def fano(self, duration_ns: int) -> float:
        windows = duration_ns // self.length_ns
        if windows < 2 or not self.total:
            return math.nan
        return (windows * self.squares - self.total * self.total) / (windows * self.total)


def _shares(counts: Counter[str]) -> dict[str, float]:
    return {value: count / counts.total() for value, count in sorted(counts.items())}


def _slope(symbols: Counter[str]) -> float:
    if len(symbols) < 2:
        return 0.0
    counts = [count for _, count in symbols.most_common()]
    ranks = range(1, len(counts) + 1)
    return linear_regression([math.log(rank) for rank in ranks], [math.log(count) for count in counts]).slope
