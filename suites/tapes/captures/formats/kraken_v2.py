"""Kraken WebSocket v2: `book` to books, held to Kraken's checksums; `trade` to trades, `ticker` to quotes.

Prices and sizes are JSON numbers whose digits count: the checksum is over as many decimals as the pair has, which the
`instrument` channel says (`price_precision`, `qty_precision`) and else the widest number in the snapshot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from suites.tapes.captures.checksums import digits_of, kraken_checksum
from suites.tapes.captures.events import PRICES, SIZES, BookEvent, Event, QuoteEvent, TradeEvent, utc_ns
from suites.tapes.captures.mirror import Mirror, pairs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suites.tapes.captures.feed import Feed
    from suites.tapes.captures.importer import Head
    from suites.tapes.captures.mirror import Held

NAME: Final = "Kraken v2 book"
LOOKS_LIKE: Final = '`{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":...}]}` (Kraken v2)'
_CHANNELS: Final = frozenset({"book", "trade", "ticker", "instrument"})
_CHECKED: Final = 10


def recognises(head: Head) -> bool:
    """Tell whether a message names its channel and type, and has data of symbols with a slash."""
    return any(_channel(each) in {"book", "trade", "ticker"} for each in head.messages)


def _channel(message: Any) -> str:
    if not isinstance(message, dict) or not {"channel", "type", "data"} <= message.keys():
        return ""
    data = message["data"]
    if message["channel"] == "instrument" and isinstance(data, dict):
        return "instrument"
    if isinstance(data, list) and data and isinstance(data[0], dict) and "/" in str(data[0].get("symbol", "")):
        return str(message["channel"]) if message["channel"] in _CHANNELS else ""
    return ""


def events(feed: Feed) -> Iterator[Event]:
    """Read a capture."""
    books: dict[str, _Book] = {}
    digits: dict[str, tuple[int, int]] = {}
    depths: dict[str, int] = {}
    for received_ns, message in feed.exact_messages():
        if isinstance(message, dict) and message.get("method") == "subscribe":
            _depth(message, depths)
        channel = _channel(message)
        if channel == "instrument":
            for pair in message["data"].get("pairs", []):
                digits[pair["symbol"]] = int(pair["price_precision"]), int(pair["qty_precision"])
            continue
        for data in message["data"] if channel else ():
            if not (symbol := feed.symbols[data["symbol"]]):
                continue
            if channel != "book":
                yield _trade(symbol, data, received_ns) if channel == "trade" else _quote(symbol, data, received_ns)
                continue
            if reset := message["type"] == "snapshot":
                books[symbol] = _Book(digits.get(data["symbol"]) or _widest(data), depths.get(data["symbol"]))
                feed.begin(symbol)
            if reset or feed.whole(symbol):
                yield from books[symbol].events(feed, symbol, data, received_ns, reset)


def _trade(symbol: str, data: dict[str, Any], received_ns: int) -> TradeEvent:
    numbers, taker = (PRICES[data["price"]], SIZES[data["qty"]]), "B" if data["side"] == "buy" else "S"
    return TradeEvent(received_ns, symbol, utc_ns(data["timestamp"]), *numbers, int(data["trade_id"]), taker)


def _quote(symbol: str, data: dict[str, Any], received_ns: int) -> QuoteEvent:
    bid, ask = ((SIZES[data[side]], SIZES[data[f"{side}_qty"]]) for side in ("bid", "ask"))
    when_ns = utc_ns(data["timestamp"]) if "timestamp" in data else received_ns
    return QuoteEvent(received_ns, symbol, when_ns, bid, ask)


def _depth(message: dict[str, Any], depths: dict[str, int]) -> None:
    """Take the depth that was subscribed to, which the answer to the subscription tells."""
    result = message.get("result")
    if isinstance(result, dict) and result.get("channel") == "book" and "symbol" in result:
        depths[result["symbol"]] = int(result.get("depth", 10))


def _widest(data: dict[str, Any]) -> tuple[int, int]:
    levels = [*data["bids"], *data["asks"]]
    widths = [(digits_of(level["price"]), digits_of(level["qty"])) for level in levels]
    return max((width for width, _ in widths), default=0), max((width for _, width in widths), default=0)


class _Book:
    """A book, its digits and the depth it is kept at: as subscribed, or as many levels as the snapshot had."""

    def __init__(self, digits: tuple[int, int], depth: int | None) -> None:
        self._mirror = Mirror()
        self._digits = digits
        self._depth = depth or 0

    def events(
        self,
        feed: Feed,
        symbol: str,
        data: dict[str, Any],
        received_ns: int,
        reset: bool,  # noqa: FBT001  the wire's own flag
    ) -> Iterator[BookEvent]:
        """Apply a message; one whose checksum does not fit yields nothing."""
        bids, asks = self._read(data.get("bids", ())), self._read(data.get("asks", ()))
        self._mirror.apply(bids, asks)
        self._depth = self._depth or max(10, len(bids), len(asks))
        out = self._mirror.bids.cut(self._depth), self._mirror.asks.cut(self._depth)
        checksum = int(data["checksum"]) if "checksum" in data else None
        if checksum is not None and checksum != kraken_checksum(self._mirror, _CHECKED):
            feed.gap(symbol, f"expected a book with the checksum {checksum} after this update")
            return
        when_ns = utc_ns(data["timestamp"]) if "timestamp" in data else received_ns
        yield BookEvent(
            received_ns, symbol, when_ns, pairs(bids) + out[0], pairs(asks) + out[1], reset, checksum, self._digits
        )

    def _read(self, levels: Any) -> list[Held]:
        found: list[Held] = []
        for level in levels:
            price, size = PRICES[level["price"]], SIZES[level["qty"]]
            found.append((price, size, _padded(price, self._digits[0]), _padded(size, self._digits[1])))
        return found


def _padded(number: str, digits: int) -> str:
    whole, _, part = number.partition(".")
    return whole + part.ljust(digits, "0")
