"""hftbacktest's .npz: an array `data` of events with flags, both times, price and quantity (by numpy, read in pieces).

Rows that are the receiver's (LOCAL_EVENT) are taken; those of one local time and kind are one message. A clear, then
snapshot rows begin a book; depth rows change it. Rows of orders (add, cancel, modify, fill) are left out and counted.
The receiver's rows are in the order of their local time: one that falls is a gap.
The name of the file gives the symbol, for the array has none.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from suites.tapes.captures.events import PRICES, SIZES, BookEvent, Event, TradeEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suites.tapes.captures.events import Level
    from suites.tapes.captures.feed import Feed
    from suites.tapes.captures.importer import Head
    from suites.tapes.captures.source import Source

NAME: Final = "hftbacktest npz"
LOOKS_LIKE: Final = "hftbacktest's .npz event arrays (`data` with ev, exch_ts, local_ts, px, qty)"
_ZIP: Final = b"PK\x03\x04"
_FIELDS: Final = ("ev", "exch_ts", "local_ts", "px", "qty")
_DEPTH, _TRADE, _CLEAR, _SNAPSHOT = 1, 2, 3, 4
_LOCAL: Final = 1 << 30
_BUY: Final = 1 << 29
_ROWS: Final = 1 << 16
_BROKEN: Final = (
    *(zipfile.BadZipFile, zlib.error, struct.error, KeyError, EOFError, ValueError, TypeError, OSError),
    *(NotImplementedError, RuntimeError),  # a way of packing that no flag of a whole file names, or a password
)
_DAY: Final = re.compile(r"[_.-]?\d{8}.*$|\.npz$")


def recognises(head: Head) -> bool:
    """Tell whether the file is a zip whose first member is an array with these fields."""
    return head.raw[:4] == _ZIP and b"data.npy" in head.raw[:64]


def events(feed: Feed) -> Iterator[Event]:
    """Read the files."""
    for source in feed.sources():
        source.unit = "row"
        name = re.sub(r"[^A-Za-z0-9./_:-]", "", _DAY.sub("", source.path.name)) or "UNKNOWN"
        symbol, last_ns = feed.symbols[name.upper()[:32]], 0
        for (local_ns, kind), rows in groupby(_rows(feed, source), key=_message_of):
            if symbol:
                if local_ns < last_ns and feed.begun(symbol):
                    feed.gap(symbol, f"expected a row received at {last_ns} or later, found {local_ns}")
                last_ns = max(last_ns, local_ns)
                yield from _message(feed, symbol, local_ns, kind, list(rows))


def _message_of(row: tuple[Any, ...]) -> tuple[int, int]:
    """Return the local time and the kind; a snapshot is a clear and levels of one side, then of the other."""
    kind = row[0] & 0xFF
    return row[2], _SNAPSHOT if kind == _CLEAR else kind


def _rows(feed: Feed, source: Source) -> Iterator[tuple[Any, ...]]:
    """Yield ev, exchange time, local time, price and quantity of the receiver's rows."""
    try:
        with zipfile.ZipFile(source.path) as archive, archive.open("data.npy") as file:
            version = np.lib.format.read_magic(file)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            (count, *_), _, dtype = read(file)
            if not set(_FIELDS) <= set(dtype.names or ()):
                raise feed.fault(f"expected an array with the fields {', '.join(_FIELDS)}, found {dtype}")
            for at in range(0, count, _ROWS):
                raw = file.read(min(_ROWS, count - at) * dtype.itemsize)
                if len(raw) < min(_ROWS, count - at) * dtype.itemsize:
                    raise EOFError(f"the array ends before row {count:,}")
                piece = np.frombuffer(raw, dtype)
                columns = (piece[name].tolist() for name in _FIELDS)
                for row in zip(*columns, strict=True):
                    source.line += 1
                    if row[0] & _LOCAL:
                        yield row
    except _BROKEN as error:
        raise feed.fault(f"expected a whole .npz with `data`; {error}") from error


def _message(feed: Feed, symbol: str, local_ns: int, kind: int, rows: list[tuple[Any, ...]]) -> Iterator[Event]:
    when_ns = rows[0][1]
    if kind == _TRADE:
        for ev, exchange_ns, _, price, size in rows:
            taker = "B" if ev & _BUY else "S"
            yield TradeEvent(local_ns, symbol, exchange_ns, PRICES[repr(price)], SIZES[repr(size)], 0, taker)
        return
    if kind not in {_DEPTH, _SNAPSHOT}:
        feed.leave_out("rows of other kinds of events", f"kind {kind}", len(rows))
        return
    if kind == _SNAPSHOT:
        feed.begin(symbol)
        rows = [row for row in rows if row[0] & 0xFF == _SNAPSHOT]
        if not rows:  # a clear alone
            return
    elif not feed.whole(symbol):
        return
    sides: tuple[list[Level], list[Level]] = [], []
    for ev, _, _, price, size in rows:
        sides[not ev & _BUY].append((PRICES[repr(price)], SIZES[repr(size)]))
    yield BookEvent(local_ns, symbol, when_ns, *sides, kind == _SNAPSHOT)
