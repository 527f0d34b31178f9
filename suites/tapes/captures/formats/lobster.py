"""LOBSTER: a message file, with its orderbook file beside it where there is one.

With both, the book after each message is the orderbook file's row: what changed in its levels is the update, and the
executions of the message file are trades; a row that is not what its message makes of the row before is
counted. A message file alone is brought to levels by a book of orders from its first
event on; orders older than the file are not in it, which is counted. Both are recognised by their columns, and paired
by name (`..._message_10.csv`, `..._orderbook_10.csv`); the name also gives the symbol and the day. Times count from
midnight, of no zone, and are written as UTC.
"""

from __future__ import annotations

import calendar
import re
from typing import TYPE_CHECKING, Any, Final

from suites.tapes.captures.events import SECOND_NS, BookEvent, Event, TradeEvent
from suites.tapes.captures.orders import OrderBook
from suites.tapes.captures.source import Source
from suites.tapes.frames import decimal_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from suites.tapes.captures.events import Level
    from suites.tapes.captures.feed import Feed
    from suites.tapes.captures.importer import Head

NAME: Final = "LOBSTER"
LOOKS_LIKE: Final = "`34200.017459617,5,0,1,2238200,-1` (LOBSTER message file, its orderbook file beside it)"
_MESSAGE: Final = re.compile(rb"[0-9]{1,5}(?:\.[0-9]+)?,[1-7],[0-9]+,-?[0-9]+,-?[0-9]+,(?:-1|1|0)\r?")
_BOOK: Final = re.compile(rb"-?[0-9]+,[0-9]+,-?[0-9]+,[0-9]+(?:,-?[0-9]+,[0-9]+,-?[0-9]+,[0-9]+)*\r?")
_NAME: Final = re.compile(r"([A-Za-z0-9.]+)_(\d{4})-(\d{2})-(\d{2})_")
_DIGITS: Final = 4
_NOWHERE: Final = 9_999_999_999
_SUBMIT, _CANCEL, _DELETE, _EXECUTE, _HIDDEN = 1, 2, 3, 4, 5
_OTHER_ROW: Final = (
    "rows of the orderbook file are not what the message beside them makes of the row before: neither is left out"
)
_EARLIER: Final = "messages are earlier than the one before them: none is left out"


def recognises(head: Head) -> bool:
    """Tell whether the lines are six numbers of a message, or a book's prices and sizes."""
    lines = head.lines[:20]
    return bool(lines) and (all(map(_MESSAGE.fullmatch, lines)) or _is_book(lines))


def _is_book(lines: tuple[bytes, ...]) -> bool:
    return all(map(_BOOK.fullmatch, lines))


def events(feed: Feed) -> Iterator[Event]:
    """Read message files, each with its orderbook file."""
    for source in feed.sources():
        source.unit = "row"
        if "_orderbook_" in source.path.name and _partner(source.path, "_orderbook_", "_message_"):
            continue  # it is read with its message file
        yield from _day(feed, source)


def _partner(path: Path, mine: str, other: str) -> Path | None:
    partner = path.with_name(path.name.replace(mine, other))
    return partner if partner != path and partner.is_file() else None


