"""The oracle: the reference book, asked for its depth."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from implementations.book.reference import ReferenceBook
from implementations.messages import Level
from implementations.registry import implementation

if TYPE_CHECKING:
    from implementations.messages import BookLike
    from implementations.snapshots.contract import Snapshot


@implementation(source="the contract, by the reference book")
class ReferenceSnapshots:
    """Sorts both sides whole for each snapshot."""

    def __init__(self, levels: int) -> None:
        self._levels = levels
        self._book = ReferenceBook()

    def apply(self, message: BookLike) -> None:
        """Pass it on."""
        self._book.apply(message)

    def snapshot(self) -> Snapshot:
        """Ask for the depth and name its parts."""
        bids, asks = ([Level(*pair) for pair in side] for side in self._book.depth(self._levels))
        return SimpleNamespace(bids=bids, asks=asks, bid_count=len(bids), ask_count=len(asks))
