"""Kraken WebSocket v1: `book-N` to books, held to Kraken's checksums; `trade` to trades, `ticker` to quotes.

A subscriber keeps the best N levels a side and is told nothing of deeper ones, so that a level pushed out by better
ones must be forgotten. Kraken leaves that to the client; a frame of ours says it, as removals at the end of the update.
Nothing numbers an update: its CRC-32 is Kraken's own rule for a lost one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from suites.tapes.captures.checksums import digits_of, kraken_checksum
from suites.tapes.captures.events import PRICES, SIZES, BookEvent, Event, QuoteEvent, TradeEvent, epoch_ns
from suites.tapes.captures.mirror import Mirror, pairs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from suites.tapes.captures.feed import Feed
    from suites.tapes.captures.importer import Head
    from suites.tapes.captures.mirror import Held

NAME: Final = "Kraken v1 book"
LOOKS_LIKE: Final = '`[channel,{"as":...},"book-1000","XBT/USD"]` (Kraken v1)'

_SNAPSHOT: Final = frozenset({"as", "bs"})


def recognises(head: Head) -> bool:
    """Tell whether a message is an array that ends with a channel's name and a pair."""
    return any(_channel(each) for each in head.messages)


def _channel(message: Any) -> str:
    if not (isinstance(message, list) and len(message) >= 4 and isinstance(message[-1], str) and "/" in message[-1]):
        return ""
    channel = str(message[-2])
    return channel if channel.startswith("book-") or channel in {"trade", "ticker"} else ""


def events(feed: Feed) -> Iterator[Event]:
    """Read a capture."""
    books: dict[str, tuple[Mirror, int]] = {}
    for received_ns, message in feed.messages():
        if not (channel := _channel(message)) or not (symbol := feed.symbols[message[-1]]):
            continue
        if channel == "trade":
            yield from _trades(symbol, message[1], received_ns)
        elif channel == "ticker":
            bid, ask = ((PRICES[message[1][side][0]], SIZES[message[1][side][2]]) for side in "ba")
            yield QuoteEvent(received_ns, symbol, received_ns, bid, ask)
        else:
            fields = {name: value for part in message[1:-2] for name, value in part.items()}
            if reset := bool(_SNAPSHOT & fields.keys()):
                books[symbol] = Mirror(), int(channel.removeprefix("book-"))
                feed.begin(symbol)
            if (reset or feed.whole(symbol)) and (event := _event(feed, fields, symbol, received_ns, books[symbol])):
                yield event


def _event(
    feed: Feed, fields: dict[str, Any], symbol: str, received_ns: int, kept: tuple[Mirror, int]
) -> BookEvent | None:
    book, depth = kept
    reset = bool(_SNAPSHOT & fields.keys())
    raw_bids, raw_asks = (fields.get(name, []) for name in (("bs", "as") if reset else ("b", "a")))
    bids, asks = _read(raw_bids), _read(raw_asks)
    book.apply(bids, asks)
    out = book.bids.cut(depth), book.asks.cut(depth)
    checksum = int(fields["c"]) if "c" in fields else None
    if checksum is not None and checksum != kraken_checksum(book, 10):
        feed.gap(symbol, f"expected a book with the checksum {checksum} after this update")
        return None
    price, size = [*raw_bids, *raw_asks, ("", "")][0][:2]
    return BookEvent(
        received_ns,
        symbol,
        max((epoch_ns(level[2]) for level in (*raw_bids, *raw_asks)), default=received_ns),
        pairs(bids) + out[0],
        pairs(asks) + out[1],
        reset,
        checksum,
        (digits_of(price), digits_of(size)),
    )


def _read(raw: Sequence[Sequence[str]]) -> list[Held]:
    return [(PRICES[level[0]], SIZES[level[1]], level[0], level[1]) for level in raw]


def _trades(symbol: str, trades: list[list[str]], received_ns: int) -> Iterator[TradeEvent]:
    for price, size, time, side, *_ in trades:
        when_ns = epoch_ns(time)
        yield TradeEvent(received_ns, symbol, when_ns, PRICES[price], SIZES[size], when_ns, side.upper())
