"""Tardis CSV: incremental_book_L2 and book_snapshot_N to books, quotes to quotes, trades to trades.

Rows of one message share their local time. `is_snapshot` turns true where a snapshot begins, also after a lost
connection. A file is in the order of its local times: one that falls is a gap. Several kinds are several files; one
tape is of the files in their order.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Final

from suites.tapes.captures.events import PRICES, SIZES, BookEvent, Event, QuoteEvent, TradeEvent, identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from suites.tapes.captures.events import Level
    from suites.tapes.captures.feed import Feed
    from suites.tapes.captures.importer import Head

NAME: Final = "Tardis CSV"
LOOKS_LIKE: Final = "`exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount` (Tardis CSV)"
_BEGIN: Final = ["exchange", "symbol", "timestamp", "local_timestamp"]
_KINDS: Final = {
    frozenset({"is_snapshot", "side", "price", "amount"}): "book",
    frozenset({"id", "side", "price", "amount"}): "trades",
    frozenset({"ask_amount", "ask_price", "bid_price", "bid_amount"}): "quotes",
}
_SNAPSHOT_COLUMN: Final = re.compile(r"(asks|bids)\[(\d+)\]\.(price|amount)")
_US_NS: Final = 1_000


def _columns(line: bytes) -> list[str]:
    return line.decode("latin-1").strip().split(",")


def _kind(columns: list[str]) -> str:
    if columns[:4] != _BEGIN:
        return ""
    rest = columns[4:]
    if rest and all(map(_SNAPSHOT_COLUMN.fullmatch, rest)):
        return "snapshots"
    return _KINDS.get(frozenset(rest), "")


def recognises(head: Head) -> bool:
    """Tell whether the first line names the columns of one of the kinds."""
    return bool(head.lines) and bool(_kind(_columns(head.lines[0])))


def events(feed: Feed) -> Iterator[Event]:
    """Read the files, each of the kind that its first line says."""
    read = {"book": _books, "trades": _trades, "quotes": _quotes, "snapshots": _snapshots}
    for source in feed.sources():
        lines = source.lines()
        columns = _columns(next(lines, b""))
        if not (kind := _kind(columns)):
            raise feed.fault(f"expected the columns of {LOOKS_LIKE}")
        yield from read[kind](feed, _rows(feed, columns, lines))


def _rows(feed: Feed, columns: list[str], lines: Iterable[bytes]) -> Iterator[dict[str, str]]:
    for line in lines:
        values = line.decode().split(",")
        if feed.source.cut:  # a number whose last digits are missing is a number
            feed.leave_out("bytes of an unfinished last line", feed.source.path.name, len(line))
            return
        if len(values) != len(columns):
            raise feed.fault(f"expected {len(columns)} columns, found {len(values)}")
        values[-1] = values[-1].rstrip("\r")
        yield dict(zip(columns, values, strict=True))


def _head(feed: Feed, row: dict[str, str]) -> tuple[int, str, int]:
    received_us, when_us = int(row["local_timestamp"]), int(row["timestamp"] or row["local_timestamp"])
    return received_us * _US_NS, feed.symbols[row["symbol"]], when_us * _US_NS


def _books(feed: Feed, rows: Iterator[dict[str, str]]) -> Iterator[Event]:
    in_snapshot: dict[str, bool] = {}
    reached_ns: dict[str, int] = {}
    for _, group in groupby(rows, key=lambda row: (row["symbol"], row["local_timestamp"], row["is_snapshot"])):
        message = list(group)
        received_ns, symbol, when_ns = _head(feed, message[0])
        if not symbol:
            continue
        if received_ns < (last_ns := reached_ns.get(symbol, 0)) and feed.begun(symbol):
            feed.gap(symbol, f"expected a row received at {last_ns} or later, found {received_ns}")
        reached_ns[symbol] = max(last_ns, received_ns)
        snapshot = {"true": True, "false": False}[message[0]["is_snapshot"]]
        reset = snapshot and not in_snapshot.get(symbol, False)
        in_snapshot[symbol] = snapshot
        if reset:
            feed.begin(symbol)
        elif not feed.whole(symbol):
            continue
        bids: list[Level] = []
        asks: list[Level] = []
        for row in message:
            {"bid": bids, "ask": asks}[row["side"]].append((PRICES[row["price"]], SIZES[row["amount"]]))
        yield BookEvent(received_ns, symbol, when_ns, bids, asks, reset)


def _snapshots(feed: Feed, rows: Iterator[dict[str, str]]) -> Iterator[Event]:
    for row in rows:
        received_ns, symbol, when_ns = _head(feed, row)
        if symbol:
            yield BookEvent(received_ns, symbol, when_ns, _side(row, "bids"), _side(row, "asks"), reset=True)


def _side(row: dict[str, str], side: str) -> list[Level]:
    prices = [name for name, value in row.items() if name.startswith(side) and name.endswith(".price") and value]
    return [(PRICES[row[name]], SIZES[row[name.removesuffix("price") + "amount"]]) for name in prices]


def _quotes(feed: Feed, rows: Iterator[dict[str, str]]) -> Iterator[Event]:
    for row in rows:
        received_ns, symbol, when_ns = _head(feed, row)
        if symbol:
            bid, ask = ((SIZES[row[f"{s}_price"] or "0"], SIZES[row[f"{s}_amount"] or "0"]) for s in ("bid", "ask"))
            yield QuoteEvent(received_ns, symbol, when_ns, bid, ask)


def _trades(feed: Feed, rows: Iterator[dict[str, str]]) -> Iterator[Event]:
    for row in rows:
        received_ns, symbol, when_ns = _head(feed, row)
        if symbol:
            taker = "S" if row["side"] == "sell" else "B"
            numbers = PRICES[row["price"]], SIZES[row["amount"]]
            yield TradeEvent(received_ns, symbol, when_ns, *numbers, identifier(row["id"]), taker)
