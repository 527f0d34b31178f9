"""A sorted list of prices a side, and a dict of sizes."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING

from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from implementations.book.contract import Pairs
    from implementations.messages import BookLike, LevelLike


@implementation(source="bisect on a list: O(log n) to find, and a memmove of O(n) that stays short", fixes="B3")
class BisectBook:
    """Both lists rise: the best bid is the last, the best ask the first. A change of a held level touches no list."""

    __slots__ = ("_ask_prices", "_ask_sizes", "_bid_prices", "_bid_sizes")

    def __init__(self) -> None:
        self._bid_prices: list[float] = []
        self._ask_prices: list[float] = []
        self._bid_sizes: dict[float, float] = {}
        self._ask_sizes: dict[float, float] = {}

    def apply(self, message: BookLike) -> None:
        """Set or remove level by level."""
        if message.reset:
            for container in (self._bid_prices, self._ask_prices, self._bid_sizes, self._ask_sizes):
                container.clear()
        _set(self._bid_prices, self._bid_sizes, message.bids)
        _set(self._ask_prices, self._ask_sizes, message.asks)

    def top(self) -> tuple[float, float, float, float]:
        """Read the ends of the lists."""
        bid_price = bid_size = ask_price = ask_size = 0.0
        if self._bid_prices:
            bid_price = self._bid_prices[-1]
            bid_size = self._bid_sizes[bid_price]
        if self._ask_prices:
            ask_price = self._ask_prices[0]
            ask_size = self._ask_sizes[ask_price]
        return bid_price, bid_size, ask_price, ask_size

    def depth(self, levels: int) -> tuple[Pairs, Pairs]:
        """Slice the lists."""
        bid_sizes = self._bid_sizes
        ask_sizes = self._ask_sizes
        bids = self._bid_prices[: -levels - 1 : -1]
        asks = self._ask_prices[:levels]
        return [(price, bid_sizes[price]) for price in bids], [(price, ask_sizes[price]) for price in asks]


def _set(prices: list[float], sizes: dict[float, float], levels: Iterable[LevelLike]) -> None:
    for level in levels:
        price = level.price
        size = level.size
        if size:
            if price not in sizes:
                insort(prices, price)
            sizes[price] = size
        elif price in sizes:
            del sizes[price]
            del prices[bisect_left(prices, price)]
