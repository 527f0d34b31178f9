"""Writes blocks of Binance's messages at once, column by column: numbers, times and texts, which need no state.

Diffs are still held one by one to the one before them, by the importer. A block with anything unusual in it (a
snapshot, partial depth, a field that is missing or of another type, a number that is none) is not written here: its
messages are then read one by one, by which what is wrong is found and named.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import chain, repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from suites.tapes.captures.events import MS_NS, PRICES, SIZES, Written
from suites.tapes.frames import book_frames, quote_frames, trade_frames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from suites.tapes.captures.feed import Block, Symbols
    from suites.tapes.frames import Rfc3339

Row = dict[str, Any]

_FIELD_ERRORS: Final = (LookupError, TypeError, ValueError, AttributeError, OverflowError)
_QUOTE: Final = itemgetter("b", "B", "a", "A")
_TRADE: Final = itemgetter("p", "q", "m")


class _UnusualError(ValueError):
    """A block that is to be read message by message."""


@dataclass(slots=True)
class Columns:
    """A block's frames, by the place of their message; None where a message is not in the tape.

    `diffs` are places, symbols and messages in their order: none of them has been held to the one before it. `quoted`
    names the symbols of the quotes.
    """

    frames: list[bytes | None]
    diffs: list[tuple[int, str, Row]] = field(default_factory=list)
    quoted: list[str] = field(default_factory=list)

    def written(self, times_ns: Sequence[int], begin: int, end: int) -> Iterator[Written]:
        """Yield the frames of the messages from one place to before another, if there are any."""
        times, frames = times_ns[begin:end], self.frames[begin:end]
        there = [frame for frame in frames if frame is not None]
        if len(there) < len(frames):
            times = [time for time, frame in zip(times, frames, strict=True) if frame is not None]
        if there:
            yield Written(times, there)

    def place(self, group: _Group, frames: Sequence[bytes]) -> None:
        """Take the frames of a group."""
        for place, frame in zip(group.places, frames, strict=True):
            self.frames[place] = frame


@dataclass(slots=True)
class _Group:
    """The messages of one stream and symbol, with their places in the block and their receive times in ns."""

    symbol: str
    places: list[int]
    rows: list[Row]
    times_ns: list[int]


def columns_of(
    block: Block, kind_of: Callable[[str, Row], tuple[str, str]], symbols: Symbols, clock: Rfc3339
) -> Columns | None:
    """Write what a block holds; None where its messages are to be read one by one."""
    try:
        return _columns(block, kind_of, symbols, clock)
    except _FIELD_ERRORS:
        return None


def _columns(block: Block, kind_of: Callable[[str, Row], tuple[str, str]], symbols: Symbols, clock: Rfc3339) -> Columns:
    found = Columns([None] * len(block.messages))
    places_of: dict[str, list[int]] = defaultdict(list)
    for place, message in enumerate(block.messages):
        places_of[message["stream"]].append(place)
    for stream, places in places_of.items():
        rows = [block.messages[place]["data"] for place in places]
        kind, _ = kind_of(stream, rows[0])
        if not stream or kind == "partial":
            raise _UnusualError
        if not kind:
            continue
        [name] = {row["s"] for row in rows}
        if symbol := symbols[name]:
            group = _Group(symbol, places, rows, [block.times_ns[place] for place in places])
            _WRITERS[kind](found, group, clock)
    found.diffs.sort(key=itemgetter(0))
    return found


def _quotes(found: Columns, of: _Group, clock: Rfc3339) -> None:
    if not all("u" in row for row in of.rows):
        raise _UnusualError
    dated = ["T" in row for row in of.rows]
    if all(dated):
        whens = _milliseconds([row["T"] for row in of.rows], clock)
    elif any(dated):
        raise _UnusualError
    else:
        whens = clock.write_all(of.times_ns)
    sides = list(map(_QUOTE, of.rows))
    SIZES.learn(chain.from_iterable(sides))
    found.place(of, quote_frames(of.symbol, whens, sides, SIZES))
    found.quoted.append(of.symbol)


def _trades(found: Columns, of: _Group, clock: Rfc3339) -> None:
    if any("X" in row for row in of.rows):  # futures: insurance fund, and a filler with a price of 0
        kept = [row.get("X", "MARKET") == "MARKET" for row in of.rows]
        of.places = [place for place, keep in zip(of.places, kept, strict=True) if keep]
        of.rows = [row for row, keep in zip(of.rows, kept, strict=True) if keep]
        if not of.rows:
            return
    [event] = {row["e"] for row in of.rows}
    numbers = _whole([row["a" if event == "aggTrade" else "t"] for row in of.rows])
    whens = _milliseconds([row["T"] for row in of.rows], clock)
    prints = list(map(_TRADE, of.rows))
    PRICES.learn([each[0] for each in prints])
    SIZES.learn([each[1] for each in prints])
    values = [(PRICES[price], SIZES[size], "S" if maker else "B") for price, size, maker in prints]
    found.place(of, trade_frames(of.symbol, whens, values, numbers))


def _diffs(found: Columns, of: _Group, clock: Rfc3339) -> None:
    for name in ("U", "u"):
        _whole([row[name] for row in of.rows])
    if before := [row["pu"] for row in of.rows if "pu" in row]:
        _whole(before)
    whens = _milliseconds([row["E"] for row in of.rows], clock)
    bids, asks = [_flat(row["b"]) for row in of.rows], [_flat(row["a"]) for row in of.rows]
    PRICES.learn(chain.from_iterable([flat[::2] for flat in chain(bids, asks)]))
    SIZES.learn(chain.from_iterable([flat[1::2] for flat in chain(bids, asks)]))
    price, size = PRICES.__getitem__, SIZES.__getitem__
    for flat in chain(bids, asks):
        flat[::2] = map(price, flat[::2])
        flat[1::2] = map(size, flat[1::2])
    found.place(of, book_frames(of.symbol, whens, bids, asks))
    found.diffs += zip(of.places, repeat(of.symbol), of.rows)


def _flat(levels: list[list[str]]) -> list[str]:
    """Return prices and sizes in turn."""
    if levels and set(map(len, levels)) != {2}:
        raise _UnusualError
    return list(chain.from_iterable(levels))


def _whole(values: list[Any]) -> list[int]:
    """Return values that are whole numbers above 0."""
    if set(map(type, values)) != {int} or min(values) <= 0:
        raise _UnusualError
    return values


def _milliseconds(values: list[Any], clock: Rfc3339) -> list[str]:
    """Write times in ms, which messages share."""
    texts = {value: clock.write(value * MS_NS) for value in sorted(set(_whole(values)))}
    return [texts[value] for value in values]


_WRITERS: Final = {"quote": _quotes, "trade": _trades, "depth": _diffs}
