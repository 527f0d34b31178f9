"""Binance spot, USD-M and COIN-M futures: diff and partial depth to books, bookTicker to quotes, trades to trades.

A REST snapshot and the diffs are stitched by update ids as Binance documents it. Spot: diffs that end at or before the
snapshot's lastUpdateId are left out, the first one used must hold the update behind it, and from then on each begins
where the last one ended. Futures: the first one used holds lastUpdateId itself, and from then on `pu` is the last
one's `u`. Diffs that came before a snapshot are kept until it arrives, at most 10,000, and then follow it at once; a
snapshot that came before all diffs (a file of answers named first) waits for the first one that joins it.
Partial depth (`@depth20`) is a whole book in each message.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from suites.tapes.captures.events import MS_NS, PRICES, SIZES, BookEvent, Event, QuoteEvent, TradeEvent, levels
from suites.tapes.captures.feed import AFTER_GAP, BEFORE_SNAPSHOT
from suites.tapes.captures.formats._binance_blocks import columns_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suites.tapes.captures.events import Written
    from suites.tapes.captures.feed import Block, Feed
    from suites.tapes.captures.formats._binance_blocks import Columns
    from suites.tapes.captures.importer import Head
    from suites.tapes.frames import Rfc3339

NAME: Final = "Binance depth"
LOOKS_LIKE: Final = '`{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate",...}}` (Binance)'
_PARTIAL: Final = re.compile(r"depth(?:5|10|20)(?:@.*)?")
_SYMBOL: Final = re.compile(r"[?&]symbol=([A-Za-z0-9_]+)")
_WAITING: Final = 10_000
_KINDS: Final = {"depthUpdate": "depth", "bookTicker": "quote", "trade": "trade", "aggTrade": "trade"}
_SHAPES: Final = (
    {"e", "s", "U", "u", "b", "a"},
    {"e", "s", "p", "q", "T", "m"},
    {"u", "s", "b", "B", "a", "A"},
    {"lastUpdateId", "bids", "asks"},
)


def recognises(head: Head) -> bool:
    """Tell whether a message has the fields of a depth update, a trade, a bookTicker or a REST snapshot."""
    return any(any(shape <= message.keys() for shape in _SHAPES) for message in map(_inside, head.messages))


def _inside(message: Any) -> dict[str, Any]:
    if isinstance(message, dict) and isinstance(message.get("data"), dict) and isinstance(message.get("stream"), str):
        message = message["data"]
    return message if isinstance(message, dict) else {}


@dataclass(slots=True)
class _Book:
    """How far one symbol's diffs are stitched: `reached` is None without a snapshot that stands."""

    reached: int | None = None
    joined: bool = False  # a diff was found that joins the snapshot
    broken: bool = False  # a gap was found: what waits comes behind it
    pending: BookEvent | None = None  # a snapshot that came before all diffs
    waiting: deque[tuple[int, dict[str, Any]]] = field(default_factory=deque)


def events(feed: Feed) -> Iterator[Event]:
    """Read a capture."""
    reader = _Reader(feed)
    for received_ns, message in feed.messages():
        yield from reader.message(received_ns, message)
    reader.finish()


def pieces(feed: Feed, clock: Rfc3339) -> Iterator[Event | Written]:
    """Read the same, frames already where a block of messages is plain."""
    reader = _Reader(feed)
    for block in feed.blocks():
        if (columns := reader.columns(block, clock)) is not None:
            yield from reader.written(block, columns)
        else:
            for received_ns, message in block.each:
                yield from reader.message(received_ns, message)
    reader.finish()


def _kind(stream: str, data: dict[str, Any]) -> tuple[str, str]:
    """Return what a stream carries, and its symbol where the messages do not name it."""
    symbol, _, channel = stream.partition("@")
    if _PARTIAL.fullmatch(channel):
        return "partial", str(data.get("s", symbol.upper()))
    if channel.startswith("depth"):
        return "depth", ""
    return {"bookTicker": "quote", "trade": "trade", "aggTrade": "trade"}.get(channel, ""), ""


