"""A queue for threads and event loops at once, only ever asked without waiting."""

from __future__ import annotations

from queue import Empty, Full
from typing import TYPE_CHECKING

from implementations.peers import peer
from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable

_Queue = peer("culsans", "culsans").Queue


@implementation(source="culsans.Queue, its side for threads", fixes="B2")
class CulsansHandoff:
    """`Queue(capacity).sync_q`, without its waiting."""

    __slots__ = ("_get", "_handler", "_put", "_size", "refused")

    def __init__(self, handler: Callable[[object], object], capacity: int) -> None:
        self.refused = 0
        self._handler = handler
        queue = _Queue(capacity).sync_q
        self._put = queue.put_nowait
        self._get = queue.get_nowait
        self._size = queue.qsize

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
        size: int = self._size()
        return size
