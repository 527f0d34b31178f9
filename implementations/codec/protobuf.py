"""Protocol Buffers by Google's own library (upb, in C); the schema is made here, without its compiler.

Every field is required, so that a zero is written like any other number. A payload may be cut at the end of a field and
still be one, and what follows it is merged into it: so the kind and the length stand before it.

    message Trade { required string symbol = 1; required double price = 2; ... }   the fields of `astuple`, in its order
    message Book  { ... repeated double bid_prices = 3 [packed]; bid_sizes = 4; ask_prices = 5; ask_sizes = 6; ... }
"""

from __future__ import annotations

import struct
from itertools import chain
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, get_args

from implementations.codec._plain import check_text
from implementations.codec.contract import MAX_LEVELS, BadPayloadError
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
from implementations.peers import peer
from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable

_HEAD: Final = struct.Struct("<BI")
_SIDES: Final = frozenset(get_args(Side))
_STATUSES: Final = frozenset(get_args(AckStatus))
_DecodeError = peer("google.protobuf.message", "protobuf").DecodeError


def _classes() -> dict[int, Any]:
    """Make a class of each kind from its schema."""
    descriptors = peer("google.protobuf.descriptor_pb2", "protobuf")
    pools = peer("google.protobuf.descriptor_pool", "protobuf")
    factory = peer("google.protobuf.message_factory", "protobuf")
    field = descriptors.FieldDescriptorProto
    types = {"text": field.TYPE_STRING, "number": field.TYPE_DOUBLE, "count": field.TYPE_INT64, "flag": field.TYPE_BOOL}
    prices = {"bid_prices": "numbers", "bid_sizes": "numbers", "ask_prices": "numbers", "ask_sizes": "numbers"}
    schema = {
        TRADE: {"symbol": "text", "price": "number", "size": "number", "time": "text", "identifier": "count"},
        QUOTE: {
            "symbol": "text",
            **dict.fromkeys(("bid_price", "bid_size", "ask_price", "ask_size"), "number"),
            "time": "text",
        },
        BOOK: {"symbol": "text", "time": "text", **prices, "reset": "flag"},
        ORDER: {
            **dict.fromkeys(("client_order_id", "symbol", "side"), "text"),
            **dict.fromkeys(("quantity", "price"), "number"),
            "time_in_force": "text",
        },
        ACK: {
            **dict.fromkeys(("client_order_id", "symbol", "status"), "text"),
            **dict.fromkeys(("filled", "price"), "number"),
            "time": "text",
        },
    }
    file = descriptors.FileDescriptorProto(name="bus.proto", package="bus", syntax="proto2")
    for kind, fields in schema.items():
        message = file.message_type.add(name=f"Kind{kind}")
        for number, (name, form) in enumerate(fields.items(), 1):
            many = form == "numbers"
            made = message.field.add(
                name=name,
                number=number,
                type=types["number" if many else form],
                label=field.LABEL_REPEATED if many else field.LABEL_REQUIRED,
            )
            made.options.packed = many
    pool = pools.DescriptorPool()
    pool.Add(file)
    return {kind: factory.GetMessageClass(pool.FindMessageTypeByName(f"bus.Kind{kind}")) for kind in schema}


_CLASSES: Final = _classes()


@implementation(source="protobuf (upb), a field for each of the domain's", fixes="B8")
class ProtobufCodec:
    """Of the two formats with a schema the stronger in Python: FlatBuffers' builder is Python code, this one C."""

    def encode(self, message: Message) -> bytes:
        """Return the payload of one message."""
        kind = message.kind
        try:
            fill = _FILL[kind]
        except KeyError as error:
            raise TypeError(f"the bus does not carry {type(message).__name__}") from error
        written = fill(message)
        body: bytes = written.SerializeToString()
        return _HEAD.pack(kind, len(body)) + body

    def decode(self, payload: bytes) -> Message:
        """Return the message of one payload, or raise BadPayloadError."""
        try:
            kind, length = _HEAD.unpack_from(payload)
            if length != len(payload) - _HEAD.size:
                raise BadPayloadError(f"{len(payload)} bytes, the head says {length + _HEAD.size}")
            read = _CLASSES[kind].FromString(payload[_HEAD.size :])
            read.DiscardUnknownFields()
            if not read.IsInitialized() or read.ByteSize() != length:
                raise BadPayloadError("a field is missing, unknown or there twice")
            return _READ[kind](read)
        except (struct.error, LookupError, UnicodeDecodeError, _DecodeError) as error:
            raise BadPayloadError(f"{len(payload)} bytes that are no payload of this schema: {error}") from error


