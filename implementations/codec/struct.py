"""The fix of B8: a fixed binary layout, packed by one call.

Little-endian. First a head of fixed length: the kind, what has a fixed width, and the length of each string in bytes;
of a book, price and size of each level follow; last come the strings. The layout, by kind:

    trade  B kind, d price, d size, q identifier, B symbol, B time
    quote  B kind, d bid price, d bid size, d ask price, d ask size, B symbol, B time
    book   B kind, B reset, H bids, H asks, B symbol, B time, 2d each bid, 2d each ask
    order  B kind, B side, d quantity, d price, B id, B symbol, B time in force
    ack    B kind, B status, d filled, d price, B id, B symbol, B time
"""

from __future__ import annotations

import struct
from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, get_args

from implementations.codec.contract import BadPayloadError
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
from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable

_TRADE: Final = struct.Struct("<BddqBB")
_QUOTE: Final = struct.Struct("<BddddBB")
_BOOK: Final = struct.Struct("<BBHHBB")
_ORDER: Final = struct.Struct("<BBddBBB")
_ACK: Final = struct.Struct("<BBddBBB")
_tuple: Final = tuple.__new__  # a NamedTuple's own __new__ is a Python function that does no more

_SIDES: Final[tuple[Side, ...]] = get_args(Side)
_STATUSES: Final[tuple[AckStatus, ...]] = get_args(AckStatus)
_SIDE_CODES: Final = {side: code for code, side in enumerate(_SIDES)}
_STATUS_CODES: Final = {status: code for code, status in enumerate(_STATUSES)}


@implementation(source="struct: a layout fixed in advance", fixes="B8")
class StructCodec:
    """No field names, no types, no text of numbers: the reader knows the layout."""

    def encode(self, message: Message) -> bytes:
        """Return the payload of one message."""
        try:
            encode = _ENCODERS[message.kind]
        except KeyError as error:
            raise TypeError(f"the bus does not carry {type(message).__name__}") from error
        try:
            return encode(message)
        except struct.error as error:
            raise ValueError(f"a string or a side of the book is too long: {error}") from error

    def decode(self, payload: bytes) -> Message:
        """Return the message of one payload, or raise BadPayloadError."""
        try:
            return _DECODERS[payload[0]](payload)
        except (LookupError, struct.error, UnicodeDecodeError) as error:
            raise BadPayloadError(f"{len(payload)} bytes that are no payload of this layout: {error}") from error


def _encode_trade(message: Trade) -> bytes:
    symbol, time = message.symbol.encode(), message.time.encode()
    return _TRADE.pack(TRADE, message.price, message.size, message.identifier, len(symbol), len(time)) + symbol + time


def _encode_quote(message: Quote) -> bytes:
    symbol, time = message.symbol.encode(), message.time.encode()
    head = _QUOTE.pack(
        QUOTE,
        message.bid_price,
        message.bid_size,
        message.ask_price,
        message.ask_size,
        len(symbol),
        len(time),
    )
    return head + symbol + time


def _encode_book(message: Book) -> bytes:
    symbol, time = message.symbol.encode(), message.time.encode()
    bids, asks = message.bids, message.asks
    numbers: list[float] = []
    for level in bids:
        numbers += (level.price, level.size)
    for level in asks:
        numbers += (level.price, level.size)
    pack = _with_levels(len(bids) + len(asks)).pack
    return pack(BOOK, message.reset, len(bids), len(asks), len(symbol), len(time), *numbers) + symbol + time


@lru_cache(maxsize=1024)
def _with_levels(count: int) -> struct.Struct:
    """Return the layout of a book's head and so many levels."""
    return struct.Struct(f"{_BOOK.format}{2 * count}d")


def _encode_order(message: Order) -> bytes:
    identifier = message.client_order_id.encode()
    symbol = message.symbol.encode()
    time_in_force = message.time_in_force.encode()
    head = _ORDER.pack(
        ORDER,
        _SIDE_CODES[message.side],
        message.quantity,
        message.price,
        len(identifier),
        len(symbol),
        len(time_in_force),
    )
    return head + identifier + symbol + time_in_force


