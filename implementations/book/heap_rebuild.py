"""The bottleneck as it was: a dict a side, and both heaps built anew from it on every update."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from implementations.registry import implementation

if TYPE_CHECKING:
    from implementations.book.contract import Pairs
    from implementations.messages import BookLike


@implementation(source="the usual dict and heapq book, before anyone measured it", bottleneck="B3")
class HeapRebuildBook:
    """`apply` is O(n): all prices are copied and heapified; `top` is O(1)."""

    def __init__(self) -> None:
        self.bids: dict[float, float] = {}
        self.asks: dict[float, float] = {}
        self._bid_heap: list[float] = []  # negated: heapq keeps the least first
        self._ask_heap: list[float] = []

    def apply(self, message: BookLike) -> None:
        """Update the dicts, then rebuild the heaps."""
        if message.reset:
            self.bids.clear()
            self.asks.clear()
        for level in message.bids:
            if level.size == 0:
                self.bids.pop(level.price, None)
            else:
                self.bids[level.price] = level.size
        for level in message.asks:
            if level.size == 0:
                self.asks.pop(level.price, None)
            else:
                self.asks[level.price] = level.size
        self._rebuild_heaps()

    def _rebuild_heaps(self) -> None:
        self._bid_heap = [-price for price in self.bids]
        heapq.heapify(self._bid_heap)
        self._ask_heap = list(self.asks)
        heapq.heapify(self._ask_heap)

    def top(self) -> tuple[float, float, float, float]:
        """Read the heads of both heaps."""
        bid_price = bid_size = ask_price = ask_size = 0.0
        if self._bid_heap:
            bid_price = -self._bid_heap[0]
            bid_size = self.bids[bid_price]
        if self._ask_heap:
            ask_price = self._ask_heap[0]
            ask_size = self.asks[ask_price]
        return bid_price, bid_size, ask_price, ask_size

    def depth(self, levels: int) -> tuple[Pairs, Pairs]:
        """Take the best `levels` of each dict, O(n log levels)."""
        return heapq.nlargest(levels, self.bids.items()), heapq.nsmallest(levels, self.asks.items())