def _fill_trade(message: Trade) -> Any:
    check_text(message.symbol, message.time)
    return _CLASSES[TRADE](
        symbol=message.symbol,
        price=message.price,
        size=message.size,
        time=message.time,
        identifier=message.identifier,
    )


def _fill_quote(message: Quote) -> Any:
    check_text(message.symbol, message.time)
    return _CLASSES[QUOTE](
        symbol=message.symbol,
        bid_price=message.bid_price,
        bid_size=message.bid_size,
        ask_price=message.ask_price,
        ask_size=message.ask_size,
        time=message.time,
    )


def _fill_book(message: Book) -> Any:
    check_text(message.symbol, message.time)
    bids, asks = message.bids, message.asks
    if len(bids) > MAX_LEVELS or len(asks) > MAX_LEVELS:
        raise ValueError(f"a side of more than {MAX_LEVELS} levels is not carried")
    return _CLASSES[BOOK](
        symbol=message.symbol,
        time=message.time,
        bid_prices=[level.price for level in bids],
        bid_sizes=[level.size for level in bids],
        ask_prices=[level.price for level in asks],
        ask_sizes=[level.size for level in asks],
        reset=message.reset,
    )


def _fill_order(message: Order) -> Any:
    check_text(message.client_order_id, message.symbol, message.time_in_force)
    return _CLASSES[ORDER](
        client_order_id=message.client_order_id,
        symbol=message.symbol,
        side=message.side,
        quantity=message.quantity,
        price=message.price,
        time_in_force=message.time_in_force,
    )


def _fill_ack(message: Ack) -> Any:
    check_text(message.client_order_id, message.symbol, message.time)
    return _CLASSES[ACK](
        client_order_id=message.client_order_id,
        symbol=message.symbol,
        status=message.status,
        filled=message.filled,
        price=message.price,
        time=message.time,
    )


def _read_trade(read: Any) -> Trade:
    _check((read.price, read.size), read.symbol, read.time)
    if read.identifier < 0:
        raise BadPayloadError("a negative identifier")
    return Trade(read.symbol, read.price, read.size, read.time, read.identifier)


def _read_quote(read: Any) -> Quote:
    numbers = read.bid_price, read.bid_size, read.ask_price, read.ask_size
    _check(numbers, read.symbol, read.time)
    return Quote(read.symbol, *numbers, read.time)


def _read_book(read: Any) -> Book:
    columns = [list(each) for each in (read.bid_prices, read.bid_sizes, read.ask_prices, read.ask_sizes)]
    if len(columns[0]) != len(columns[1]) or len(columns[2]) != len(columns[3]):
        raise BadPayloadError("a side of the book has prices without sizes, or sizes without prices")
    if max(map(len, columns)) > MAX_LEVELS:
        raise BadPayloadError(f"a side of the book has more than {MAX_LEVELS} levels")
    _check(chain.from_iterable(columns), read.symbol, read.time)
    bids, asks = (list(map(Level, *columns[at : at + 2])) for at in (0, 2))
    return Book(read.symbol, read.time, bids, asks, read.reset)


def _read_order(read: Any) -> Order:
    _check((read.quantity, read.price), read.client_order_id, read.symbol, read.time_in_force)
    if read.side not in _SIDES:
        raise BadPayloadError(f"unknown side {read.side!r:.40}")
    return Order(read.client_order_id, read.symbol, read.side, read.quantity, read.price, read.time_in_force)


def _read_ack(read: Any) -> Ack:
    _check((read.filled, read.price), read.client_order_id, read.symbol, read.time)
    if read.status not in _STATUSES:
        raise BadPayloadError(f"unknown status {read.status!r:.40}")
    return Ack(read.client_order_id, read.symbol, read.status, read.filled, read.price, read.time)


def _check(numbers: Any, *texts: str) -> None:
    """Raise BadPayloadError unless the numbers are finite and the texts are texts, and short enough."""
    if not all(type(text) is str for text in texts):  # what is not UTF-8 comes as bytes
        raise BadPayloadError("a string that is not UTF-8")
    if not all(map(isfinite, numbers)):
        raise BadPayloadError("a float that is not finite")
    try:
        check_text(*texts)
    except ValueError as error:
        raise BadPayloadError(str(error)) from error


_FILL: Final[dict[int, Callable[[Any], Any]]] = {
    TRADE: _fill_trade,
    QUOTE: _fill_quote,
    BOOK: _fill_book,
    ORDER: _fill_order,
    ACK: _fill_ack,
}
_READ: Final[dict[int, Callable[[Any], Message]]] = {
    TRADE: _read_trade,
    QUOTE: _read_quote,
    BOOK: _read_book,
    ORDER: _read_order,
    ACK: _read_ack,
}