def _encode_ack(message: Ack) -> bytes:
    identifier, symbol, time = message.client_order_id.encode(), message.symbol.encode(), message.time.encode()
    head = _ACK.pack(
        ACK,
        _STATUS_CODES[message.status],
        message.filled,
        message.price,
        len(identifier),
        len(symbol),
        len(time),
    )
    return head + identifier + symbol + time


def _decode_trade(payload: bytes) -> Trade:
    _, price, size, identifier, symbol_bytes, time_bytes = _TRADE.unpack_from(payload)
    time_at = _TRADE.size + symbol_bytes
    _check(payload, time_at + time_bytes, price, size)
    if identifier < 0:
        raise BadPayloadError("a negative identifier")
    return Trade(payload[_TRADE.size : time_at].decode(), price, size, payload[time_at:].decode(), identifier)


def _decode_quote(payload: bytes) -> Quote:
    _, bid_price, bid_size, ask_price, ask_size, symbol_bytes, time_bytes = _QUOTE.unpack_from(payload)
    time_at = _QUOTE.size + symbol_bytes
    _check(payload, time_at + time_bytes, bid_price, bid_size, ask_price, ask_size)
    symbol, time = payload[_QUOTE.size : time_at].decode(), payload[time_at:].decode()
    return Quote(symbol, bid_price, bid_size, ask_price, ask_size, time)


def _decode_book(payload: bytes) -> Book:
    _, reset, bids, asks, symbol_bytes, time_bytes = _BOOK.unpack_from(payload)
    if reset > 1:
        raise BadPayloadError(f"reset is {reset}, 0 or 1 is right")
    layout = _with_levels(bids + asks)
    time_at = layout.size + symbol_bytes
    numbers = layout.unpack_from(payload)[6:]
    _check(payload, time_at + time_bytes, *numbers)
    each = iter(numbers)
    levels = [_tuple(Level, pair) for pair in zip(each, each)]  # noqa: B905  zip's keyword costs half a microsecond
    symbol, time = payload[layout.size : time_at].decode(), payload[time_at:].decode()
    return Book(symbol, time, levels[:bids], levels[bids:], bool(reset))


def _decode_order(payload: bytes) -> Order:
    _, side, quantity, price, identifier_bytes, symbol_bytes, force_bytes = _ORDER.unpack_from(payload)
    symbol_at = _ORDER.size + identifier_bytes
    force_at = symbol_at + symbol_bytes
    _check(payload, force_at + force_bytes, quantity, price)
    identifier, symbol = payload[_ORDER.size : symbol_at].decode(), payload[symbol_at:force_at].decode()
    return Order(identifier, symbol, _SIDES[side], quantity, price, payload[force_at:].decode())


def _decode_ack(payload: bytes) -> Ack:
    _, status, filled, price, identifier_bytes, symbol_bytes, time_bytes = _ACK.unpack_from(payload)
    symbol_at = _ACK.size + identifier_bytes
    time_at = symbol_at + symbol_bytes
    _check(payload, time_at + time_bytes, filled, price)
    identifier, symbol = payload[_ACK.size : symbol_at].decode(), payload[symbol_at:time_at].decode()
    return Ack(identifier, symbol, _STATUSES[status], filled, price, payload[time_at:].decode())


def _check(payload: bytes, length: int, *numbers: float) -> None:
    """Raise BadPayloadError unless the payload has just this length and the numbers are finite."""
    if len(payload) != length:
        raise BadPayloadError(f"{len(payload)} bytes, the lengths in the head make {length}")
    if not isfinite(sum(numbers)) and not all(map(isfinite, numbers)):  # a sum of finite floats may overflow
        raise BadPayloadError("a float that is not finite")


_ENCODERS: Final[dict[int, Callable[[Any], bytes]]] = {
    TRADE: _encode_trade,
    QUOTE: _encode_quote,
    BOOK: _encode_book,
    ORDER: _encode_order,
    ACK: _encode_ack,
}
_DECODERS: Final[dict[int, Callable[[bytes], Message]]] = {
    TRADE: _decode_trade,
    QUOTE: _decode_quote,
    BOOK: _decode_book,
    ORDER: _decode_order,
    ACK: _decode_ack,
}
