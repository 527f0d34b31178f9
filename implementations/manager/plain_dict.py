"""No lock of ours: a dict of books for the writers, a dict of tops for the readers, each call of which is atomic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from implementations.manager.contract import EMPTY
from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable

    from implementations.book.contract import OrderBook
    from implementations.manager.contract import Top
    from implementations.messages import BookLike


@implementation(source="dict's own guarantees: get, setdefault and item assignment are atomic", fixes="C1")
class PlainDictManager:
    """The writer publishes an immutable top after each message; a reader makes one lookup and touches no book.

    With the GIL the interpreter makes each call of a dict atomic; a free-threaded build does it by a lock in each dict,
    which here all writers of tops share.
    """

    __slots__ = ("_books", "_new_book", "_tops")

    def __init__(self, new_book: Callable[[], OrderBook]) -> None:
        self._new_book = new_book
        self._books: dict[str, OrderBook] = {}
        self._tops: dict[str, Top] = {}

    def apply(self, message: BookLike) -> None:
        """Change the book, then publish its top."""
        symbol = message.symbol
        book = self._books.get(symbol)
        if book is None:
            book = self._books.setdefault(symbol, self._new_book())
        book.apply(message)
        self._tops[symbol] = book.top()

    def top(self, symbol: str) -> Top:
        """Look up what was published last."""
        return self._tops.get(symbol, EMPTY)

    def symbols(self) -> list[str]:
        """Copy the names; `list` of a dict is atomic too."""
        return list(self._books)