class _Reader:
    """The books under way."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._books: dict[str, _Book] = {}
        self._kinds: dict[str, tuple[str, str]] = {}
        self._unnamed: BookEvent | None = None

    def message(self, received_ns: int, message: dict[str, Any]) -> Iterator[Event]:
        """Read one message."""
        if stream := message.get("stream"):
            data = message["data"]
            kind, name = self._kind(stream, data)
        else:
            data, name = message, ""
            kind = "snapshot" if "lastUpdateId" in data else _KINDS.get(data.get("e", "bookTicker"), "")
        if kind == "snapshot":
            yield from self._snapshot(data, received_ns)
        elif not kind or not (symbol := self._feed.symbols[name or data["s"]]):
            return
        elif kind == "quote":
            self._seen(symbol)
            when_ns = data["T"] * MS_NS if "T" in data else received_ns
            bid, ask = (SIZES[data["b"]], SIZES[data["B"]]), (SIZES[data["a"]], SIZES[data["A"]])
            yield QuoteEvent(received_ns, symbol, when_ns, bid, ask, data["u"])
        elif kind == "trade":
            if event := _trade(symbol, data, received_ns):
                yield event
        elif kind == "partial":
            yield _partial(symbol, data, received_ns)
        else:
            yield from self._diff(symbol, data, received_ns)

    def columns(self, block: Block, clock: Rfc3339) -> Columns | None:
        """Write a block's messages, whose diffs are not held to each other yet; None where they are read one by one."""
        if not block.messages or self._unnamed is not None:
            return None
        return columns_of(block, self._kind, self._feed.symbols, clock)

    def written(self, block: Block, columns: Columns) -> Iterator[Event | Written]:
        """Hold each diff of a block to the one before it; one that does not follow is read as a message alone is."""
        for symbol in columns.quoted:
            self._seen(symbol)
        begin = 0
        for place, symbol, data in columns.diffs:
            if (book := self._books.get(symbol)) and book.joined and _follows(data, book.reached):
                book.reached = data["u"]
                continue
            yield from columns.written(block.times_ns, begin, place)
            begin = place + 1
            self._feed.stand(block, place)
            yield from self._diff(symbol, data, block.times_ns[place])
        yield from columns.written(block.times_ns, begin, len(block.messages))
        self._feed.stand(block, len(block.messages) - 1)

    def _kind(self, stream: str, data: dict[str, Any]) -> tuple[str, str]:
        if stream not in self._kinds:
            self._kinds[stream] = _kind(stream, data)
        return self._kinds[stream]

    def _seen(self, symbol: str) -> _Book:
        if (book := self._books.get(symbol)) is None:
            book = self._books[symbol] = _Book()
        return book

    def _snapshot(self, data: dict[str, Any], received_ns: int) -> Iterator[Event]:
        """Begin a book; a snapshot that is behind the diffs tells nothing new and is left out."""
        symbol = self._name(data)
        if symbol == "":
            return
        last = int(data["lastUpdateId"])
        when_ns = data["E"] * MS_NS if "E" in data else received_ns
        pairs = levels(data["bids"]), levels(data["asks"])
        event = BookEvent(received_ns, symbol or "", when_ns, *pairs, reset=True, update_id=last)
        if symbol is None:
            self._unnamed = event
            return
        book = self._seen(symbol)
        if book.reached is None and not book.waiting:
            book.pending = event
        elif book.reached is None or last > book.reached:
            yield from self._begin(symbol, book, event)

    def _name(self, data: dict[str, Any]) -> str | None:
        """Return the symbol of a REST snapshot, "" where it is not wanted, None where nothing tells it yet."""
        if named := data.get("symbol"):
            return self._feed.symbols[named]
        if match := _SYMBOL.search(self._feed.address):
            return self._feed.symbols[match[1]]
        if len(self._books) > 1:
            raise self._feed.fault(
                f"expected the messages of one symbol beside a snapshot, which names none; found {len(self._books)}"
            )
        return next(iter(self._books), None)

    def _begin(self, symbol: str, book: _Book, event: BookEvent) -> Iterator[Event]:
        """Take a snapshot and what has waited for it, unless an update between the two is missing."""
        last = event.update_id or 0
        waiting = deque(each for each in book.waiting if not _is_old(each[1], last))
        if waiting and not _joins(waiting[0][1], last):
            begins = waiting[0][1]["U"]
            self._gap(symbol, book, f"expected a diff that holds update {last + 1}, the first begins with {begins}")
            return
        book.waiting.clear()
        book.reached, book.joined, book.broken, book.pending = last, False, False, None
        yield event
        for received_ns, data in waiting:
            yield from self._diff(symbol, data, max(received_ns, event.received_ns))

    def _diff(self, symbol: str, data: dict[str, Any], received_ns: int) -> Iterator[Event]:
        """Apply a diff to a book that stands, or let it wait for a snapshot."""
        book = self._seen(symbol)
        if self._unnamed is not None:
            if len(self._books) > 1:
                raise self._feed.fault("expected messages of one symbol behind a snapshot, which names none; found 2")
            book.pending, self._unnamed = self._unnamed._replace(symbol=symbol), None
        if book.reached is None:
            yield from self._wait(symbol, book, data, received_ns)
            return
        reached = book.reached
        if _is_old(data, reached) if not book.joined else "pu" not in data and data["u"] <= reached:
            return  # the snapshot holds it, or it was sent again
        if not _joins(data, reached) if not book.joined else not _follows(data, reached):
            begins = f"follows update {data['pu']}" if "pu" in data else f"begins with {data['U']}"
            self._gap(symbol, book, f"expected a diff behind update {reached}, this one {begins}")
            book.waiting.append((received_ns, data))
            return
        last = book.reached = data["u"]
        book.joined = True
        pairs = levels(data["b"]), levels(data["a"])
        yield BookEvent(received_ns, symbol, data["E"] * MS_NS, *pairs, reset=False, update_id=last)

    def _wait(self, symbol: str, book: _Book, data: dict[str, Any], received_ns: int) -> Iterator[Event]:
        """Keep a diff that has no snapshot yet, or join it to one that came before all diffs."""
        book.waiting.append((received_ns, data))
        if book.pending is not None and not _is_old(data, book.pending.update_id or 0):
            yield from self._begin(symbol, book, book.pending)
        elif len(book.waiting) > _WAITING:
            book.waiting.popleft()
            self._feed.leave_out(AFTER_GAP if book.broken else BEFORE_SNAPSHOT, symbol)

    def _gap(self, symbol: str, book: _Book, why: str) -> None:
        self._feed.gap(symbol, why)
        book.reached, book.joined, book.broken, book.pending = None, False, True, None

    def finish(self) -> None:
        """Count what still waits."""
        for symbol, book in self._books.items():
            if book.waiting:
                what = AFTER_GAP if book.broken else BEFORE_SNAPSHOT
                self._feed.leave_out(what, symbol, len(book.waiting))


