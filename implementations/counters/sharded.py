"""A number for each thread, added up by whoever asks."""

from __future__ import annotations

import threading

from implementations.registry import implementation


class _Cell(threading.local):
    """The calling thread's own number, a list of one; a thread that comes here first adds its list to all of them."""

    def __init__(self, cells: list[list[int]]) -> None:
        self.own = [0]
        cells.append(self.own)  # atomic, with the GIL and without


@implementation(source="per-CPU counters of an operating system's kernel, by thread", fixes="B5")
class ShardedCounter:
    """No thread writes what another writes, so nobody waits; asking costs a look at every thread that ever added.

    Each number only grows, so their sum never goes back to one thread. The number of a thread that has ended stays.
    """

    __slots__ = ("_cell", "_cells")

    def __init__(self) -> None:
        self._cells: list[list[int]] = []
        self._cell = _Cell(self._cells)

    def add(self) -> None:
        """Add to the own number."""
        self._cell.own[0] += 1

    def value(self) -> int:
        """Add all numbers up."""
        return sum(cell[0] for cell in self._cells.copy())
