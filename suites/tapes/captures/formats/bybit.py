"""Bybit v5: `orderbook.N` to books, `publicTrade` to trades; before v5, `orderBookL2_25` and `trade` of both kinds.

In v5 `u` rises by one from message to message of a topic, and a snapshot begins anew (u is 1 after a restart of the
service). `cross_seq` of the older channel only rises; a lost message shows by a removal of a level that is not held, an
insertion of one that is, or a cross.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from suites.tapes.captures.events import MS_NS, PRICES, SIZES, BookEvent, Event, TradeEvent, identifier, levels
from suites.tapes.captures.mirror import Mirror

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suites.tapes.captures.events import Level
    from suites.tapes.captures.feed import Feed
    from suites.tapes.captures.importer import Head

NAME: Final = "Bybit order book"
LOOKS_LIKE: Final = '`{"topic":"orderbook.50.BTCUSDT","type":"snapshot","data":{"s":...,"b":...,"u":...}}` (Bybit)'
_TOPICS: Final = ("orderbook.", "orderBookL2_25.", "publicTrade.", "trade.")


def recognises(head: Head) -> bool:
    """Tell whether a message has data under one of Bybit's topics."""
    return any(_topic(each) for each in head.messages)


def _topic(message: Any) -> str:
    if not isinstance(message, dict) or "data" not in message or "subject" in message:
        return ""
    topic = str(message.get("topic", ""))
    return topic if topic.startswith(_TOPICS) else ""


def events(feed: Feed) -> Iterator[Event]:
    """Read a capture."""
    reached: dict[str, int] = {}
    mirrors: dict[str, Mirror] = {}
    for received_ns, message in feed.exact_messages():
        if not (topic := _topic(message)) or not (symbol := feed.symbols[topic.rpartition(".")[2]]):
            continue
        if topic.startswith("orderbook."):
            yield from _book(feed, symbol, message, received_ns, reached)
        elif topic.startswith("orderBookL2_25."):
            yield from _old_book(feed, symbol, message, received_ns, mirrors)
        elif topic.startswith("publicTrade."):
            for each in message["data"]:
                numbers, number = (PRICES[each["p"]], SIZES[each["v"]]), identifier(each["i"])
                yield TradeEvent(received_ns, symbol, int(each["T"]) * MS_NS, *numbers, number, each["S"][0])
        else:
            for each in message["data"]:
                numbers, number = (PRICES[each["price"]], SIZES[each["size"]]), identifier(each["trade_id"])
                when_ns = int(each["trade_time_ms"]) * MS_NS
                yield TradeEvent(received_ns, symbol, when_ns, *numbers, number, each["side"][0])


def _book(
    feed: Feed, symbol: str, message: dict[str, Any], received_ns: int, reached: dict[str, int]
) -> Iterator[Event]:
    data = message["data"]
    number, reset = int(data["u"]), message["type"] == "snapshot" or int(data["u"]) == 1
    if reset:
        feed.begin(symbol)
    elif not feed.whole(symbol):
        return
    elif number != reached[symbol] + 1:
        if number > reached[symbol]:
            feed.gap(symbol, f"expected update {reached[symbol] + 1}, this one is {number}")
        return
    reached[symbol] = number
    sides = levels(data["b"]), levels(data["a"])
    yield BookEvent(received_ns, symbol, int(message["ts"]) * MS_NS, *sides, reset, update_id=number)


def _old_book(
    feed: Feed, symbol: str, message: dict[str, Any], received_ns: int, mirrors: dict[str, Mirror]
) -> Iterator[Event]:
    data, reset = message["data"], message["type"] == "snapshot"
    if not reset and not feed.whole(symbol):
        return
    bids: list[Level] = []
    asks: list[Level] = []
    if reset:
        mirrors[symbol] = Mirror()
        changes = data["order_book"] if isinstance(data, dict) else data
    else:
        changes = [*data["delete"], *data["update"], *data["insert"]]
    book = mirrors[symbol]
    held = [book.bids.holds(PRICES[each["price"]]) or book.asks.holds(PRICES[each["price"]]) for each in changes]
    for each in changes:
        (bids if each["side"] == "Buy" else asks).append((PRICES[each["price"]], SIZES[each.get("size", "0")]))
    missing = book.apply(bids, asks)
    kept = 0 if reset else len(data["delete"]) + len(data["update"])
    if not reset and (missing or not all(held[:kept]) or book.crossed()):
        feed.gap(symbol, "the update changes a level that is not held, or makes the book cross")
        return
    feed.begin(symbol)
    when_ns = int(message["timestamp_e6"]) * 1_000
    yield BookEvent(received_ns, symbol, when_ns, bids, asks, reset)
