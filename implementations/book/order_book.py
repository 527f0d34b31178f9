"""The library order-book: two sorted maps in C, made for feeds of this kind. GPL, so it stays an optional extra."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from implementations.peers import peer
from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from implementations.book.contract import Pairs
    from implementations.messages import BookLike, LevelLike

_New = peer("order_book", "order-book").OrderBook


@implementation(source="order-book (C): a dict and its keys, sorted when they are looked at", fixes="B3")
class OrderBookBook:
    """Bids fall, asks rise; the keys are sorted anew at the first look after a price has come or gone."""

    __slots__ = ("_asks", "_bids", "_book")

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._book = _New()
        self._bids: Any = self._book.bids
        self._asks: Any = self._book.asks

    def apply(self, message: BookLike) -> None:
        """Set or remove level by level."""
        if message.reset:
            self._clear()
        _set(self._bids, message.bids)
        _set(self._asks, message.asks)

    def top(self) -> tuple[float, float, float, float]:
        """Look at the first of each."""
        bid_price, bid_size = self._bids.index(0) if len(self._bids) else (0.0, 0.0)
        ask_price, ask_size = self._asks.index(0) if len(self._asks) else (0.0, 0.0)
        return bid_price, bid_size, ask_price, ask_size

    def depth(self, levels: int) -> tuple[Pairs, Pairs]:
        """Walk from the best."""
        return _walk(self._bids, levels), _walk(self._asks, levels)


def _set(side: Any, levels: Iterable[LevelLike]) -> None:
    for level in levels:
        price = level.price
        size = level.size
        if size:
            side[price] = size
        elif price in side:
            del side[price]


def _walk(side: Any, levels: int) -> Pairs:
    return [(price, side[price]) for price in islice(side, levels)]
