"""Binance spot: depth diffs and a REST snapshot to books, bookTicker to quotes, trades to trades.

A snapshot and the diffs are stitched by update ids as Binance documents it: diffs that end at or before the snapshot's
lastUpdateId are left out, the first one used must hold the update behind it, and from then on each must begin where
the last one ended. Diffs that came before the snapshot are kept until it arrives, and then follow it at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from suites.tapes.captures.events import (
    BookEvent,
    Event,
    QuoteEvent,
    TradeEvent,
    level_list,
    number,
    price_number,
    symbol_name,
)
from suites.tapes.frames import Rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suites.tapes.captures.lines import Line

NAME: Final = "binance"
LOOKS_LIKE: Final = '`<epoch ns> {"stream":"btcusdt@depth@100ms","data":...}` (Binance spot, by hftbacktest)'
_TIME: Final = re.compile(rb"([0-9]{18,19}) ")
_MS_NS: Final = 1_000_000


@dataclass(slots=True)
class _Book:
    """How far one symbol's diffs are stitched: `reached` is None until a snapshot came."""

    reached: int | None = None
    joined: bool = False  # a diff was found that holds the update behind the snapshot
    waiting: list[tuple[Line, dict[str, Any]]] = field(default_factory=list)


def recognises(line: Line) -> bool:
    """Tell whether a line can only be of this format."""
    match = _TIME.match(line.text)
    if match is None:
        return False
    message = line.json(match.end())
    return isinstance(message, dict) and ("stream" in message or "lastUpdateId" in message)


def events(lines: Iterator[Line]) -> Iterator[Event]:
    """Read a capture; a gap in the update ids is a fault."""
    clock = Rfc3339()
    books: dict[str, _Book] = {}
    for line in lines:
        match = _TIME.match(line.text)
        if match is None:
            raise line.fault("expected `<receive time in ns> <JSON>`")
        received_ns = int(match[1])
        message = line.json(match.end())
        with line.reading("a Binance message"):
            if "lastUpdateId" in message:
                yield from _snapshot(line, message, received_ns, books, clock)
                continue
            data, (_, _, channel) = message["data"], message["stream"].partition("@")
            book = books.setdefault(symbol_name(data["s"]), _Book())
            if channel == "bookTicker":
                yield _quote(data, received_ns, clock)
            elif channel == "trade":
                yield _trade(data, received_ns, clock)
            elif channel.startswith("depth") and book.reached is None:
                book.waiting.append((line, data))
            elif channel.startswith("depth"):
                yield from _diff(line, data, received_ns, book, clock)
    for symbol, book in books.items():
        if book.waiting:
            line = book.waiting[0][0]
            raise line.fault(f"expected a REST snapshot of {symbol} (`lastUpdateId`), and the capture has none")


def _snapshot(
    line: Line, message: dict[str, Any], received_ns: int, books: dict[str, _Book], clock: Rfc3339
) -> Iterator[Event]:
    """Begin a book; a later snapshot that is behind the diffs tells nothing new and is left out."""
    if len(books) != 1:
        raise line.fault(f"expected the messages of one symbol before a snapshot, which names none; found {len(books)}")
    [(symbol, book)] = books.items()
    last = int(message["lastUpdateId"])
    if book.reached is not None and last <= book.reached:
        return
    book.reached, book.joined = last, False
    bids, asks = level_list(message["bids"]), level_list(message["asks"])
    yield BookEvent(received_ns, symbol, clock.write(received_ns), bids, asks, reset=True, update_id=last)
    waiting, book.waiting = book.waiting, []
    for earlier, data in waiting:
        yield from _diff(earlier, data, received_ns, book, clock)


def _diff(line: Line, data: dict[str, Any], received_ns: int, book: _Book, clock: Rfc3339) -> Iterator[Event]:
    first, last, reached = int(data["U"]), int(data["u"]), book.reached or 0
    if last <= reached:
        return
    if first > reached + 1 or (book.joined and first != reached + 1):
        raise line.fault(f"expected a diff that begins with update {reached + 1}, this one begins with {first}")
    book.reached, book.joined = last, True
    when = clock.write(int(data["E"]) * _MS_NS)
    yield BookEvent(
        received_ns, data["s"], when, level_list(data["b"]), level_list(data["a"]), reset=False, update_id=last
    )


def _quote(data: dict[str, Any], received_ns: int, clock: Rfc3339) -> QuoteEvent:
    bid, ask = ((number(data[side]), number(data[side.upper()])) for side in "ba")
    return QuoteEvent(received_ns, data["s"], clock.write(received_ns), bid, ask, update_id=int(data["u"]))


def _trade(data: dict[str, Any], received_ns: int, clock: Rfc3339) -> TradeEvent:
    return TradeEvent(
        received_ns,
        data["s"],
        clock.write(int(data["T"]) * _MS_NS),
        price_number(data["p"]),
        number(data["q"]),
        int(data["t"]),
        "S" if data["m"] else "B",  # `m`: the buyer was the maker
    )
