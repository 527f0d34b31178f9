"""Kraken WebSocket v1, channels `book-N`: snapshots and updates to books, with Kraken's checksums kept for tests.

A subscriber keeps the best N levels a side and is told nothing of deeper ones, so that a level pushed out by better
ones must be forgotten. Kraken leaves that to the client; a frame of ours says it, as removals at the end of the update.
Other channels and events carry nothing for the book and are left out.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING, Any, Final

from suites.tapes.captures import cryptofeed
from suites.tapes.captures.events import BookEvent, Event, Level, level_list, symbol_name
from suites.tapes.frames import Rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suites.tapes.captures.lines import Line

NAME: Final = "kraken"
LOOKS_LIKE: Final = '`<epoch seconds>: [channel,{"as":...},"book-1000","XBT/USD"]` (Kraken v1 book, by cryptofeed)'

_SNAPSHOT: Final = frozenset({"as", "bs"})


def recognises(line: Line) -> bool:
    """Tell whether a line can only be of this format."""
    if not cryptofeed.looks_right(line) or cryptofeed.is_connection(line):
        return False
    received = cryptofeed.parse(line)
    if received is None:
        return False
    message = received[1]
    return _is_book(message) or (isinstance(message, dict) and "event" in message)


def events(lines: Iterator[Line]) -> Iterator[Event]:
    """Read a capture; an update before its pair's snapshot is a fault."""
    clock = Rfc3339()
    books: dict[str, tuple[_Window, _Window]] = {}
    for line in lines:
        received = cryptofeed.parse(line)
        if received is None or not _is_book(received[1]):
            continue
        received_ns, message = received
        with line.reading("a Kraken book message"):
            parts, channel, pair = message[1:-2], message[-2], symbol_name(message[-1])
            if any(_SNAPSHOT & part.keys() for part in parts):
                books[pair] = _Window(-1, channel), _Window(+1, channel)
            if pair in books:
                yield _event(parts, pair, received_ns, clock, books[pair])
        if pair not in books:
            raise line.fault(f"expected a snapshot of {pair} before its first update")


def _is_book(message: Any) -> bool:
    return isinstance(message, list) and len(message) >= 4 and str(message[-2]).startswith("book-")


def _event(
    parts: list[dict[str, Any]], pair: str, received_ns: int, clock: Rfc3339, book: tuple[_Window, _Window]
) -> BookEvent:
    fields: dict[str, Any] = {}
    for part in parts:
        fields |= part
    reset = bool(_SNAPSHOT & fields.keys())
    bids, asks = (fields.get(name, []) for name in (("bs", "as") if reset else ("b", "a")))
    when_ns = max((cryptofeed.epoch_ns(*_split(level[2])) for level in (*bids, *asks)), default=received_ns)
    price, size = [*bids, *asks, ("", "")][0][:2]
    return BookEvent(
        received_ns,
        pair,
        clock.write(when_ns),
        book[0].update(level_list(bids)),
        book[1].update(level_list(asks)),
        reset=reset,
        checksum=int(fields["c"]) if "c" in fields else None,
        digits=(_digits(price), _digits(size)),
    )


def _split(time: str) -> tuple[bytes, bytes]:
    seconds, _, fraction = time.partition(".")
    return seconds.encode(), fraction.encode()


def _digits(text: str) -> int:
    return len(text.partition(".")[2])


class _Window:
    """The prices of one side that the subscription still covers, best first; the key of a bid is negated."""

    __slots__ = ("_depth", "_keys", "_sign", "_texts")

    def __init__(self, sign: int, channel: str) -> None:
        self._sign = sign
        self._depth = int(channel.removeprefix("book-"))
        self._keys: list[float] = []
        self._texts: dict[float, str] = {}

    def update(self, levels: list[Level]) -> list[Level]:
        """Apply levels; give them with the removals of what was pushed out."""
        for price, size in levels:
            key = self._sign * float(price)
            if size == "0":
                if self._texts.pop(key, None) is not None:
                    del self._keys[bisect_left(self._keys, key)]
            elif key not in self._texts:
                insort(self._keys, key)
                self._texts[key] = price
        out = self._keys[self._depth :]
        del self._keys[self._depth :]
        return levels + [(self._texts.pop(key), "0") for key in out]
