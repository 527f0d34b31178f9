"""The standard library's bounded queue."""

from __future__ import annotations

from queue import Empty, Full, Queue
from typing import TYPE_CHECKING

from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable


@implementation(source="queue.Queue, a deque with a lock and three conditions", fixes="B2")
class QueueHandoff:
    """`Queue(capacity)`, only ever asked without waiting."""

    __slots__ = ("_get", "_handler", "_put", "_queue", "refused")

    def __init__(self, handler: Callable[[object], object], capacity: int) -> None:
        self.refused = 0
        self._handler = handler
        self._queue: Queue[object] = Queue(capacity)
        self._put = self._queue.put_nowait
        self._get = self._queue.get_nowait

    def offer(self, item: object) -> bool:
        """Put the item without waiting."""
        try:
            self._put(item)
        except Full:
            self.refused += 1
            return False
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
        return self._queue.qsize()
