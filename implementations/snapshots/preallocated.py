"""As many levels as a snapshot may have, made once and filled anew each time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from implementations.registry import implementation
from implementations.snapshots._ladder import Ladder

if TYPE_CHECKING:
    from implementations.messages import BookLike
    from implementations.snapshots.contract import Snapshot


class _Level:
    """A level that is written again and again; the floats themselves are the book's own."""

    __slots__ = ("price", "size")

    def __init__(self) -> None:
        self.price = 0.0
        self.size = 0.0


class _View:
    """The one snapshot."""

    __slots__ = ("ask_count", "asks", "bid_count", "bids")

    def __init__(self, levels: int) -> None:
        self.bids = [_Level() for _ in range(levels)]
        self.asks = [_Level() for _ in range(levels)]
        self.bid_count = 0
        self.ask_count = 0


@implementation(source="bounded, preallocated levels", fixes="M3")
class PreallocatedSnapshots:
    """A snapshot allocates the iterators of two loops, however many levels it has."""

    __slots__ = ("_ladder", "_levels", "_view")

    def __init__(self, levels: int) -> None:
        self._levels = levels
        self._ladder = Ladder()
        self._view = _View(levels)

    def apply(self, message: BookLike) -> None:
        """Change the ladder."""
        self._ladder.apply(message)

    def snapshot(self) -> Snapshot:
        """Write the best levels into the view; `zip` ends at the shorter of levels and prices."""
        ladder, view = self._ladder, self._view
        sizes = ladder.bid_sizes
        for level, price in zip(view.bids, reversed(ladder.bids)):  # noqa: B905  see above
            level.price = price
            level.size = sizes[price]
        sizes = ladder.ask_sizes
        for level, price in zip(view.asks, ladder.asks):  # noqa: B905  see above
            level.price = price
            level.size = sizes[price]
        levels = self._levels
        count = len(ladder.bids)
        view.bid_count = min(levels, count)
        count = len(ladder.asks)
        view.ask_count = min(levels, count)
        return view
