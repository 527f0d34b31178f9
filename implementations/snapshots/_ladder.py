"""The book behind the snapshots: a sorted list of prices and a dict of sizes a side."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from implementations.messages import BookLike, LevelLike


class Ladder:
    """Prices rise in both lists: the best bid is the last of its list, the best ask the first."""

    __slots__ = ("ask_sizes", "asks", "bid_sizes", "bids")

    def __init__(self) -> None:
        self.bids: list[float] = []
        self.asks: list[float] = []
        self.bid_sizes: dict[float, float] = {}
        self.ask_sizes: dict[float, float] = {}

    def apply(self, message: BookLike) -> None:
        """Set or remove level by level."""
        if message.reset:
            self.bid_sizes.clear()
            self.ask_sizes.clear()
            self.bids = _fill(self.bid_sizes, message.bids)
            self.asks = _fill(self.ask_sizes, message.asks)
            return
        _change(self.bids, self.bid_sizes, message.bids)
        _change(self.asks, self.ask_sizes, message.asks)


def _fill(sizes: dict[float, float], levels: Iterable[LevelLike]) -> list[float]:
    for level in levels:
        if level.size:
            sizes[level.price] = level.size
        else:
            sizes.pop(level.price, None)
    return sorted(sizes)


def _change(prices: list[float], sizes: dict[float, float], levels: Iterable[LevelLike]) -> None:
    for level in levels:
        price = level.price
        size = level.size
        if price in sizes:
            if size:
                sizes[price] = size
            else:
                del sizes[price]
                del prices[bisect_left(prices, price)]
        elif size:
            sizes[price] = size
            insort(prices, price)
