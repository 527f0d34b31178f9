"""The oracle: a list, its first item the oldest."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable


@implementation(source="the contract's words, one statement each")
class ReferenceHandoff:
    """A list under a lock: `offer` appends, `drain` removes the first, which moves all others."""

    def __init__(self, handler: Callable[[object], object], capacity: int) -> None:
        self.refused = 0
        self._handler = handler
        self._capacity = capacity
        self._waiting: list[object] = []
        self._lock = threading.Lock()

    def offer(self, item: object) -> bool:
        """Append, unless `capacity` items wait."""
        with self._lock:
            if len(self._waiting) >= self._capacity:
                self.refused += 1
                return False
            self._waiting.append(item)
            return True

    def drain(self, limit: int) -> int:
        """Remove and handle, one by one; the handler runs outside the lock."""
        handed = 0
        while handed < limit:
            with self._lock:
                if not self._waiting:
                    break
                item = self._waiting.pop(0)
            handed += 1
            self._handler(item)
        return handed

    def __len__(self) -> int:
        """Count the list."""
        return len(self._waiting)
