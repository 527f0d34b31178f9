"""Deribit: `book.INSTRUMENT.raw` (or 100ms) to books by `change_id`, `trades`, and `ticker` and `quote` to quotes.

A change is behind `prev_change_id`, which is the `change_id` of the one before. A grouped book (`book.X.none.10.100ms`)
is whole in each message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from suites.tapes.captures.events import MS_NS, PRICES, SIZES, BookEvent, Event, QuoteEvent, TradeEvent, identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from suites.tapes.captures.events import Level
    from suites.tapes.captures.feed import Feed
    from suites.tapes.captures.importer import Head

NAME: Final = "Deribit book"
LOOKS_LIKE: Final = (
    '`{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.BTC-PERPETUAL.raw","data":...}}` (Deribit)'
)
_CHANNELS: Final = frozenset({"book", "trades", "ticker", "quote"})


def recognises(head: Head) -> bool:
    """Tell whether a message is a JSON-RPC notification of one of the channels."""
    return any(_channel(each) for each in head.messages)


def _channel(message: Any) -> str:
    if not isinstance(message, dict) or message.get("method") != "subscription" or "jsonrpc" not in message:
        return ""
    params = message.get("params")
    channel = str(params.get("channel", "")).partition(".")[0] if isinstance(params, dict) else ""
    return channel if channel in _CHANNELS else ""


def events(feed: Feed) -> Iterator[Event]:
    """Read a capture."""
    reached: dict[str, str] = {}
    for received_ns, message in feed.exact_messages():
        if not (channel := _channel(message)):
            continue
        data = message["params"]["data"]
        if channel == "trades":
            for each in data:
                if symbol := feed.symbols[each["instrument_name"]]:
                    yield _trade(symbol, each, received_ns)
        elif not (symbol := feed.symbols[data["instrument_name"]]):
            continue
        elif channel == "book":
            yield from _book(feed, symbol, data, received_ns, reached)
        else:
            bid, ask = (
                (SIZES[data[f"best_{side}_price"] or "0"], SIZES[data[f"best_{side}_amount"] or "0"])
                for side in ("bid", "ask")
            )
            yield QuoteEvent(received_ns, symbol, int(data["timestamp"]) * MS_NS, bid, ask)


def _book(
    feed: Feed, symbol: str, data: dict[str, Any], received_ns: int, reached: dict[str, str]
) -> Iterator[BookEvent]:
    reset = data.get("type", "snapshot") == "snapshot"
    if reset:
        feed.begin(symbol)
    elif not feed.whole(symbol):
        return
    elif data["prev_change_id"] != reached[symbol]:
        feed.gap(symbol, f"expected a change behind {reached[symbol]}, this one is behind {data['prev_change_id']}")
        return
    reached[symbol] = data["change_id"]
    sides = _levels(data["bids"]), _levels(data["asks"])
    number = int(data["change_id"])
    yield BookEvent(received_ns, symbol, int(data["timestamp"]) * MS_NS, *sides, reset, update_id=number)


def _levels(changes: list[Sequence[str]]) -> list[Level]:
    """Read `[action, price, amount]`, or `[price, amount]` of a grouped book."""
    return [(PRICES[each[-2]], "0" if each[0] == "delete" else SIZES[each[-1]]) for each in changes]


def _trade(symbol: str, data: dict[str, Any], received_ns: int) -> TradeEvent:
    numbers, taker = (PRICES[data["price"]], SIZES[data["amount"]]), "B" if data["direction"] == "buy" else "S"
    return TradeEvent(
        received_ns, symbol, int(data["timestamp"]) * MS_NS, *numbers, identifier(data["trade_id"]), taker
    )
