"""Bitstamp: `order_book` answers or channel and `diff_order_book` to books, `live_trades` to trades.

A diff has a time in microseconds and no number. One at or before the snapshot's time is in the snapshot; from there on
times rise, and a lost diff shows by a removal of a level that is not held, or a cross. Answers to requests and diffs
come in two files of cryptofeed's (`.http.`, `.ws.`): name the answers first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from suites.tapes.captures.events import PRICES, SIZES, BookEvent, Event, TradeEvent, levels
from suites.tapes.captures.mirror import Mirror

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suites.tapes.captures.feed import Feed
    from suites.tapes.captures.importer import Head

NAME: Final = "Bitstamp order book"
LOOKS_LIKE: Final = '`{"event":"data","channel":"diff_order_book_btcusd","data":{"microtimestamp":...}}` (Bitstamp)'
_BOOKS: Final = ("diff_order_book_", "order_book_", "detail_order_book_")
_TRADES: Final = "live_trades_"
_US_NS: Final = 1_000


def recognises(head: Head) -> bool:
    """Tell whether a message is of one of the channels, or an answer with a time in microseconds."""
    return any(
        isinstance(each, dict)
        and (
            {"microtimestamp", "bids", "asks"} <= each.keys() or str(each.get("channel")).startswith((*_BOOKS, _TRADES))
        )
        for each in head.messages
    )


@dataclass(slots=True)
class _Book:
    """A book, the time it has reached, and a snapshot that waits for its first diff."""

    mirror: Mirror = field(default_factory=Mirror)
    reached: int = 0
    pending: BookEvent | None = None


def events(feed: Feed) -> Iterator[Event]:
    """Read a capture."""
    books: dict[str, _Book] = {}
    for received_ns, message in feed.messages():
        if "microtimestamp" in message:
            if symbol := feed.symbols[feed.address.rstrip("/").rpartition("/")[2] or "UNKNOWN"]:
                book = books[symbol] = _Book()
                book.pending = _snapshot(book, symbol, message, received_ns)
            continue
        channel, data = str(message.get("channel", "")), message.get("data")
        if not data or not (symbol := feed.symbols[channel.rpartition("_")[2] or "UNKNOWN"]):
            continue
        if channel.startswith(_TRADES) and message["event"] == "trade":
            numbers = PRICES[data["price_str"]], SIZES[data["amount_str"]]
            when_ns, taker = int(data["microtimestamp"]) * _US_NS, "S" if int(data["type"]) else "B"
            yield TradeEvent(received_ns, symbol, when_ns, *numbers, int(data["id"]), taker)
        elif channel.startswith(_BOOKS[0]):
            if (symbol in books and books[symbol].pending) or feed.whole(symbol):
                yield from _diff(feed, books[symbol], symbol, data, received_ns)
        elif channel.startswith(_BOOKS[1]):
            books[symbol] = _Book()
            feed.begin(symbol)
            yield _snapshot(books[symbol], symbol, data, received_ns)


def _snapshot(book: _Book, symbol: str, data: dict[str, Any], received_ns: int) -> BookEvent:
    book.reached = int(data["microtimestamp"])
    sides = levels(data["bids"]), levels(data["asks"])
    book.mirror.apply(*sides)
    return BookEvent(received_ns, symbol, book.reached * _US_NS, *sides, reset=True)


def _diff(feed: Feed, book: _Book, symbol: str, data: dict[str, Any], received_ns: int) -> Iterator[BookEvent]:
    time = int(data["microtimestamp"])
    if book.pending is not None:
        if time <= book.reached:
            return  # the snapshot holds it
        yield book.pending
        book.pending = None
        feed.begin(symbol)
    sides = levels(data["bids"]), levels(data["asks"])
    if time < book.reached or book.mirror.apply(*sides) or book.mirror.crossed():
        feed.gap(symbol, "the diff is older than the one before, removes a level that is not held, or crosses the book")
        return
    book.reached = time
    yield BookEvent(received_ns, symbol, time * _US_NS, *sides, reset=False)
