"""Coinbase Exchange: `snapshot` and `l2update` to books, `match` and `last_match` to trades, `ticker` to quotes.

The ticker of 2021 gives no sizes: such a quote has size 0. Other message types carry nothing for the pipeline and are
left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from suites.tapes.captures import cryptofeed
from suites.tapes.captures.events import (
    BookEvent,
    Event,
    QuoteEvent,
    TradeEvent,
    level_list,
    number,
    price_number,
    symbol_name,
    utc_time,
)
from suites.tapes.frames import Rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suites.tapes.captures.lines import Line

NAME: Final = "coinbase"
LOOKS_LIKE: Final = '`<epoch seconds>: {"type":"snapshot","product_id":...}` (Coinbase level2, by cryptofeed)'
_TYPES: Final = frozenset(
    {"snapshot", "l2update", "match", "last_match", "ticker", "subscriptions", "heartbeat", "status", "error"}
)


def recognises(line: Line) -> bool:
    """Tell whether a line can only be of this format."""
    if not cryptofeed.looks_right(line) or cryptofeed.is_connection(line):
        return False
    received = cryptofeed.parse(line)
    return received is not None and isinstance(received[1], dict) and received[1].get("type") in _TYPES


def events(lines: Iterator[Line]) -> Iterator[Event]:
    """Read a capture; an update before its product's snapshot is a fault."""
    clock = Rfc3339()
    known: set[str] = set()
    for line in lines:
        received = cryptofeed.parse(line)
        if received is None:
            continue
        received_ns, message = received
        with line.reading("a Coinbase message"):
            event = _event(message, received_ns, clock)
        if isinstance(event, BookEvent):
            if event.reset:
                known.add(event.symbol)
            elif event.symbol not in known:
                raise line.fault(f"expected a snapshot of {event.symbol} before its first update")
        if event is not None:
            yield event


def _event(message: dict[str, Any], received_ns: int, clock: Rfc3339) -> Event | None:
    match message["type"]:
        case "snapshot":
            bids, asks = level_list(message["bids"]), level_list(message["asks"])
            return BookEvent(received_ns, _symbol(message), clock.write(received_ns), bids, asks, reset=True)
        case "l2update":
            sides: dict[str, list[list[str]]] = {"buy": [], "sell": []}
            for side, *level in message["changes"]:
                sides[side].append(level)
            bids, asks = level_list(sides["buy"]), level_list(sides["sell"])
            return BookEvent(received_ns, _symbol(message), utc_time(message["time"]), bids, asks, reset=False)
        case "match" | "last_match":
            # `side` is the maker's: a maker who sold met a buyer
            taker = {"sell": "B", "buy": "S"}[message["side"]]
            price, size = price_number(message["price"]), number(message["size"])
            return TradeEvent(
                received_ns, _symbol(message), utc_time(message["time"]), price, size, int(message["trade_id"]), taker
            )
        case "ticker":
            bid, ask = (
                (number(message[f"best_{side}"]), number(message.get(f"best_{side}_size", "0")))
                for side in ("bid", "ask")
            )
            return QuoteEvent(
                received_ns,
                _symbol(message),
                utc_time(message["time"]) if "time" in message else clock.write(received_ns),
                bid,
                ask,
            )
        case _:
            return None


def _symbol(message: dict[str, Any]) -> str:
    return symbol_name(message["product_id"])
