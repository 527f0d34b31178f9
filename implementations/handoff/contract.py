"""What every hand-off must hold."""

from __future__ import annotations

from typing import Protocol


class Handoff(Protocol):
    """From the receive loop (the producer) to the handler (the consumer).

    Factory: called as factory(handler, capacity); `handler(item)` is what consumes, `capacity` (1 or above)
    the bound in items.
    Order: first in, first out. Each item accepted by `offer` reaches the handler exactly once.
    When it is full, `offer` answers False, keeps nothing of the item and counts it in `refused`: the caller decides
    (drop, wait, disconnect), and nothing is lost silently. An implementation without a queue handles within `offer`
    (whose caller then gets the handler's exceptions) and is never full; where it is no more than that call, it may say
    so by an attribute `at_once`, and a caller may call the handler itself. `drain(limit)` hands up to `limit` waiting
    items to the handler on the calling thread and gives how many; an exception of the handler passes through, with
    that item counted as handed over and the rest still waiting. Blocking: neither call blocks for longer than a lock
    of the queue is held by the other side. Threading: one producer thread calls `offer`, one consumer thread calls
    `drain`; they may be the same.
    """

    refused: int

    def offer(self, item: object) -> bool:
        """Accept an item, or answer False because `capacity` items wait."""

    def drain(self, limit: int) -> int:
        """Hand up to `limit` waiting items to the handler; return how many."""

    def __len__(self) -> int:
        """Return how many items wait."""
