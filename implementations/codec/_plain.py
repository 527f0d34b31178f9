"""Messages as plain lists and back, for the codecs whose library knows lists, numbers and strings only.

The list is the kind, then the fields in the order of `messages.astuple`; a level is a list of price and size.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final, TypeAlias, get_args

from implementations.codec.contract import MAX_LEVELS, MAX_TEXT_BYTES, BadPayloadError
from implementations.messages import (
    ACK,
    BOOK,
    ORDER,
    QUOTE,
    TRADE,
    Ack,
    AckStatus,
    Book,
    Level,
    Message,
    Order,
    Quote,
    Side,
    Trade,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from implementations.messages import LevelLike

Plain: TypeAlias = list[Any]

_SURELY_SHORT: Final = MAX_TEXT_BYTES // 4  # characters; UTF-8 takes at most four bytes for each
_GREATEST: Final = sys.float_info.max
_GREATEST_IDENTIFIER: Final = 2**63 - 1
_SIDES: Final = frozenset(get_args(Side))
_STATUSES: Final = frozenset(get_args(AckStatus))


def plain(message: Message) -> Plain:
    """Return the list of one message; TypeError for a kind the bus does not carry, ValueError for what is too long."""
    try:
        flatten = _FLATTEN[message.kind]
    except KeyError as error:
        raise TypeError(f"the bus does not carry {type(message).__name__}") from error
    return flatten(message)


def check_text(*texts: str) -> None:
    """Raise ValueError for a string that is too long."""
    for text in texts:
        if len(text) > _SURELY_SHORT and (length := len(text.encode())) > MAX_TEXT_BYTES:
            raise ValueError(f"a string of {length} bytes, at most {MAX_TEXT_BYTES} are carried: {text[:40]!r}...")


def pairs(levels: Sequence[LevelLike]) -> list[list[float]]:
    """Return levels as lists of price and size; ValueError if they are too many."""
    if len(levels) > MAX_LEVELS:
        raise ValueError(f"{len(levels)} levels on one side, at most {MAX_LEVELS} are carried")
    return [[level.price, level.size] for level in levels]


def _flat_trade(message: Trade) -> Plain:
    check_text(message.symbol, message.time)
    return [TRADE, message.symbol, message.price, message.size, message.time, message.identifier]


def _flat_quote(message: Quote) -> Plain:
    check_text(message.symbol, message.time)
    return [
        QUOTE,
        message.symbol,
        message.bid_price,
        message.bid_size,
        message.ask_price,
        message.ask_size,
        message.time,
    ]


def _flat_book(message: Book) -> Plain:
    check_text(message.symbol, message.time)
    return [BOOK, message.symbol, message.time, pairs(message.bids), pairs(message.asks), message.reset]


def _flat_order(message: Order) -> Plain:
    check_text(message.client_order_id, message.symbol, message.time_in_force)
    return [
        ORDER,
        message.client_order_id,
        message.symbol,
        message.side,
        message.quantity,
        message.price,
        message.time_in_force,
    ]


def _flat_ack(message: Ack) -> Plain:
    check_text(message.client_order_id, message.symbol, message.time)
    return [
        ACK,
        message.client_order_id,
        message.symbol,
        message.status,
        message.filled,
        message.price,
        message.time,
    ]


_FLATTEN: Final[dict[int, Callable[[Any], Plain]]] = {
    TRADE: _flat_trade,
    QUOTE: _flat_quote,
    BOOK: _flat_book,
    ORDER: _flat_order,
    ACK: _flat_ack,
}


def message_of(values: object) -> Message:
    """Build the message of one list, every value checked, or raise BadPayloadError."""
    if type(values) is not list or not values:
        raise BadPayloadError("the payload is not a list of a kind and its fields")
    kind = values[0]
    if type(kind) is not int or kind not in _BUILDERS:
        raise BadPayloadError(f"unknown kind {kind!r:.40}")
    length, build = _BUILDERS[kind]
    if len(values) != length:
        raise BadPayloadError(f"kind {kind} has {length - 1} fields, not {len(values) - 1}")
    return build(*values[1:])


def _trade(symbol: object, price: object, size: object, time: object, identifier: object) -> Trade:
    if type(identifier) is not int or not 0 <= identifier <= _GREATEST_IDENTIFIER:
        raise BadPayloadError("the identifier is no integer from 0 to 2**63 - 1")
    return Trade(_text(symbol), _number(price), _number(size), _text(time), identifier)


def _quote(
    symbol: object, bid_price: object, bid_size: object, ask_price: object, ask_size: object, time: object
) -> Quote:
    return Quote(
        _text(symbol), _number(bid_price), _number(bid_size), _number(ask_price), _number(ask_size), _text(time)
    )


def _book(symbol: object, time: object, bids: object, asks: object, reset: object) -> Book:
    if type(reset) is not bool:
        raise BadPayloadError("reset is no boolean")
    return Book(_text(symbol), _text(time), _levels(bids), _levels(asks), reset)


def _order(
    identifier: object, symbol: object, side: Any, quantity: object, price: object, time_in_force: object
) -> Order:
    if _text(side) not in _SIDES:
        raise BadPayloadError(f"unknown side {side!r:.40}")
    return Order(_text(identifier), _text(symbol), side, _number(quantity), _number(price), _text(time_in_force))


def _ack(identifier: object, symbol: object, status: Any, filled: object, price: object, time: object) -> Ack:
    if _text(status) not in _STATUSES:
        raise BadPayloadError(f"unknown status {status!r:.40}")
    return Ack(_text(identifier), _text(symbol), status, _number(filled), _number(price), _text(time))


def _text(value: object) -> str:
    if type(value) is not str:
        raise BadPayloadError(f"{value!r:.40} stands where a string is due")
    try:
        check_text(value)
    except ValueError as error:  # too long, or half of a surrogate pair
        raise BadPayloadError(str(error)) from error
    return value


def _number(value: object) -> float:
    if type(value) is not float or not -_GREATEST <= value <= _GREATEST:
        raise BadPayloadError(f"{value!r:.40} stands where a finite float is due")
    return value


def _levels(value: object) -> list[Level]:
    if type(value) is not list or len(value) > MAX_LEVELS:
        raise BadPayloadError(f"a side of the book is no list of at most {MAX_LEVELS} levels")
    levels = []
    for pair in value:
        if type(pair) is not list or len(pair) != 2:
            raise BadPayloadError(f"{pair!r:.40} stands where a price and a size are due")
        levels.append(Level(_number(pair[0]), _number(pair[1])))
    return levels


_BUILDERS: Final[dict[int, tuple[int, Callable[..., Message]]]] = {
    TRADE: (6, _trade),
    QUOTE: (7, _quote),
    BOOK: (6, _book),
    ORDER: (7, _order),
    ACK: (7, _ack),
}
