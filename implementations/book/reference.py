"""The oracle: two dicts, searched whole for every answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from implementations.book.contract import Pairs
    from implementations.messages import BookLike, LevelLike


@implementation(source="the contract's words, one statement each")
class ReferenceBook:
    """Size by price, a dict a side: `apply` is O(1) a level, `top` and `depth` are O(n log n)."""

    def __init__(self) -> None:
        self._bids: dict[float, float] = {}
        self._asks: dict[float, float] = {}

    def apply(self, message: BookLike) -> None:
        """Set or remove level by level."""
        if message.reset:
            self._bids = {}
            self._asks = {}
        _set(self._bids, message.bids)
        _set(self._asks, message.asks)

    def top(self) -> tuple[float, float, float, float]:
        """Sort both sides and take the first of each."""
        bids, asks = self.depth(1)
        bid_price, bid_size = bids[0] if bids else (0.0, 0.0)
        ask_price, ask_size = asks[0] if asks else (0.0, 0.0)
        return bid_price, bid_size, ask_price, ask_size

    def depth(self, levels: int) -> tuple[Pairs, Pairs]:
        """Sort both sides."""
        return sorted(self._bids.items(), reverse=True)[:levels], sorted(self._asks.items())[:levels]


def _set(side: dict[float, float], levels: Iterable[LevelLike]) -> None:
    for level in levels:
        side[level.price] = level.size
        if level.size == 0:
            del side[level.price]
