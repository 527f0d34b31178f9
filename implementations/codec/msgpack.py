"""MessagePack by its own library: the same list as JSON, numbers in binary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgpack  # type: ignore[import-untyped]  # it ships neither annotations nor stubs

from implementations.codec._plain import message_of, plain
from implementations.codec.contract import BadPayloadError
from implementations.registry import implementation

if TYPE_CHECKING:
    from implementations.messages import Message


@implementation(source="MessagePack, the library msgpack", fixes="B8")
class MsgpackCodec:
    """A MessagePack array of the kind and the fields; floats as 64 bits."""

    def __init__(self) -> None:
        self._pack = msgpack.Packer().pack

    def encode(self, message: Message) -> bytes:
        """Return the payload of one message."""
        payload: bytes = self._pack(plain(message))
        return payload

    def decode(self, payload: bytes) -> Message:
        """Return the message of one payload, or raise BadPayloadError."""
        try:
            values = msgpack.unpackb(payload)
        except (ValueError, RecursionError, msgpack.UnpackException) as error:
            raise BadPayloadError(f"no MessagePack: {error or 'truncated'}") from error
        return message_of(values)
