"""What every order book must hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from implementations.messages import BookLike

Pairs = list[tuple[float, float]]


class OrderBook(Protocol):
    """The price levels of one symbol, both sides.

    Factory: called without arguments, gives an empty book.
    Order: messages are applied in the order of the calls; within a message, levels in their order, bids first; the last
    one of a price wins. A level of size 0 removes its price; removing a price that is not held changes nothing (on
    Binance 4 to 16 % of the removals are such). A message with `reset` replaces both sides.
    Reads: `top` and `depth` see every message applied before. An empty side reads as price 0.0 and size 0.0.
    A crossed book is kept as it was sent: judging the feed is not the book's work.
    Cost: `apply` is for thousands of calls a second with `top` read after each; O(log n) a level or better is expected,
    and the reference says what happens otherwise.
    Errors: none; a message has been checked by the decoder. Sizes are 0 or above, prices above 0, both finite.
    Threading: one thread; whoever shares a book brings the lock.
    """

    def apply(self, message: BookLike) -> None:
        """Take one snapshot or update of this book's symbol."""

    def top(self) -> tuple[float, float, float, float]:
        """Return best bid price, its size, best ask price, its size."""

    def depth(self, levels: int) -> tuple[Pairs, Pairs]:
        """Return up to `levels` best (price, size) pairs a side, best first: bids falling, asks rising."""
