"""From the dicts and lists that an untyped JSON parser yields to domain messages, every field checked.

The common case of a field is tested in line; what fails that test goes to a function that converts it or says why not.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from implementations.decode.contract import NOTICE_TAGS, BadFrameError
from implementations.messages import Book, Level, MarketMessage, Notice, Quote, Trade

if TYPE_CHECKING:
    from collections.abc import Callable

Document = dict[str, Any]

_tuple: Final = tuple.__new__  # a NamedTuple's own __new__ is a Python function that does no more
_GREATEST: Final = sys.float_info.max
_GREATEST_IDENTIFIER: Final = 2**63 - 1


def messages_of(document: object) -> list[MarketMessage]:
    """Build the messages of a parsed frame, or raise BadFrameError."""
    if type(document) is not list:
        raise BadFrameError("not an array")
    messages: list[MarketMessage] = []
    for element in document:
        try:
            messages.append(_BUILDERS[element["T"]](element))
        except KeyError as error:
            raise BadFrameError(f"message {len(messages)} {_lacking(element, error.args[0])}") from error
        except TypeError as error:  # an element that is no dict, or a T that cannot be hashed
            raise BadFrameError(f"message {len(messages)} is not an object tagged by T") from error
        except BadFrameError as error:
            raise BadFrameError(f"message {len(messages)}: {error}") from error
    return messages


def _lacking(element: Document, key: object) -> str:
    return "has an unknown T" if element.get("T") not in _BUILDERS and "T" in element else f"has no {key}"


def _trade(element: Document) -> Trade:
    symbol, price, size, time = element["S"], element["p"], element["s"], element["t"]
    identifier = element["i"]
    if type(identifier) is not int or not 0 <= identifier <= _GREATEST_IDENTIFIER:
        raise BadFrameError("i is no integer from 0 to 2**63 - 1")
    _check_text("S", symbol, 32)
    _check_text("t", time, 40)
    if type(price) is not float or not 0.0 < price <= _GREATEST:
        price = _price("p", price)
    if type(size) is not float or not 0.0 <= size <= _GREATEST:
        size = _number("s", size)
    return Trade(symbol, price, size, time, identifier)


def _quote(element: Document) -> Quote:
    symbol, time = element["S"], element["t"]
    bid_price, bid_size, ask_price, ask_size = element["bp"], element["bs"], element["ap"], element["as"]
    _check_text("S", symbol, 32)
    _check_text("t", time, 40)
    if type(bid_price) is not float or not 0.0 <= bid_price <= _GREATEST:
        bid_price = _number("bp", bid_price)
    if type(bid_size) is not float or not 0.0 <= bid_size <= _GREATEST:
        bid_size = _number("bs", bid_size)
    if type(ask_price) is not float or not 0.0 <= ask_price <= _GREATEST:
        ask_price = _number("ap", ask_price)
    if type(ask_size) is not float or not 0.0 <= ask_size <= _GREATEST:
        ask_size = _number("as", ask_size)
    return Quote(symbol, bid_price, bid_size, ask_price, ask_size, time)


def _book(element: Document) -> Book:
    symbol, time, reset = element["S"], element["t"], element.get("r", False)
    _check_text("S", symbol, 32)
    _check_text("t", time, 40)
    if type(reset) is not bool:
        raise BadFrameError("r is no boolean")
    return Book(symbol, time, _levels("b", element["b"]), _levels("a", element["a"]), reset)


def _levels(name: str, value: object) -> list[Level]:
    if type(value) is not list:
        raise BadFrameError(f"{name} is no array")
    levels: list[Level] = []
    for level in value:
        if type(level) is not dict or "p" not in level or "s" not in level:
            raise BadFrameError(f"{name}[{len(levels)}] is no object with p and s")
        price, size = level["p"], level["s"]
        if type(price) is not float or not 0.0 < price <= _GREATEST:
            price = _price(f"{name}[{len(levels)}].p", price)
        if type(size) is not float or not 0.0 <= size <= _GREATEST:
            size = _number(f"{name}[{len(levels)}].s", size)
        levels.append(_tuple(Level, (price, size)))
    return levels


def _check_text(name: str, value: object, most_bytes: int) -> None:
    if type(value) is not str:
        raise BadFrameError(f"{name} is no string")
    if value.isascii() and 0 < len(value) <= most_bytes:
        return
    try:
        length = len(value.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise BadFrameError(f"{name} is not UTF-8") from error
    if not 0 < length <= most_bytes:
        raise BadFrameError(f"{name} is {length} bytes long, 1 to {most_bytes} are right")


def _number(name: str, value: object) -> float:
    if type(value) is int:
        try:
            value = float(value)
        except OverflowError as error:
            raise BadFrameError(f"{name} is out of range") from error
    elif type(value) is not float:
        raise BadFrameError(f"{name} is no number")
    if not 0.0 <= value <= _GREATEST:
        raise BadFrameError(f"{name} is {value!r}, 0 or above and finite is right")
    return value


def _price(name: str, value: object) -> float:
    number = _number(name, value)
    if number == 0.0:
        raise BadFrameError(f"{name} is 0, a price is above 0")
    return number


def _notice(element: Document) -> Notice:
    return Notice(element["T"])


_BUILDERS: Final[dict[str, Callable[[Document], MarketMessage]]] = {
    "t": _trade,
    "q": _quote,
    "o": _book,
    **dict.fromkeys(NOTICE_TAGS, _notice),
}
