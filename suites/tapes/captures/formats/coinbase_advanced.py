"""Coinbase Advanced Trade: `l2_data` to books, `market_trades` to trades, `ticker` to quotes.

`sequence_num` counts the messages of the connection, all channels together: a hole is a gap of every book.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from suites.tapes.captures.events import PRICES, SIZES, BookEvent, Event, QuoteEvent, TradeEvent, identifier, utc_ns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suites.tapes.captures.events import Level
    from suites.tapes.captures.feed import Feed
    from suites.tapes.captures.importer import Head

NAME: Final = "Coinbase Advanced Trade"
LOOKS_LIKE: Final = '`{"channel":"l2_data","sequence_num":0,"events":[{"type":"snapshot","updates":...}]}` (Coinbase)'


def recognises(head: Head) -> bool:
    """Tell whether a message names a channel, its number and events."""
    return any(
        isinstance(each, dict) and {"channel", "sequence_num", "events"} <= each.keys() for each in head.messages
    )


def events(feed: Feed) -> Iterator[Event]:
    """Read a capture."""
    last: int | None = None
    begun: set[str] = set()
    for received_ns, message in feed.messages():
        if not isinstance(message, dict) or "sequence_num" not in message:
            continue
        number = int(message["sequence_num"])
        if number == 0 and last is not None:
            feed.reconnected()
        elif last is not None and number != last + 1:
            for symbol in [each for each in begun if feed.begun(each)]:
                feed.gap(symbol, f"expected message {last + 1} of the connection, this one is {number}")
        last = number
        for event in message["events"]:
            if message["channel"] == "l2_data":
                yield from _book(feed, event, message, received_ns, begun)
            elif message["channel"] == "market_trades" and event["type"] == "update":
                yield from _trades(feed, event, received_ns)
            elif message["channel"] in {"ticker", "ticker_batch"}:
                yield from _quotes(feed, event, message, received_ns)


def _book(
    feed: Feed, event: dict[str, Any], message: dict[str, Any], received_ns: int, begun: set[str]
) -> Iterator[BookEvent]:
    if not (symbol := feed.symbols[event["product_id"]]):
        return
    if reset := event["type"] == "snapshot":
        feed.begin(symbol)
        begun.add(symbol)
    elif not feed.whole(symbol):
        return
    bids: list[Level] = []
    asks: list[Level] = []
    for each in event["updates"]:
        {"bid": bids, "offer": asks}[each["side"]].append((PRICES[each["price_level"]], SIZES[each["new_quantity"]]))
    yield BookEvent(received_ns, symbol, utc_ns(message["timestamp"]), bids, asks, reset)


def _trades(feed: Feed, event: dict[str, Any], received_ns: int) -> Iterator[TradeEvent]:
    for each in event["trades"]:
        if symbol := feed.symbols[each["product_id"]]:
            numbers, taker = (PRICES[each["price"]], SIZES[each["size"]]), {"BUY": "S", "SELL": "B"}[each["side"]]
            number = identifier(each["trade_id"])  # `side` is the maker's
            yield TradeEvent(received_ns, symbol, utc_ns(each["time"]), *numbers, number, taker)


def _quotes(feed: Feed, event: dict[str, Any], message: dict[str, Any], received_ns: int) -> Iterator[QuoteEvent]:
    for each in event["tickers"]:
        if (symbol := feed.symbols[each["product_id"]]) and "best_bid" in each:
            bid, ask = ((SIZES[each[f"best_{s}"]], SIZES[each.get(f"best_{s}_quantity", "0")]) for s in ("bid", "ask"))
            yield QuoteEvent(received_ns, symbol, utc_ns(message["timestamp"]), bid, ask)