def _is_old(data: dict[str, Any], last: int) -> bool:
    """Tell whether a snapshot holds the whole of a diff already."""
    return bool(data["u"] < last if "pu" in data else data["u"] <= last)


def _joins(data: dict[str, Any], last: int) -> bool:
    """Tell whether a diff is the first one to apply to a snapshot."""
    return bool(data["U"] <= last if "pu" in data else data["U"] <= last + 1)


def _follows(data: dict[str, Any], reached: int | None) -> bool:
    """Tell whether a diff comes next behind another."""
    return reached is not None and bool(data["pu"] == reached if "pu" in data else data["U"] == reached + 1)


def _partial(symbol: str, data: dict[str, Any], received_ns: int) -> BookEvent:
    bids, asks = (data["bids"], data["asks"]) if "bids" in data else (data["b"], data["a"])
    when_ns = data["E"] * MS_NS if "E" in data else received_ns
    last = data["lastUpdateId"] if "lastUpdateId" in data else data["u"]
    return BookEvent(received_ns, symbol, when_ns, levels(bids), levels(asks), reset=True, update_id=last)


def _trade(symbol: str, data: dict[str, Any], received_ns: int) -> TradeEvent | None:
    if data.get("X", "MARKET") != "MARKET":  # futures: insurance fund, and a filler with a price of 0
        return None
    number = data["a"] if data["e"] == "aggTrade" else data["t"]
    taker = "S" if data["m"] else "B"  # `m`: the buyer was the maker
    return TradeEvent(received_ns, symbol, data["T"] * MS_NS, PRICES[data["p"]], SIZES[data["q"]], number, taker)