def _day(feed: Feed, source: Source) -> Iterator[Event]:
    match = _NAME.match(source.path.name)
    symbol = feed.symbols[match[1] if match else "UNKNOWN"]
    midnight_ns = calendar.timegm((*map(int, match.groups()[1:]), 0, 0, 0)) * SECOND_NS if match else SECOND_NS
    partner = _partner(source.path, "_message_", "_orderbook_")
    rows = Source(partner, feed.lost).lines() if partner else None
    levels, orders, last_ns = _Levels(), OrderBook(), 0
    if symbol and rows is None:
        feed.leave_out("LOBSTER message files without an orderbook file: their books begin empty", source.path.name)
    for line in source.lines():
        row = next(rows, None) if rows is not None else None
        if not _MESSAGE.fullmatch(line) or (row is not None and not _BOOK.fullmatch(row)) or source.cut:
            feed.refuse(line, f"expected a row as {LOOKS_LIKE}")
            return
        if rows is not None and row is None:
            raise feed.fault(f"expected as many rows in {partner.name if partner else ''}, which ends before")
        if not symbol:
            continue
        at_ns, kind, order, size, price, direction = _message(line, midnight_ns)
        _look_at(feed, at_ns >= last_ns, _EARLIER)
        last_ns = at_ns
        if kind in {_EXECUTE, _HIDDEN} and price > 0:
            taker = "S" if direction > 0 else "B"  # the direction is the resting order's
            yield TradeEvent(at_ns, symbol, at_ns, decimal_text(price, _DIGITS), str(size), source.line, taker)
        if row is not None:
            sides = levels.become(row)
            _look_at(feed, source.line == 1 or levels.fits(kind, direction > 0, price, size), _OTHER_ROW)
        else:
            sides = _applied(orders, kind, order, "B" if direction > 0 else "A", price, size)
        if any(sides) or source.line == 1:
            reset = source.line == 1
            feed.begin(symbol)
            yield BookEvent(at_ns, symbol, at_ns, *sides, reset, update_id=source.line)
    if orders.unknown:
        feed.leave_out("events on orders older than the file", source.path.name, orders.unknown)


def _message(line: bytes, midnight_ns: int) -> tuple[int, int, int, int, int, int]:
    """Return a message's time in ns, kind, order, size, price and direction."""
    time, *numbers = line.decode().strip().split(",")
    kind, order, size, price, direction = map(int, numbers)
    seconds, _, fraction = time.partition(".")
    at_ns = midnight_ns + int(seconds) * SECOND_NS + int(fraction[:9].ljust(9, "0"))
    return at_ns, kind, order, size, price, direction


def _look_at(feed: Feed, right: bool, what: str) -> None:  # noqa: FBT001  what was found
    if not right:
        feed.doubt(what, feed.source.path.name)


def _applied(
    orders: OrderBook, kind: int, order: int, side: str, price: int, size: int
) -> tuple[list[Level], list[Level]]:
    if kind == _SUBMIT:
        changed = orders.add(order, side, price, size)
    elif kind in {_CANCEL, _EXECUTE}:
        changed = orders.take(order, size)
    else:
        changed = orders.take(order) if kind == _DELETE else []
    sides: tuple[list[Level], list[Level]] = [], []
    for of, (at, left) in changed:
        sides[of == "A"].append((decimal_text(at, _DIGITS), str(left)))
    return sides


class _Levels:
    """The two rows of the orderbook file that were read last: bids and asks by price."""

    def __init__(self) -> None:
        self._before: tuple[dict[int, int], dict[int, int]] = {}, {}
        self._sides = self._before

    def become(self, row: bytes) -> tuple[list[Level], list[Level]]:
        """Take the next row; return what changed."""
        numbers = [int(each) for each in row.split(b",")]
        new = tuple(
            {
                price: size
                for price, size in zip(numbers[at::4], numbers[at + 1 :: 4], strict=True)
                if abs(price) != _NOWHERE and price > 0 and size > 0
            }
            for at in (2, 0)
        )
        old, self._before, self._sides = self._sides, self._sides, (new[0], new[1])
        return _changes(old[0], new[0]), _changes(old[1], new[1])

    def fits(self, kind: int, bid: bool, price: int, size: int) -> bool:  # noqa: FBT001  the side of the order
        """Tell whether the size at a message's price changed by its size; a price that no row shows always fits."""
        before, after = self._before[not bid], self._sides[not bid]
        if kind not in {_SUBMIT, _CANCEL, _DELETE, _EXECUTE} or (price not in before and price not in after):
            return True
        return after.get(price, 0) - before.get(price, 0) == (size if kind == _SUBMIT else -size)


def _changes(before: dict[int, int], after: dict[int, int]) -> list[Any]:
    gone = [(decimal_text(price, _DIGITS), "0") for price in before if price not in after]
    return gone + [
        (decimal_text(price, _DIGITS), str(size)) for price, size in after.items() if before.get(price) != size
    ]
