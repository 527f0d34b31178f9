"""The same text as `json`, written and read by a faster library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from implementations.codec._plain import message_of, plain
from implementations.codec.contract import BadPayloadError
from implementations.registry import implementation

if TYPE_CHECKING:
    from implementations.messages import Message

_END: Final = ord("]")
_encode: Final = orjson.dumps
_parse: Final = orjson.loads


@implementation(source="orjson", fixes="B8")
class OrjsonCodec:
    """A JSON array of the kind and the fields; a float's text is the shortest that reads back to the same bits."""

    def encode(self, message: Message) -> bytes:
        """Return the payload of one message."""
        return _encode(plain(message))

    def decode(self, payload: bytes) -> Message:
        """Return the message of one payload, or raise BadPayloadError."""
        try:
            values = _parse(payload)
        except ValueError as error:
            raise BadPayloadError(f"no JSON: {error}") from error
        if payload[-1] != _END:
            raise BadPayloadError("something follows the array")
        return message_of(values)
