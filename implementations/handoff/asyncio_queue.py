"""The event loop's own bounded queue, only ever asked without waiting."""

from __future__ import annotations

from asyncio import Queue, QueueEmpty, QueueFull
from typing import TYPE_CHECKING

from implementations.registry import Requires, implementation

if TYPE_CHECKING:
    from collections.abc import Callable


# Its documentation promises nothing to threads. One producer and one consumer that never wait meet only at its deque,
# each call of which is one step while the GIL is on.
@implementation(source="asyncio.Queue, a deque with two lines of waiters", fixes="B2", requires=Requires(gil=True))
class AsyncioQueueHandoff:
    """`asyncio.Queue(capacity)` without its waiting."""

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
        except QueueFull:
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
            except QueueEmpty:
                return handed
            handler(item)
        return max(limit, 0)

    def __len__(self) -> int:
        """Ask the queue."""
        return self._queue.qsize()
