"""A map that no longer changes once every symbol has come, to cells that one writer each fills with immutable tops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from implementations.manager.contract import EMPTY
from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable

    from implementations.book.contract import OrderBook
    from implementations.manager.contract import Top
    from implementations.messages import BookLike


class _Cell:
    """The book of one symbol and the top that its writer published last."""

    __slots__ = ("book", "top")

    def __init__(self, book: OrderBook) -> None:
        self.book = book
        self.top: Top = EMPTY


@implementation(source="a lock-free map by dict.setdefault, atomic in C, and a cell of one writer a symbol", fixes="C1")
class LockFreeManager:
    """Writers of different symbols share nothing that they change, so on a free-threaded build none waits for another.

    Two threads that bring a new symbol at once both make a cell; `setdefault` gives both the one that came first.
    """

    __slots__ = ("_cells", "_new_book")

    def __init__(self, new_book: Callable[[], OrderBook]) -> None:
        self._new_book = new_book
        self._cells: dict[str, _Cell] = {}

    def apply(self, message: BookLike) -> None:
        """Change the cell's book, then replace its top in one store."""
        cell = self._cells.get(message.symbol)
        if cell is None:
            cell = self._cells.setdefault(message.symbol, _Cell(self._new_book()))
        book = cell.book
        book.apply(message)
        cell.top = book.top()

    def top(self, symbol: str) -> Top:
        """Find the cell and load its top."""
        cell = self._cells.get(symbol)
        return EMPTY if cell is None else cell.top

    def symbols(self) -> list[str]:
        """Copy the names."""
        return list(self._cells)
