"""A bounded ring for one producer and one consumer: no lock, no allocation of containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable


@implementation(source="Lamport's single-producer single-consumer queue (1977)", fixes="B2")
class RingHandoff:
    """A preallocated list and two counters that only grow: `tail` is the producer's, `head` the consumer's.

    Each side writes its own counter, and only after the slot: an item is visible when `tail` has passed it, a slot is
    free when `head` has. The list's length is a power of two at or above `capacity`, so a mask finds the slot; the
    bound is `capacity` itself. `drain` empties a slot before it hands the item over, so no item is kept alive, and
    moves `head` before the handler runs: an exception, or a call back into `drain`, finds the ring whole.
    """

    __slots__ = ("_capacity", "_handler", "_head", "_mask", "_slots", "_tail", "refused")

    def __init__(self, handler: Callable[[object], object], capacity: int) -> None:
        self.refused = 0
        self._handler = handler
        self._capacity = capacity
        length = 1 << max(capacity - 1, 0).bit_length()
        self._slots: list[object] = [None] * length
        self._mask = length - 1
        self._head = 0
        self._tail = 0

    def offer(self, item: object) -> bool:
        """Fill the next slot, then move `tail`."""
        tail = self._tail
        if tail - self._head >= self._capacity:
            self.refused += 1
            return False
        self._slots[tail & self._mask] = item
        self._tail = tail + 1
        return True

    def drain(self, limit: int) -> int:
        """Empty slot after slot, moving `head` first, then handing over."""
        slots = self._slots
        mask = self._mask
        handler = self._handler
        handed = 0
        while handed < limit:
            head = self._head
            if head == self._tail:
                break
            at = head & mask
            item = slots[at]
            slots[at] = None
            self._head = head + 1
            handed += 1
            handler(item)
        return handed

    def __len__(self) -> int:
        """Count what lies between the counters; `head` is read first, so the answer is never below 0."""
        head = self._head
        return self._tail - head
