"""A new list of new levels for each snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from implementations.messages import Level
from implementations.registry import implementation
from implementations.snapshots._ladder import Ladder

if TYPE_CHECKING:
    from implementations.messages import BookLike
    from implementations.snapshots.contract import Snapshot


class _Taken(NamedTuple):
    bids: list[Level]
    asks: list[Level]
    bid_count: int
    ask_count: int


@implementation(source="a list comprehension where the snapshot is wanted", bottleneck="M3")
class FreshSnapshots:
    """One object a level, two lists, and the snapshot itself: all of it garbage at the next change."""

    __slots__ = ("_ladder", "_levels")

    def __init__(self, levels: int) -> None:
        self._levels = levels
        self._ladder = Ladder()

    def apply(self, message: BookLike) -> None:
        """Change the ladder."""
        self._ladder.apply(message)

    def snapshot(self) -> Snapshot:
        """Build everything anew."""
        ladder, levels = self._ladder, self._levels
        bid_sizes, ask_sizes = ladder.bid_sizes, ladder.ask_sizes
        bids = [Level(price, bid_sizes[price]) for price in ladder.bids[: -levels - 1 : -1]]
        asks = [Level(price, ask_sizes[price]) for price in ladder.asks[:levels]]
        return _Taken(bids, asks, len(bids), len(asks))
