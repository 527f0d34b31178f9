"""The bottleneck as it was: one lock for all books, held while a book changes and while a top is read."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from implementations.manager.contract import EMPTY
from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable

    from implementations.book.contract import OrderBook
    from implementations.manager.contract import Top
    from implementations.messages import BookLike


@implementation(source="the usual manager: a dict of books behind one lock", bottleneck="C1")
class LockedManager:
    """A reader waits for whatever book is being changed, and the feeds for each other and for the readers."""

    __slots__ = ("_books", "_lock", "_new_book")

    def __init__(self, new_book: Callable[[], OrderBook]) -> None:
        self._new_book = new_book
        self._books: dict[str, OrderBook] = {}
        self._lock = threading.Lock()

    def apply(self, message: BookLike) -> None:
        """Find or make the book and change it, alone."""
        symbol = message.symbol
        with self._lock:
            book = self._books.get(symbol)
            if book is None:
                book = self._books[symbol] = self._new_book()
            book.apply(message)

    def top(self, symbol: str) -> Top:
        """Ask the book, alone."""
        with self._lock:
            book = self._books.get(symbol)
            return EMPTY if book is None else book.top()

    def symbols(self) -> list[str]:
        """Copy the names, alone."""
        with self._lock:
            return list(self._books)
