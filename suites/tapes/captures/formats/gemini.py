"""Gemini v2: `l2_updates` to books, `trade` to trades. A message with the symbol's recent `trades` is a whole book.

Nothing numbers the updates and removals of levels that are not held occur (34 in 655): a lost message shows only where
the book crosses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from suites.tapes.captures.events import MS_NS, PRICES, SIZES, BookEvent, Event, TradeEvent
from suites.tapes.captures.mirror import Mirror

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suites.tapes.captures.events import Level
    from suites.tapes.captures.feed import Feed
    from suites.tapes.captures.importer import Head

NAME: Final = "Gemini l2"
LOOKS_LIKE: Final = '`{"type":"l2_updates","symbol":"BTCUSD","changes":[["buy","9122.04","0.1"]]}` (Gemini v2)'


def recognises(head: Head) -> bool:
    """Tell whether a message has the type and its fields."""
    return any(
        isinstance(each, dict) and each.get("type") == "l2_updates" and {"symbol", "changes"} <= each.keys()
        for each in head.messages
    )


def events(feed: Feed) -> Iterator[Event]:
    """Read a capture."""
    books: dict[str, Mirror] = {}
    for received_ns, message in feed.messages():
        kind = message.get("type")
        if kind not in {"l2_updates", "trade"} or not (symbol := feed.symbols[message["symbol"]]):
            continue
        if kind == "trade":
            numbers, taker = (PRICES[message["price"]], SIZES[message["quantity"]]), message["side"][0].upper()
            when_ns = int(message["timestamp"]) * MS_NS
            yield TradeEvent(received_ns, symbol, when_ns, *numbers, int(message["event_id"]), taker)
            continue
        if reset := "trades" in message:
            books[symbol] = Mirror()
            feed.begin(symbol)
        if reset or feed.whole(symbol):
            yield from _update(feed, books[symbol], symbol, message, received_ns, reset)


def _update(
    feed: Feed,
    book: Mirror,
    symbol: str,
    message: dict[str, Any],
    received_ns: int,
    reset: bool,  # noqa: FBT001  the wire's own flag
) -> Iterator[BookEvent]:
    bids: list[Level] = []
    asks: list[Level] = []
    for side, price, size in message["changes"]:
        {"buy": bids, "sell": asks}[side].append((PRICES[price], SIZES[size]))
    book.apply(bids, asks)
    if book.crossed():
        feed.gap(symbol, "the book crosses")
        return
    yield BookEvent(received_ns, symbol, received_ns, bids, asks, reset)
