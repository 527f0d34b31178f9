"""NautilusTrader's order book, in Rust: price levels by fixed-point numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from implementations.peers import peer
from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from implementations.book.contract import Pairs
    from implementations.messages import BookLike, LevelLike

_rust = peer("nautilus_trader.core.nautilus_pyo3", "nautilus_trader")
_Price, _Quantity, _Order = _rust.Price, _rust.Quantity, _rust.BookOrder
_PRECISION = 8  # decimals: of all tapes here the finest


@implementation(source="nautilus_trader's OrderBook (Rust), by price level", fixes="B3")
class NautilusBook:
    """A price is a fixed-point number of 8 decimals, a level an order of its own: each is made anew for each change."""

    __slots__ = ("_book",)

    def __init__(self) -> None:
        self._book: Any = _rust.OrderBook(_rust.InstrumentId.from_str("X.VENUE"), _rust.BookType.L2_MBP)

    def apply(self, message: BookLike) -> None:
        """Set or remove level by level."""
        book = self._book
        if message.reset:
            book.clear(0, 0)
        _set(book, _rust.OrderSide.BUY, message.bids)
        _set(book, _rust.OrderSide.SELL, message.asks)

    def top(self) -> tuple[float, float, float, float]:
        """Ask for the best of each."""
        book = self._book
        bid = book.best_bid_price()
        ask = book.best_ask_price()
        return (
            *((0.0, 0.0) if bid is None else (bid.as_double(), book.best_bid_size().as_double())),
            *((0.0, 0.0) if ask is None else (ask.as_double(), book.best_ask_size().as_double())),
        )

    def depth(self, levels: int) -> tuple[Pairs, Pairs]:
        """Ask for the levels."""
        book = self._book
        bids, asks = (
            [(level.price.as_double(), level.size()) for level in side]
            for side in (book.bids(levels), book.asks(levels))
        )
        return bids, asks


def _set(book: Any, side: Any, levels: Iterable[LevelLike]) -> None:
    for level in levels:
        size = level.size
        order = _Order(side, _Price(level.price, _PRECISION), _Quantity(size, _PRECISION), 0)
        if size:
            book.update(order, 0, 0, 0)
        else:
            book.delete(order, 0, 0, 0)
