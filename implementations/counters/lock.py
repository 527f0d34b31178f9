"""A lock around every addition."""

from __future__ import annotations

import threading

from implementations.registry import implementation


@implementation(source="threading.Lock, the usual way", bottleneck="B5")
class LockCounter:
    """Whoever adds waits for whoever adds; who asks reads one number, which is whole with the GIL and without."""

    __slots__ = ("_count", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0

    def add(self) -> None:
        """Add under the lock."""
        with self._lock:
            self._count += 1

    def value(self) -> int:
        """Read the number."""
        return self._count
