"""The oracle: a list of pairs, searched from its beginning, one thread at a time."""

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


@implementation(source="the contract's words, one statement each")
class ReferenceManager:
    """Everything O(symbols), everything under one lock."""

    def __init__(self, new_book: Callable[[], OrderBook]) -> None:
        self._new_book = new_book
        self._books: list[tuple[str, OrderBook]] = []
        self._alone = threading.Lock()

    def apply(self, message: BookLike) -> None:
        """Look for the symbol's book, make one where none is found, and change it."""
        with self._alone:
            for symbol, book in self._books:
                if symbol == message.symbol:
                    book.apply(message)
                    return
            book = self._new_book()
            self._books.append((message.symbol, book))
            book.apply(message)

    def top(self, symbol: str) -> Top:
        """Look for the symbol's book and ask it."""
        with self._alone:
            for name, book in self._books:
                if name == symbol:
                    return book.top()
            return EMPTY

    def symbols(self) -> list[str]:
        """Return the first of each pair."""
        with self._alone:
            return [symbol for symbol, _ in self._books]
