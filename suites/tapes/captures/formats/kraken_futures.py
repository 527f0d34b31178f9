"""Kraken Futures: `book_snapshot` and `book` to books, numbered without a hole per product; `trade`, `ticker_lite`.

The products are FI_ (fixed maturity) and PI_, PF_ (perpetual).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from suites.tapes.captures.events import MS_NS, PRICES, SIZES, BookEvent, Event, QuoteEvent, TradeEvent, identifier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suites.tapes.captures.events import Level
    from suites.tapes.captures.feed import Feed
    from suites.tapes.captures.importer import Head

NAME: Final = "Kraken Futures book"
LOOKS_LIKE: Final = '`{"feed":"book_snapshot","product_id":"PI_XBTUSD","seq":...,"bids":...}` (Kraken Futures)'
_FEEDS: Final = frozenset({"book_snapshot", "book", "trade", "ticker_lite", "ticker"})


def recognises(head: Head) -> bool:
    """Tell whether a message names a feed and a product."""
    return any(isinstance(each, dict) and {"feed", "product_id"} <= each.keys() for each in head.messages)


def events(feed: Feed) -> Iterator[Event]:
    """Read a capture."""
    reached: dict[str, int] = {}
    for received_ns, message in feed.exact_messages():
        kind = message.get("feed")
        if kind not in _FEEDS or "event" in message or not (symbol := feed.symbols[message["product_id"]]):
            continue
        if kind == "book_snapshot":
            reached[symbol] = int(message["seq"])
            feed.begin(symbol)
            sides = _levels(message["bids"]), _levels(message["asks"])
            yield BookEvent(received_ns, symbol, int(message["timestamp"]) * MS_NS, *sides, reset=True)
        elif kind == "book":
            if feed.whole(symbol) and (event := _update(feed, symbol, message, received_ns, reached)):
                yield event
        elif kind == "trade":
            price, size = PRICES[message["price"]], SIZES[message["qty"]]
            taker = "B" if message["side"] == "buy" else "S"
            number = identifier(message.get("uid") or message["seq"])
            yield TradeEvent(received_ns, symbol, int(message["time"]) * MS_NS, price, size, number, taker)
        else:
            bid, ask = ((SIZES[message[side]], SIZES[message.get(f"{side}_size", "0")]) for side in ("bid", "ask"))
            yield QuoteEvent(received_ns, symbol, received_ns, bid, ask)


def _update(
    feed: Feed, symbol: str, message: dict[str, Any], received_ns: int, reached: dict[str, int]
) -> BookEvent | None:
    number, expected = int(message["seq"]), reached[symbol] + 1
    if number < expected:  # sent again, or the snapshot holds it
        return None
    if number > expected:
        feed.gap(symbol, f"expected update {expected}, this one is {number}")
        return None
    reached[symbol] = number
    level = [(PRICES[message["price"]], SIZES[message["qty"]])]
    bids, asks = (level, []) if message["side"] == "buy" else ([], level)
    return BookEvent(received_ns, symbol, int(message["timestamp"]) * MS_NS, bids, asks, reset=False, update_id=number)


def _levels(levels: list[dict[str, str]]) -> list[Level]:
    return [(PRICES[level["price"]], SIZES[level["qty"]]) for level in levels]
