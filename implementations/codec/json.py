"""The bottleneck as it was: text between processes, by the standard library."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NoReturn

from implementations.codec._plain import message_of, plain
from implementations.codec.contract import BadPayloadError
from implementations.registry import implementation

if TYPE_CHECKING:
    from implementations.messages import Message

_END: Final = ord("]")


def _refuse_constant(name: str) -> NoReturn:
    raise BadPayloadError(f"{name} is no JSON")


_encode: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_parse: Final = json.JSONDecoder(parse_constant=_refuse_constant).decode


@implementation(source="the standard library's json", bottleneck="B8")
class JsonCodec:
    """A JSON array of the kind and the fields; a float's text is the shortest that reads back to the same bits."""

    def encode(self, message: Message) -> bytes:
        """Return the payload of one message."""
        return _encode(plain(message)).encode()

    def decode(self, payload: bytes) -> Message:
        """Return the message of one payload, or raise BadPayloadError."""
        try:
            values = _parse(payload.decode())
        except (ValueError, RecursionError) as error:
            raise BadPayloadError(f"no JSON: {error}") from error
        if payload[-1] != _END:
            raise BadPayloadError("something follows the array")
        return message_of(values)
