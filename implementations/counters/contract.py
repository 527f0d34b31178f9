"""What every counter must hold."""

from __future__ import annotations

from typing import Protocol


class OrderCounter(Protocol):
    """How many orders left, were refused, were filled: any thread adds, any thread asks.

    Factory: called as factory(). The count starts at 0.
    Law: `value` gives at least the `add` calls that had returned when it was called, and at most those that had begun
    when it returned; so to one thread it never goes back, and no call is ever lost.
    Threading: both methods may be called from any thread at any time. Errors: none. Cost: an `add` is part of every
    order, whatever the other threads do; below 200 ns is the aim.
    """

    def add(self) -> None:
        """Count one."""

    def value(self) -> int:
        """Return the count."""
