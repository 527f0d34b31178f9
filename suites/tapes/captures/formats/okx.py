"""OKX v5: `books` and its kin to books, `bbo-tbt` and `tickers` to quotes, `trades` to trades.

Each update is held to OKX's checksum, the signed CRC-32 of the best 25 levels a side, and where the venue numbers them
(`seqId`, `prevSeqId`; not in 2022) to the number of the one before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from suites.tapes.captures.checksums import okx_checksum
from suites.tapes.captures.events import MS_NS, PRICES, SIZES, BookEvent, Event, QuoteEvent, TradeEvent, identifier
from suites.tapes.captures.mirror import Mirror, pairs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from suites.tapes.captures.feed import Feed
    from suites.tapes.captures.importer import Head
    from suites.tapes.captures.mirror import Held

NAME: Final = "OKX books"
LOOKS_LIKE: Final = '`{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"snapshot","data":...}` (OKX v5)'
_BOOKS: Final = frozenset({"books", "books-l2-tbt", "books50-l2-tbt"})
_WHOLE: Final = frozenset({"books5"})  # every message is the whole book
_QUOTES: Final = frozenset({"bbo-tbt", "tickers"})
_CHECKED: Final = 25


def recognises(head: Head) -> bool:
    """Tell whether a message names its channel and instrument (Bitget's also names an instType)."""
    return any(_channel(each) for each in head.messages)


def _channel(message: Any) -> str:
    argument = message.get("arg") if isinstance(message, dict) else None
    if not isinstance(argument, dict) or not {"channel", "instId"} <= argument.keys() or "instType" in argument:
        return ""
    channel = str(argument["channel"])
    return channel if channel == "trades" or channel in _BOOKS | _WHOLE | _QUOTES else ""


def events(feed: Feed) -> Iterator[Event]:
    """Read a capture."""
    books: dict[str, _Book] = {}
    for received_ns, message in feed.messages():
        if not (channel := _channel(message)) or "data" not in message:
            continue
        if not (symbol := feed.symbols[message["arg"]["instId"]]):
            continue
        for data in message["data"]:
            if channel in _BOOKS | _WHOLE:
                reset = channel in _WHOLE or message["action"] == "snapshot"
                if reset:
                    books[symbol] = _Book()
                    feed.begin(symbol)
                if reset or feed.whole(symbol):
                    yield from books[symbol].events(feed, symbol, data, received_ns, reset)
            elif channel == "trades":
                price, size, taker = PRICES[data["px"]], SIZES[data["sz"]], "B" if data["side"] == "buy" else "S"
                when_ns = int(data["ts"]) * MS_NS
                yield TradeEvent(received_ns, symbol, when_ns, price, size, identifier(data["tradeId"]), taker)
            else:
                yield _quote(symbol, data, received_ns)


def _quote(symbol: str, data: dict[str, Any], received_ns: int) -> QuoteEvent:
    if "bids" in data:
        bid, ask = ((data[side] or [("0", "0")])[0][:2] for side in ("bids", "asks"))
    else:
        bid, ask = ((data[f"{side}Px"] or "0", data[f"{side}Sz"] or "0") for side in ("bid", "ask"))
    return QuoteEvent(
        received_ns, symbol, int(data["ts"]) * MS_NS, (SIZES[bid[0]], SIZES[bid[1]]), (SIZES[ask[0]], SIZES[ask[1]])
    )


class _Book:
    """A book and the number of its last update."""

    def __init__(self) -> None:
        self._mirror = Mirror()
        self._last: int | None = None

    def events(
        self,
        feed: Feed,
        symbol: str,
        data: dict[str, Any],
        received_ns: int,
        reset: bool,  # noqa: FBT001  the wire's own flag
    ) -> Iterator[BookEvent]:
        """Apply a message; one that shows that another before it is missing yields nothing."""
        last, self._last = self._last, int(data["seqId"]) if "seqId" in data else None
        if not reset and last is not None and "prevSeqId" in data and int(data["prevSeqId"]) != last:
            feed.gap(symbol, f"expected an update behind {last}, this one is behind {data['prevSeqId']}")
            return
        bids, asks = _read(data["bids"]), _read(data["asks"])
        self._mirror.apply(bids, asks)
        checksum = int(data["checksum"]) if data.get("checksum") else None
        if checksum is not None and checksum != okx_checksum(self._mirror, _CHECKED):
            feed.gap(symbol, f"expected a book with the checksum {checksum} after this update")
            return
        yield BookEvent(
            received_ns,
            symbol,
            int(data["ts"]) * MS_NS,
            pairs(bids),
            pairs(asks),
            reset,
            checksum,
            update_id=self._last,
        )


def _read(raw: Sequence[Sequence[str]]) -> list[Held]:
    return [(PRICES[level[0]], SIZES[level[1]], level[0], level[1]) for level in raw]
