"""The oracle: one lock around a plain number, taken by hand."""

from __future__ import annotations

import threading

from implementations.registry import implementation


@implementation(source="the contract, one thread at a time")
class ReferenceCounter:
    """Whoever adds or asks has the number alone."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Condition()
        self._count = 0

    def add(self) -> None:
        """Add with nobody else there."""
        with self._one_at_a_time:
            self._count += 1

    def value(self) -> int:
        """Ask with nobody else there."""
        with self._one_at_a_time:
            return self._count
