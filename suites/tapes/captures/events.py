"""What an importer yields: a capture's messages with their decimals as text, and the truths that tests hold them to."""

from __future__ import annotations

import calendar
import re
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from suites.tapes.frames import book_frame, quote_frame, trade_frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from suites.tapes.frames import Rfc3339

Level: TypeAlias = tuple[str, str]  # price and size as JSON numbers

SECOND_NS: Final = 1_000_000_000
MS_NS: Final = 1_000_000
_SYMBOL: Final = re.compile(r"[A-Za-z0-9./_:-]{1,32}")
_TIME: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9})[0-9]*)?Z")
_DECIMAL: Final = re.compile(r"((?:0|[1-9][0-9]*)\.[0-9]*[1-9])0*|(0|[1-9][0-9]*)(?:\.0+)?").fullmatch
_DECIMALS: Final = re.compile(r"^((?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9](?=0*$)|(?=(?:\.0+)?$)))", re.MULTILINE).findall
"""The same of many, one a line."""
_EXPONENT: Final = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?[eE][+-]?[0-9]{1,2}")
_MOST_DIGITS: Final = 64
_REMEMBERED: Final = 1 << 16


class BookEvent(NamedTuple):
    """A snapshot (`reset`) or update of one book; times are ns since the epoch, 0 where unknown.

    `checksum` and `digits` (how many decimals prices and sizes are written with) are Kraken's and OKX's; `update_id` is
    the last update that the message holds, where a venue numbers them. A tuple: there are millions of them.
    """

    received_ns: int
    symbol: str
    when_ns: int
    bids: Sequence[Level]
    asks: Sequence[Level]
    reset: bool
    checksum: int | None = None
    digits: tuple[int, int] = (0, 0)
    update_id: int | None = None

    def frame(self, clock: Rfc3339) -> bytes:
        """Write the frame."""
        return book_frame(self.symbol, clock.write(self.when_ns), self.bids, self.asks, reset=self.reset)


class QuoteEvent(NamedTuple):
    """The best bid and ask that the exchange published."""

    received_ns: int
    symbol: str
    when_ns: int
    bid: Level
    ask: Level
    update_id: int | None = None

    def frame(self, clock: Rfc3339) -> bytes:
        """Write the frame."""
        return quote_frame(self.symbol, clock.write(self.when_ns), self.bid, self.ask)


class TradeEvent(NamedTuple):
    """One print; `taker` is "B" or "S"."""

    received_ns: int
    symbol: str
    when_ns: int
    price: str
    size: str
    identifier: int
    taker: str

    def frame(self, clock: Rfc3339) -> bytes:
        """Write the frame."""
        return trade_frame(self.symbol, clock.write(self.when_ns), self.price, self.size, self.identifier, self.taker)


class FrameEvent(NamedTuple):
    """A frame of Alpaca's as it was received, with its messages; `symbol` is that of the first."""

    received_ns: int
    symbol: str
    when_ns: int
    bytes_: bytes
    messages: list[dict[str, Any]]

    def frame(self, _clock: Rfc3339) -> bytes:
        """Return the frame itself."""
        return self.bytes_


Event: TypeAlias = BookEvent | QuoteEvent | TradeEvent | FrameEvent


class Written(NamedTuple):
    """Messages that are frames already: their receive times in ns, none of them 0, and as many frames.

    Changes of books among them are held to what came before; a snapshot is an event of its own.
    """

    received_ns: Sequence[int]
    frames: Sequence[bytes]


class Numbers(dict[str, str]):
    """Decimals as JSON numbers of the same value without trailing zeros; ValueError for anything else.

    Prices and sizes come again and again: what was read is remembered, and a lookup costs a tenth of reading anew.
    """

    REFUSED = ""

    def __missing__(self, text: str) -> str:
        if len(self) >= _REMEMBERED:
            self.clear()
        value = self[text] = number(text)
        return value

    def learn(self, texts: Iterable[str]) -> None:
        """Read many at once; where one of them is no plain decimal, none: it is read when it is asked for."""
        new = [text for text in set(texts) if text not in self]
        joined = "\n".join(new)
        if not new or max(map(len, new)) > _MOST_DIGITS or joined.count("\n") != len(new) - 1:
            return
        if len(self) + len(new) > _REMEMBERED:
            self.clear()
        if len(found := _DECIMALS(joined)) == len(new):
            pairs = zip(new, found, strict=True)
            self.update(pairs if self.REFUSED not in found else [pair for pair in pairs if pair[1] != self.REFUSED])


class Prices(Numbers):
    """The same for prices, which are above 0."""

    REFUSED = "0"

    def __missing__(self, text: str) -> str:
        if (value := super().__missing__(text)) == self.REFUSED:
            del self[text]
            raise ValueError(f"a price of {text}")
        return value


SIZES: Final = Numbers()
PRICES: Final = Prices()


def number(text: str) -> str:
    """Return a decimal as a JSON number of the same value without trailing zeros; ValueError for anything else."""
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"a number of {len(text)} characters")
    if (match := _DECIMAL(text)) is not None:
        return match[1] or match[2]
    if not _EXPONENT.fullmatch(text):
        raise ValueError(f"{text!r} is no decimal")
    return number(f"{Decimal(text):f}")


def levels(pairs: Iterable[Sequence[str]]) -> list[Level]:
    """Read levels that begin with price and size."""
    prices, sizes = PRICES, SIZES
    return [(prices[pair[0]], sizes[pair[1]]) for pair in pairs]


def symbol_name(text: str) -> str:
    """Return a symbol as it is written in frames, with a slash between base and quote where the exchange has a dash."""
    if not _SYMBOL.fullmatch(text):
        raise ValueError(f"{text!r} is no symbol")
    return text.replace("-", "/") if text.count("-") == 1 else text


def utc_ns(text: str) -> int:
    """Return the ns since the epoch of a time that is RFC 3339 in UTC."""
    if not (match := _TIME.fullmatch(text)):
        raise ValueError(f"{text!r} is no time in UTC")
    return _second(f"{match[1]}T{match[2]}") * SECOND_NS + int((match[3] or "").ljust(9, "0"))


_seconds: dict[str, int] = {}


def _second(text: str) -> int:
    """Read a second; neighbouring messages share it."""
    if (second := _seconds.get(text)) is None:
        if len(_seconds) >= _REMEMBERED:
            _seconds.clear()
        second = _seconds[text] = calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%S"))
    return second


def epoch_ns(text: str) -> int:
    """Return the ns of a number of seconds, ms, us or ns since the epoch; its magnitude says which."""
    whole, _, fraction = text.partition(".")
    if not whole.isdigit() or not whole.isascii() or len(whole) > 19 or (fraction and not fraction.isdigit()):
        raise ValueError(f"{text!r} is no time")
    scale = 9 if len(whole) <= 11 else 6 if len(whole) <= 14 else 3 if len(whole) <= 17 else 0
    return int(whole + fraction[:scale].ljust(scale, "0"))


def identifier(text: object) -> int:
    """Return a number for a trade: its own, or one made of the digits and letters of its name."""
    if isinstance(text, int):
        return text & (2**63 - 1)
    name = str(text)
    if name.isascii() and name.isdigit() and len(name) < 19:
        return int(name)
    return int.from_bytes(name.encode()[-64:], "big") % (2**63 - 1)
