"""What every source of depth snapshots must hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from implementations.messages import BookLike, LevelLike


class Snapshot(Protocol):
    """The best levels of both sides, best first; beyond the counts, what the sequences hold means nothing."""

    @property
    def bids(self) -> Sequence[LevelLike]:
        """Return the bids, falling."""

    @property
    def asks(self) -> Sequence[LevelLike]:
        """Return the asks, rising."""

    @property
    def bid_count(self) -> int:
        """Return how many of the bids are levels."""

    @property
    def ask_count(self) -> int:
        """Return how many of the asks are levels."""


class Snapshots(Protocol):
    """A book that can be looked at several levels deep after every change.

    Factory: called as factory(levels). `apply` takes a message as a book does (implementations.book.contract).
    `snapshot` gives up to `levels` levels a side; what it gave is valid until the next call of either method, so a
    reader that keeps it copies it, and an implementation may give the same object every time. Threading: one thread.
    Errors: none. Cost: a few microseconds for ten levels.
    """

    def apply(self, message: BookLike) -> None:
        """Take one message."""

    def snapshot(self) -> Snapshot:
        """Return the best levels as they are now."""
