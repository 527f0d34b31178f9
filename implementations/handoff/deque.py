"""A deque that grows by blocks while a burst waits and shrinks as it is drained."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable


@implementation(source="collections.deque, as queues are written where nothing is known of their load", bottleneck="B4")
class DequeHandoff:
    """The bound is kept by the producer; memory is taken and given back with the length of the queue.

    One producer and one consumer: between the look at the length and the append the length only falls.
    """

    __slots__ = ("_capacity", "_handler", "_queue", "refused")

    def __init__(self, handler: Callable[[object], object], capacity: int) -> None:
        self.refused = 0
        self._handler = handler
        self._capacity = capacity
        self._queue: deque[object] = deque()

    def offer(self, item: object) -> bool:
        """Append the item, unless `capacity` items wait."""
        if len(self._queue) >= self._capacity:
            self.refused += 1
            return False
        self._queue.append(item)
        return True

    def drain(self, limit: int) -> int:
        """Take from the left, then hand over, until nothing waits."""
        queue = self._queue
        handler = self._handler
        handed = 0
        while handed < limit and queue:
            item = queue.popleft()
            handed += 1
            handler(item)
        return handed

    def __len__(self) -> int:
        """Ask the deque."""
        return len(self._queue)
