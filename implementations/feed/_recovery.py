"""Keeps stale books from being used: after a gap, a symbol's book waits for its snapshot.

For whoever goes on behind a gap. No pipeline of this repository does: a gap ends a run over the wire, which has failed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from implementations.messages import BOOK

if TYPE_CHECKING:
    from implementations.messages import MarketMessage


class SnapshotGate:
    """Lets a book's changes through only on top of a snapshot; counts what it holds back.

    `open` is true while every known book is fresh. `gap` makes every known book stale; a message with `reset` makes its
    own fresh. A symbol that was never seen begins with its first message, snapshot or not, unless a gap came before it:
    then its snapshot may have been missed.
    """

    def __init__(self) -> None:
        self.open = True
        self.dropped = 0
        self._stale: set[str] = set()
        self._known: set[str] = set()
        self._gaps = 0

    def gap(self, _reason: str = "") -> None:
        """Take every known book for stale."""
        self._gaps += 1
        self._stale = set(self._known)
        self.open = not self._stale

    def admit(self, message: MarketMessage) -> bool:
        """Return whether a message may be used."""
        if message.kind != BOOK:
            return True
        symbol = message.symbol  # type: ignore[union-attr]  # its kind says so
        if symbol not in self._known:
            self._known.add(symbol)
            if self._gaps:
                self._stale.add(symbol)
                self.open = False
        if symbol not in self._stale:
            return True
        if message.reset:  # type: ignore[union-attr]  # its kind says so
            self._stale.discard(symbol)
            self.open = not self._stale
            return True
        self.dropped += 1
        return False
