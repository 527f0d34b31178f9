"""A re-entrant lock around every addition."""

from __future__ import annotations

import threading

from implementations.registry import implementation


@implementation(source="threading.RLock, where a method that holds it calls another that takes it")
class RLockCounter:
    """As `lock`, by a lock that knows its owner."""

    __slots__ = ("_count", "_lock")

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._count = 0

    def add(self) -> None:
        """Add under the lock."""
        with self._lock:
            self._count += 1

    def value(self) -> int:
        """Read the number."""
        return self._count
