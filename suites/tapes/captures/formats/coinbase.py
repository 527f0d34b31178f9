"""Coinbase Exchange: `snapshot` and `l2update` to books, `match` and `last_match` to trades, `ticker` to quotes.

Nothing numbers an `l2update`, and older ones have no time: a lost one shows by what it leaves behind, a book that
crosses or a removal of a level that is not held, and both are gaps here. The ticker of 2021 gives no sizes: such a
quote has size 0. Other message types carry nothing for the pipeline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from suites.tapes.captures.events import (
    PRICES,
    SIZES,
    BookEvent,
    Event,
    Level,
    QuoteEvent,
    TradeEvent,
    levels,
    utc_ns,
)
from suites.tapes.captures.mirror import Mirror

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suites.tapes.captures.feed import Feed
    from suites.tapes.captures.importer import Head

NAME: Final = "Coinbase level2"
LOOKS_LIKE: Final = '`{"type":"snapshot","product_id":"BTC-USD","bids":...}` (Coinbase)'
_KEYS: Final = {
    "snapshot": {"product_id", "bids", "asks"},
    "l2update": {"product_id", "changes"},
    "match": {"product_id", "trade_id"},
    "last_match": {"product_id", "trade_id"},
    "ticker": {"product_id", "best_bid"},
}


def recognises(head: Head) -> bool:
    """Tell whether a message has a type and its fields."""
    return any(isinstance(each, dict) and _keys(each) <= each.keys() for each in head.messages)


def _keys(message: dict[str, Any]) -> set[str]:
    kind = message.get("type")
    return _KEYS.get(kind, {"no such type"}) if isinstance(kind, str) else {"no type"}


def events(feed: Feed) -> Iterator[Event]:
    """Read a capture."""
    books: dict[str, Mirror] = {}
    for received_ns, message in feed.messages():
        if message["type"] not in _KEYS or not (symbol := feed.symbols[message["product_id"]]):
            continue
        match message["type"]:
            case "snapshot":
                books[symbol] = Mirror()
                yield _snapshot(feed, books[symbol], symbol, message, received_ns)
            case "l2update":
                if feed.whole(symbol) and (event := _update(feed, books[symbol], symbol, message, received_ns)):
                    yield event
            case "ticker":
                yield _quote(symbol, message, received_ns)
            case _:
                yield _trade(symbol, message, received_ns)


def _snapshot(feed: Feed, book: Mirror, symbol: str, message: dict[str, Any], received_ns: int) -> BookEvent:
    bids, asks = levels(message["bids"]), levels(message["asks"])
    book.apply(bids, asks)
    feed.begin(symbol)
    return BookEvent(received_ns, symbol, _when(message, received_ns), bids, asks, reset=True)


def _update(feed: Feed, book: Mirror, symbol: str, message: dict[str, Any], received_ns: int) -> BookEvent | None:
    bids: list[Level] = []
    asks: list[Level] = []
    for side, price, size in message["changes"]:
        {"buy": bids, "sell": asks}[side].append((PRICES[price], SIZES[size]))
    missing = book.apply(bids, asks)
    if missing or book.crossed():
        feed.gap(symbol, f"{f'{missing} levels are removed that are not held' if missing else 'the book crosses'}")
        return None
    return BookEvent(received_ns, symbol, _when(message, received_ns), bids, asks, reset=False)


def _trade(symbol: str, message: dict[str, Any], received_ns: int) -> TradeEvent:
    # `side` is the maker's: a maker who sold met a buyer
    taker = {"sell": "B", "buy": "S"}[message["side"]]
    price, size = PRICES[message["price"]], SIZES[message["size"]]
    return TradeEvent(received_ns, symbol, utc_ns(message["time"]), price, size, int(message["trade_id"]), taker)


def _quote(symbol: str, message: dict[str, Any], received_ns: int) -> QuoteEvent:
    bid, ask = (
        (SIZES[message[f"best_{side}"]], SIZES[message.get(f"best_{side}_size", "0")]) for side in ("bid", "ask")
    )
    return QuoteEvent(received_ns, symbol, _when(message, received_ns), bid, ask)


def _when(message: dict[str, Any], received_ns: int) -> int:
    return utc_ns(message["time"]) if "time" in message else received_ns
