"""MessagePack by msgspec: read straight into typed structures, written from tuples."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

import msgspec
from msgspec import Meta, Struct

from implementations.codec._plain import check_text, plain
from implementations.codec.contract import MAX_LEVELS, MAX_TEXT_BYTES, BadPayloadError
from implementations.messages import ACK, BOOK, ORDER, QUOTE, TRADE, AckStatus, Side
from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable

    from implementations.messages import Message

_GREATEST: Final = sys.float_info.max

Text = Annotated[str, Meta(max_length=255)]  # in characters; bytes are counted where the payload is long enough for it
Finite = Annotated[float, Meta(ge=-_GREATEST, le=_GREATEST)]
Identifier = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Level(Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    """One price level of a book message."""

    price: Finite
    size: Finite


Levels = Annotated[list[Level], Meta(max_length=MAX_LEVELS)]


class Trade(Struct, array_like=True, forbid_unknown_fields=True, gc=False, tag=TRADE):
    """One print of a trade."""

    kind: ClassVar[int] = TRADE
    symbol: Text
    price: Finite
    size: Finite
    time: Text
    identifier: Identifier


class Quote(Struct, array_like=True, forbid_unknown_fields=True, gc=False, tag=QUOTE):
    """The best bid and ask of one symbol."""

    kind: ClassVar[int] = QUOTE
    symbol: Text
    bid_price: Finite
    bid_size: Finite
    ask_price: Finite
    ask_size: Finite
    time: Text


class Book(Struct, array_like=True, forbid_unknown_fields=True, gc=False, tag=BOOK):
    """A change of one symbol's book."""

    kind: ClassVar[int] = BOOK
    symbol: Text
    time: Text
    bids: Levels
    asks: Levels
    reset: bool


class Order(Struct, array_like=True, forbid_unknown_fields=True, gc=False, tag=ORDER):
    """A limit order."""

    kind: ClassVar[int] = ORDER
    client_order_id: Text
    symbol: Text
    side: Side
    quantity: Finite
    price: Finite
    time_in_force: Text


class Ack(Struct, array_like=True, forbid_unknown_fields=True, gc=False, tag=ACK):
    """What became of an order."""

    kind: ClassVar[int] = ACK
    client_order_id: Text
    symbol: Text
    status: AckStatus
    filled: Finite
    price: Finite
    time: Text


@implementation(source="msgspec: MessagePack, decoded by type", fixes="B8")
class MsgspecMsgpackCodec:
    """The same bytes as `msgpack`; the fields have no names on the wire, the structures give them back."""

    def __init__(self) -> None:
        self._encode = msgspec.msgpack.Encoder().encode
        union: Any = Trade | Quote | Book | Order | Ack
        self._decode: Callable[[bytes], Message] = msgspec.msgpack.Decoder(union).decode

    def encode(self, message: Message) -> bytes:
        """Return the payload of one message."""
        return self._encode(plain(message))

    def decode(self, payload: bytes) -> Message:
        """Return the message of one payload, or raise BadPayloadError."""
        try:
            message = self._decode(payload)
            if len(payload) > MAX_TEXT_BYTES:
                _check_bytes(message)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise BadPayloadError(f"no payload of this codec: {error}") from error
        return message


def _check_bytes(message: Any) -> None:
    check_text(*(value for name in message.__struct_fields__ if isinstance(value := getattr(message, name), str)))
