"""The standard library's queue in C, its bound kept by the producer."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable


@implementation(source="queue.SimpleQueue (the _queue module in C)", fixes="B2")
class SimpleQueueHandoff:
    """An unbounded queue bounded by its one producer: between its look at the size and its put the size only falls."""

    __slots__ = ("_capacity", "_get", "_handler", "_put", "_queue", "_size", "refused")

    def __init__(self, handler: Callable[[object], object], capacity: int) -> None:
        self.refused = 0
        self._handler = handler
        self._capacity = capacity
        self._queue: SimpleQueue[object] = SimpleQueue()
        self._put = self._queue.put
        self._get = self._queue.get_nowait
        self._size = self._queue.qsize

    def offer(self, item: object) -> bool:
        """Put the item, unless `capacity` items wait."""
        if self._size() >= self._capacity:
            self.refused += 1
            return False
        self._put(item)
        return True

    def drain(self, limit: int) -> int:
        """Get and handle until nothing waits."""
        get = self._get
        handler = self._handler
        for handed in range(limit):
            try:
                item = get()
            except Empty:
                return handed
            handler(item)
        return max(limit, 0)

    def __len__(self) -> int:
        """Ask the queue."""
        return self._size()
