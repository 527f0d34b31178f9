"""MessagePack by msgspec, written into a buffer that is kept; read as `msgspec-msgpack` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from implementations.codec._plain import plain
from implementations.codec.msgspec_msgpack import MsgspecMsgpackCodec
from implementations.registry import implementation

if TYPE_CHECKING:
    from implementations.messages import Message


@implementation(source="msgspec's encode_into: one buffer for all messages", fixes="B8")
class MsgspecBufferCodec:
    """A payload is bytes of its own, so what the buffer saves in growth it pays as a copy."""

    def __init__(self) -> None:
        self._into = msgspec.msgpack.Encoder().encode_into
        self._buffer = bytearray(1024)
        self._decode = MsgspecMsgpackCodec().decode

    def encode(self, message: Message) -> bytes:
        """Return the payload of one message."""
        buffer = self._buffer
        self._into(plain(message), buffer)
        return bytes(buffer)

    def decode(self, payload: bytes) -> Message:
        """Return the message of one payload, or raise BadPayloadError."""
        return self._decode(payload)
