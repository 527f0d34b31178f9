"""What an importer yields: a capture's messages with their decimals as text, and the truths that tests hold them to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from suites.tapes.frames import book_frame, quote_frame, trade_frame

if TYPE_CHECKING:
    from collections.abc import Iterable

Level: TypeAlias = tuple[str, str]  # price and size as JSON numbers

_SYMBOL: Final = re.compile(r"[A-Za-z0-9./_-]{1,32}")
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z")
_DECIMAL: Final = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class BookEvent:
    """A snapshot (`reset`) or update of one book.

    Kraken gives `checksum`, and `digits`: how many decimals its prices and sizes are written with; Binance gives
    `update_id`, the last update that the message holds.
    """

    received_ns: int
    symbol: str
    when: str
    bids: list[Level]
    asks: list[Level]
    reset: bool
    checksum: int | None = None
    digits: tuple[int, int] = (0, 0)
    update_id: int | None = None

    def frame(self) -> bytes:
        """Write the frame."""
        return book_frame(self.symbol, self.when, self.bids, self.asks, reset=self.reset)


@dataclass(frozen=True, slots=True)
class QuoteEvent:
    """The best bid and ask that the exchange published."""

    received_ns: int
    symbol: str
    when: str
    bid: Level
    ask: Level
    update_id: int | None = None

    def frame(self) -> bytes:
        """Write the frame."""
        return quote_frame(self.symbol, self.when, self.bid, self.ask)


@dataclass(frozen=True, slots=True)
class TradeEvent:
    """One print; `taker` is "B" or "S"."""

    received_ns: int
    symbol: str
    when: str
    price: str
    size: str
    identifier: int
    taker: str

    def frame(self) -> bytes:
        """Write the frame."""
        return trade_frame(self.symbol, self.when, self.price, self.size, self.identifier, self.taker)


Event: TypeAlias = BookEvent | QuoteEvent | TradeEvent


def number(text: str) -> str:
    """Give a decimal as a JSON number of the same value without trailing zeros; ValueError for anything else."""
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"{text!r} is no plain decimal")
    return text.rstrip("0").rstrip(".") if "." in text else text


def symbol_name(text: str) -> str:
    """Give a symbol as it is written in frames, with a slash between base and quote where the exchange has a dash."""
    if not _SYMBOL.fullmatch(text):
        raise ValueError(f"{text!r} is no symbol")
    return text.replace("-", "/")


def utc_time(text: str) -> str:
    """Give a time that is RFC 3339 in UTC already."""
    if not _TIME.fullmatch(text):
        raise ValueError(f"{text!r} is no time in UTC")
    return text


def price_number(text: str) -> str:
    """Give the number of a price, which is above 0."""
    if (price := number(text)) == "0":
        raise ValueError("a price of 0")
    return price


def level_list(levels: Iterable[list[str]]) -> list[Level]:
    """Read levels that begin with price and size."""
    return [(price_number(level[0]), number(level[1])) for level in levels]
