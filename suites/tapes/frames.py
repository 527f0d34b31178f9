"""Writes frames of Alpaca's market data: one message a frame, as its crypto stream sends most of them.

Prices and sizes come as decimal text and go into the JSON as numbers of the same digits (less trailing zeros), so that
the float a decoder reads is the one nearest to the sender's decimal.
"""

from __future__ import annotations

import time
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_SECOND_NS: Final = 1_000_000_000
_SECOND_DIGITS: Final = 9
_MOST_LEVELS_KEPT: Final = 512


def book_frame(
    symbol: str,
    when: str,
    bids: Iterable[tuple[str, str]],
    asks: Iterable[tuple[str, str]],
    *,
    reset: bool = False,
) -> bytes:
    """Write a book message; levels are (price, size) texts, size "0" removes."""
    b, a = _levels(tuple(chain.from_iterable(bids))), _levels(tuple(chain.from_iterable(asks)))
    end = ',"r":true}]' if reset else "}]"
    return f'[{{"T":"o","S":"{symbol}","t":"{when}","b":[{b}],"a":[{a}]{end}'.encode()


def book_frames(
    symbol: str, whens: Sequence[str], bids: Sequence[Sequence[str]], asks: Sequence[Sequence[str]]
) -> list[bytes]:
    """Write updates of one symbol's book; a side is its prices and sizes in turn."""
    head = f'[{{"T":"o","S":"{symbol}","t":"'
    return [
        f'{head}{when}","b":[{_levels(tuple(b))}],"a":[{_levels(tuple(a))}]}}]'.encode()
        for when, b, a in zip(whens, bids, asks, strict=True)
    ]


def _levels(flat: tuple[str, ...]) -> str:
    """Write a side of prices and sizes in turn, at once."""
    levels = len(flat) // 2
    return (_form(levels) if levels < _MOST_LEVELS_KEPT else _form.__wrapped__(levels)) % flat


@cache
def _form(levels: int) -> str:
    """Return what a side of so many levels is written by."""
    return ",".join(['{"p":%s,"s":%s}'] * levels)


def quote_frame(symbol: str, when: str, bid: tuple[str, str], ask: tuple[str, str]) -> bytes:
    """Write a quote; sides are (price, size) texts."""
    return (
        f'[{{"T":"q","S":"{symbol}","bp":{bid[0]},"bs":{bid[1]},"ap":{ask[0]},"as":{ask[1]},"t":"{when}"}}]'
    ).encode()


def quote_frames(
    symbol: str, whens: Sequence[str], sides: Sequence[tuple[str, str, str, str]], number: Mapping[str, str]
) -> list[bytes]:
    """Write quotes of one symbol: price and size of the bid, then of the ask, each as `number` gives it."""
    head = f'[{{"T":"q","S":"{symbol}","bp":'
    return [
        f'{head}{number[bp]},"bs":{number[bs]},"ap":{number[ap]},"as":{number[az]},"t":"{when}"}}]'.encode()
        for when, (bp, bs, ap, az) in zip(whens, sides, strict=True)
    ]


def trade_frame(symbol: str, when: str, price: str, size: str, identifier: int, taker: str) -> bytes:
    """Write a trade; `taker` is "B" for a buyer, "S" for a seller."""
    return (
        f'[{{"T":"t","S":"{symbol}","p":{price},"s":{size},"t":"{when}","i":{identifier},"tks":"{taker}"}}]'
    ).encode()


def trade_frames(
    symbol: str, whens: Sequence[str], values: Sequence[tuple[str, str, str]], identifiers: Sequence[int]
) -> list[bytes]:
    """Write trades of one symbol: price, size and taker of each."""
    head = f'[{{"T":"t","S":"{symbol}","p":'
    return [
        f'{head}{price},"s":{size},"t":"{when}","i":{number},"tks":"{taker}"}}]'.encode()
        for when, (price, size, taker), number in zip(whens, values, identifiers, strict=True)
    ]


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

    def write_all(self, epochs_ns: Sequence[int]) -> list[str]:
        """Return the texts of many moments behind 1970, each as `write` returns it."""
        if min(epochs_ns) < _SECOND_NS:
            raise ValueError("a time of before the second second of 1970")
        digits = list(map(str, epochs_ns))
        seconds = {
            text: self.write(int(text) * _SECOND_NS)[:-1] for text in {each[:-_SECOND_DIGITS] for each in digits}
        }
        return [
            f"{seconds[each[:-_SECOND_DIGITS]]}.{each[-_SECOND_DIGITS:]}Z" if each[-1] != "0" else self.write(int(each))
            for each in digits
        ]
