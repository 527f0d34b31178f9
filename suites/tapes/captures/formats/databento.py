"""Databento DBN (by databento-dbn): MBO and MBP-10 to books, MBP-1, BBO and TBBO to quotes, trades to trades.

MBO carries orders: a book of orders brings them to levels, one message for each event (up to F_LAST). A book begins
with a clear (`R`), behind which a snapshot's orders come. MBP-10 has the ten best levels after each event: what changed
in them is the message. Prices are whole numbers of 1e-9; UNDEF_PRICE is no level. F_MAYBE_BAD_BOOK is a gap, and
so is a record of a book that was received before the one it stands behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from suites.tapes.captures.events import BookEvent, Event, QuoteEvent, TradeEvent
from suites.tapes.captures.orders import OrderBook
from suites.tapes.frames import decimal_text
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suites.tapes.captures.events import Level
    from suites.tapes.captures.feed import Feed
    from suites.tapes.captures.importer import Head

NAME: Final = "Databento DBN"
LOOKS_LIKE: Final = "Databento's DBN (mbo, mbp-10, mbp-1, bbo, tbbo, trades), plain or zstd"
_MAGIC: Final = b"DBN"
_DIGITS: Final = 9
_UNDEFINED: Final = (1 << 63) - 1
_UNDEFINED_TIME: Final = (1 << 64) - 1
_LAST: Final = 0x80
_BAD_BOOK: Final = 0x04
_SNAPSHOT: Final = 0x20


def recognises(head: Head) -> bool:
    """Tell whether the file begins as DBN does: its name, then a version."""
    return head.raw[:3] == _MAGIC and 0 < head.raw[3] < 16


def events(feed: Feed) -> Iterator[Event]:
    """Read a capture."""
    reader = _Reader(feed)
    for record in _records(feed):
        yield from reader.take(record)
    if reader.unknown():
        feed.leave_out("events on orders that the book does not hold", "", reader.unknown())


def _records(feed: Feed) -> Iterator[Any]:
    try:
        import databento_dbn as dbn  # noqa: PLC0415  an optional package: named where it is needed
    except ImportError as error:
        raise TailgateError(
            "the capture is Databento's DBN, which needs the package databento-dbn",
            hint="python -m pip install databento-dbn",
        ) from error
    for source in feed.sources():
        source.unit = "record"
        decoder = dbn.DBNDecoder()
        for chunk in source.chunks():
            decoder.write(chunk)
            source.offset += len(chunk)
            try:
                records = decoder.decode()
            except BaseException as error:
                if not _is_the_decoders(error):
                    raise
                raise feed.fault(f"expected records of DBN; {error}") from error
            for record in records:
                source.line += 1
                yield record
        if left := len(decoder.buffer()):
            feed.leave_out("bytes of an unfinished last record", source.path.name, left)


def _is_the_decoders(error: BaseException) -> bool:
    """Tell whether the decoder says that its bytes are no DBN: it panics at a record that is too short for its kind."""
    return type(error).__name__ in {"DBNError", "PanicException"}


class _Reader:
    """The instruments under way."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._names: dict[int, str] = {}
        self._books: dict[int, OrderBook] = {}
        self._changed: dict[int, dict[tuple[str, int], int]] = {}
        self._cleared: set[int] = set()
        self._received_ns: dict[int, int] = {}
        self._tops: dict[int, tuple[dict[int, int], dict[int, int]]] = {}

    def unknown(self) -> int:
        """Count the events on orders that were not held."""
        return sum(book.unknown for book in self._books.values())

    def take(self, record: Any) -> Iterator[Event]:
        """Read a record by what it has."""
        kind = type(record).__name__
        if kind == "Metadata":
            for symbol, intervals in record.mappings.items():
                self._names.update({int(each["symbol"]): symbol for each in intervals if each["symbol"].isdigit()})
        elif kind.startswith("SymbolMapping"):
            self._names[record.instrument_id] = record.stype_out_symbol
        elif not hasattr(record, "action") and not hasattr(record, "levels"):
            self._feed.leave_out("records of other kinds", kind)
        elif symbol := self._symbol(record.instrument_id):
            received_ns = record.ts_recv if record.ts_recv != _UNDEFINED_TIME else 0
            when_ns = getattr(record, "ts_event", _UNDEFINED_TIME)
            times = received_ns, (when_ns if when_ns != _UNDEFINED_TIME else received_ns)
            self._ordered(record, symbol, received_ns)
            if hasattr(record, "order_id"):
                yield from self._order(record, symbol, times)
            else:
                if str(getattr(record, "action", "")) in {"T", "Action.TRADE"}:
                    yield from _trade(record, symbol, times)
                yield from self._levels(record, symbol, times)

    def _ordered(self, record: Any, symbol: str, received_ns: int) -> None:
        """Hold the record of a book to the order of receiving, which a file is in; a snapshot tells older times."""
        last_ns = self._received_ns.get(record.instrument_id, 0)
        if not received_ns or getattr(record, "flags", 0) & _SNAPSHOT:
            return
        if received_ns < last_ns and self._feed.begun(symbol):
            self._feed.gap(symbol, f"expected a record received at {last_ns} or later, found {received_ns}")
        self._received_ns[record.instrument_id] = max(last_ns, received_ns)

    def _symbol(self, instrument: int) -> str:
        name = self._names.get(instrument, str(instrument))
        return self._feed.symbols["".join(name.split()) or str(instrument)]

    def _order(self, record: Any, symbol: str, times: tuple[int, int]) -> Iterator[Event]:
        book = self._books.setdefault(record.instrument_id, OrderBook())
        changed = self._changed.setdefault(record.instrument_id, {})
        action, side = str(record.action)[-1:], str(record.side)[-1:]
        if action == "R":
            book.clear()
            changed.clear()
            self._cleared.add(record.instrument_id)
            self._feed.begin(symbol)
        elif action == "T":
            yield from _trade(record, symbol, times)
        elif action in {"A", "C", "M"} and self._feed.begun(symbol):
            if action == "C":
                changes = book.take(record.order_id, record.size)
            else:
                change = book.add if action == "A" else book.modify
                changes = change(record.order_id, side, record.price, record.size) if record.price != _UNDEFINED else []
            changed.update({(of, price): left for of, (price, left) in changes})
        if not record.flags & _LAST:
            return
        if record.flags & _BAD_BOOK and self._feed.begun(symbol):
            self._feed.gap(symbol, "the record says that the book may be bad")
        reset = record.instrument_id in self._cleared
        self._cleared.discard(record.instrument_id)
        if action in {"A", "C", "M", "R"} and self._feed.whole(symbol) and (changed or reset):
            sides: tuple[list[Level], list[Level]] = [], []
            for (of, price), left in changed.items():
                sides[of == "A"].append((decimal_text(price, _DIGITS), str(left)))
            yield BookEvent(times[0], symbol, times[1], *sides, reset, update_id=record.sequence)
        changed.clear()

    def _levels(self, record: Any, symbol: str, times: tuple[int, int]) -> Iterator[Event]:
        levels: Any = getattr(record, "levels", ())
        if len(levels) == 1:
            [top] = levels
            yield QuoteEvent(
                times[0],
                symbol,
                times[1],
                _side(top.bid_px, top.bid_sz),
                _side(top.ask_px, top.ask_sz),
                getattr(record, "sequence", None),
            )
        elif levels:
            if record.flags & _BAD_BOOK and self._feed.begun(symbol):
                self._feed.gap(symbol, "the record says that the book may be bad")
            reset = not self._feed.begun(symbol)
            self._feed.begin(symbol)
            new = (
                {each.bid_px: each.bid_sz for each in levels if each.bid_px != _UNDEFINED},
                {each.ask_px: each.ask_sz for each in levels if each.ask_px != _UNDEFINED},
            )
            nothing: tuple[dict[int, int], dict[int, int]] = {}, {}
            old = nothing if reset else self._tops[record.instrument_id]
            self._tops[record.instrument_id] = new
            bids, asks = changes(old[0], new[0]), changes(old[1], new[1])
            if reset or bids or asks:
                yield BookEvent(times[0], symbol, times[1], bids, asks, reset, update_id=record.sequence)


def changes(before: dict[int, int], after: dict[int, int]) -> list[Level]:
    """Return what makes one side's best levels of another's."""
    gone = [(decimal_text(price, _DIGITS), "0") for price in before if price not in after]
    return gone + [
        (decimal_text(price, _DIGITS), str(size)) for price, size in after.items() if before.get(price) != size
    ]


def _side(price: int, size: int) -> Level:
    return ("0", "0") if price == _UNDEFINED else (decimal_text(price, _DIGITS), str(size))


def _trade(record: Any, symbol: str, times: tuple[int, int]) -> Iterator[TradeEvent]:
    if record.price not in {0, _UNDEFINED}:
        taker = {"B": "B", "A": "S"}.get(str(record.side)[-1:], "B")
        price = decimal_text(record.price, _DIGITS)
        yield TradeEvent(times[0], symbol, times[1], price, str(record.size), record.sequence, taker)
