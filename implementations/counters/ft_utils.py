"""An atomic number of the package ft_utils."""

from __future__ import annotations

from ft_utils.concurrent import AtomicInt64

from implementations.registry import implementation


@implementation(source="ft_utils.concurrent.AtomicInt64, made for free-threaded Python")
class FtUtilsCounter:
    """As cereggii's; its counts of up to a few hundred are the interpreter's small numbers."""

    __slots__ = ("_add", "_count", "_get")

    def __init__(self) -> None:
        self._count = AtomicInt64(0)
        self._add = self._count.incr
        self._get = self._count.get

    def add(self) -> None:
        """Add by the processor."""
        self._add()

    def value(self) -> int:
        """Load the number."""
        return int(self._get())
