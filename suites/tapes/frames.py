"""Writes frames of Alpaca's market data: one message a frame, as its crypto stream sends most of them.

Prices and sizes come as decimal text and go into the JSON as numbers of the same digits (less trailing zeros), so that
the float a decoder reads is the one nearest to the sender's decimal.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_SECOND_NS: Final = 1_000_000_000


def book_frame(
    symbol: str,
    when: str,
    bids: Iterable[tuple[str, str]],
    asks: Iterable[tuple[str, str]],
    *,
    reset: bool = False,
) -> bytes:
    """Write a book message; levels are (price, size) texts, size "0" removes."""
    b = ",".join([f'{{"p":{price},"s":{size}}}' for price, size in bids])
    a = ",".join([f'{{"p":{price},"s":{size}}}' for price, size in asks])
    end = ',"r":true}]' if reset else "}]"
    return f'[{{"T":"o","S":"{symbol}","t":"{when}","b":[{b}],"a":[{a}]{end}'.encode()


def quote_frame(symbol: str, when: str, bid: tuple[str, str], ask: tuple[str, str]) -> bytes:
    """Write a quote; sides are (price, size) texts."""
    return (
        f'[{{"T":"q","S":"{symbol}","bp":{bid[0]},"bs":{bid[1]},"ap":{ask[0]},"as":{ask[1]},"t":"{when}"}}]'
    ).encode()


def trade_frame(symbol: str, when: str, price: str, size: str, identifier: int, taker: str) -> bytes:
    """Write a trade; `taker` is "B" for a buyer, "S" for a seller."""
    return (
        f'[{{"T":"t","S":"{symbol}","p":{price},"s":{size},"t":"{when}","i":{identifier},"tks":"{taker}"}}]'
    ).encode()


def decimal_text(units: int, digits: int) -> str:
    """Write units of 10**-digits without trailing zeros: (1250, 2) is 12.5."""
    whole, part = divmod(units, 10**digits)
    return f"{whole}.{part:0{digits}d}".rstrip("0") if part else str(whole)


_FIRST_SECOND: Final = -62_135_596_800
_LAST_SECOND: Final = 253_402_300_799


class Rfc3339:
    """Writes nanoseconds since the epoch as RFC 3339 in UTC, trailing zeros left out as Alpaca does.

    The text of the last second is kept: neighbouring messages share it.
    """

    __slots__ = ("_second", "_text")

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def write(self, epoch_ns: int) -> str:
        """Return the text of one moment; ValueError outside of the years 1 to 9999: RFC 3339 has no other."""
        second, ns = divmod(epoch_ns, _SECOND_NS)
        if second != self._second:
            if not _FIRST_SECOND <= second <= _LAST_SECOND:
                raise ValueError(f"{second} s since the epoch is outside of the years 1 to 9999")
            self._second, self._text = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        if ns % 10:
            return f"{self._text}.{ns:09d}Z"
        return f"{self._text}.{ns:09d}".rstrip("0") + "Z" if ns else f"{self._text}Z"
