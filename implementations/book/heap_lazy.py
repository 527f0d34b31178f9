"""A heap a side whose removed prices stay until they reach the head."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from implementations.book.contract import Pairs
    from implementations.messages import BookLike, LevelLike

_SPARE = 64  # dead entries a heap may hold beyond the live ones before it is built anew


@implementation(source="heapq with lazy deletion (the heapq documentation's priority queue)", fixes="B3")
class HeapLazyBook:
    """A price is pushed when it appears and popped when `top` finds it dead; a removal touches the dict alone.

    A price that comes back is pushed again, so a heap could grow without end: it is rebuilt when more than half of it
    is dead, O(n) once in n changes.
    """

    __slots__ = ("_ask_heap", "_asks", "_bid_heap", "_bids")

    def __init__(self) -> None:
        self._bids: dict[float, float] = {}  # by negated price, as heapq keeps the least first
        self._asks: dict[float, float] = {}
        self._bid_heap: list[float] = []
        self._ask_heap: list[float] = []

    def apply(self, message: BookLike) -> None:
        """Set or remove level by level, pushing new prices."""
        if message.reset:
            for container in (self._bids, self._asks, self._bid_heap, self._ask_heap):
                container.clear()
        if message.bids:
            _set(self._bids, self._bid_heap, message.bids, -1.0)
        if message.asks:
            _set(self._asks, self._ask_heap, message.asks, 1.0)

    def top(self) -> tuple[float, float, float, float]:
        """Pop the dead from the heads, then read them."""
        bid, bid_size = _best(self._bids, self._bid_heap)
        ask, ask_size = _best(self._asks, self._ask_heap)
        return 0.0 - bid, bid_size, ask, ask_size

    def depth(self, levels: int) -> tuple[Pairs, Pairs]:
        """Take the best `levels` of each dict, O(n log levels): a heap has no order beyond its head."""
        bids = heapq.nsmallest(levels, self._bids.items())
        return [(-price, size) for price, size in bids], heapq.nsmallest(levels, self._asks.items())


def _set(sizes: dict[float, float], heap: list[float], levels: Iterable[LevelLike], sign: float) -> None:
    for level in levels:
        price = level.price * sign
        size = level.size
        if size:
            if price not in sizes:
                heapq.heappush(heap, price)
            sizes[price] = size
        else:
            sizes.pop(price, None)
    if len(heap) > 2 * len(sizes) + _SPARE:
        heap[:] = sizes
        heapq.heapify(heap)


def _best(sizes: dict[float, float], heap: list[float]) -> tuple[float, float]:
    while heap:
        price = heap[0]
        if price in sizes:
            return price, sizes[price]
        heapq.heappop(heap)
    return 0.0, 0.0
