"""Flat sorted arrays of C doubles, compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from implementations.native import extension
from implementations.registry import implementation

if TYPE_CHECKING:
    from implementations.book.contract import OrderBook

_NEW = extension("book").FlatBook


@implementation(source="flat sorted arrays, best last, moved by memmove: implementations/native/book.pyx", fixes="B3")
def native() -> OrderBook:
    """Return an empty book. A level O(log n) to find and a memmove of what is better; `depth` O(levels)."""
    book: OrderBook = _NEW()
    return book
