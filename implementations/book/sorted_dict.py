"""A sorted map a side, by the library sortedcontainers."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from sortedcontainers import SortedDict

from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from implementations.book.contract import Pairs
    from implementations.messages import BookLike, LevelLike


@implementation(source="sortedcontainers.SortedDict, the fix that is usually advised", fixes="B3")
class SortedDictBook:
    """Both maps rise; every change costs O(log n), every look at an end goes through the library's index."""

    __slots__ = ("_asks", "_bids")

    def __init__(self) -> None:
        self._bids = SortedDict()
        self._asks = SortedDict()

    def apply(self, message: BookLike) -> None:
        """Set or remove level by level."""
        if message.reset:
            self._bids.clear()
            self._asks.clear()
        _set(self._bids, message.bids)
        _set(self._asks, message.asks)

    def top(self) -> tuple[float, float, float, float]:
        """Peek at the ends."""
        bid_price, bid_size = self._bids.peekitem(-1) if self._bids else (0.0, 0.0)
        ask_price, ask_size = self._asks.peekitem(0) if self._asks else (0.0, 0.0)
        return bid_price, bid_size, ask_price, ask_size

    def depth(self, levels: int) -> tuple[Pairs, Pairs]:
        """Walk from the ends."""
        bids = self._bids
        return (
            [(price, bids[price]) for price in islice(reversed(bids), levels)],
            list(islice(self._asks.items(), levels)),
        )


def _set(side: SortedDict, levels: Iterable[LevelLike]) -> None:
    for level in levels:
        size = level.size
        if size:
            side[level.price] = size
        else:
            side.pop(level.price, None)
