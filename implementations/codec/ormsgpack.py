"""MessagePack by a library in Rust: the same list as JSON, numbers in binary."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from implementations.codec._plain import message_of, plain
from implementations.codec.contract import BadPayloadError
from implementations.peers import peer
from implementations.registry import implementation

if TYPE_CHECKING:
    from implementations.messages import Message

_library = peer("ormsgpack", "ormsgpack")
_LENGTH: Final = struct.Struct("<I")
_pack, _unpack = _library.packb, _library.unpackb


@implementation(source="MessagePack, the library ormsgpack", fixes="B8")
class OrmsgpackCodec:
    """The length, then the bytes of `msgpack`: what follows a value is not looked at by this reader (1.13.1)."""

    def encode(self, message: Message) -> bytes:
        """Return the payload of one message."""
        values = plain(message)
        try:
            packed: bytes = _pack(values)
        except TypeError as error:  # half of a surrogate pair
            raise ValueError(f"a value that MessagePack does not carry: {error}") from error
        return _LENGTH.pack(len(packed)) + packed

    def decode(self, payload: bytes) -> Message:
        """Return the message of one payload, or raise BadPayloadError."""
        packed = payload[_LENGTH.size :]
        if len(payload) < _LENGTH.size or _LENGTH.unpack_from(payload)[0] != len(packed):
            raise BadPayloadError(f"{len(payload)} bytes, which is not what their head says")
        try:
            values = _unpack(packed)
        except ValueError as error:
            raise BadPayloadError(f"no MessagePack: {error}") from error
        return message_of(values)
