"""An atomic number of the package cereggii."""

from __future__ import annotations

from cereggii import AtomicInt64

from implementations.registry import implementation


@implementation(source="cereggii.AtomicInt64: the processor's own fetch-and-add")
class CereggiiCounter:
    """Adding is one instruction behind a method call; nobody ever waits."""

    __slots__ = ("_add", "_count")

    def __init__(self) -> None:
        self._count = AtomicInt64(0)
        self._add = self._count.increment_and_get

    def add(self) -> None:
        """Add by the processor."""
        self._add(1)

    def value(self) -> int:
        """Load the number."""
        return int(self._count.get())
