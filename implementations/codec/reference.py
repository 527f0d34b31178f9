"""The oracle: the plain value as JSON text, each float in its exact hexadecimal form."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from implementations.codec._plain import message_of, plain
from implementations.codec.contract import BadPayloadError
from implementations.registry import implementation

if TYPE_CHECKING:
    from implementations.messages import Message


@implementation(source="the contract, sentence by sentence")
class ReferenceCodec:
    """Refuses what it would not have written itself, by writing it again."""

    def encode(self, message: Message) -> bytes:
        """Return the payload of one message."""
        return json.dumps(_in_hexadecimal(plain(message))).encode()

    def decode(self, payload: bytes) -> Message:
        """Return the message of one payload, or raise BadPayloadError."""
        try:
            message = message_of(_from_hexadecimal(json.loads(payload.decode())))
        except (ValueError, RecursionError, OverflowError) as error:
            raise BadPayloadError(f"no payload of this codec: {error}") from error
        if self.encode(message) != payload:
            raise BadPayloadError("a payload that this codec would have written otherwise")
        return message


def _in_hexadecimal(value: object) -> object:
    if isinstance(value, float):
        return {"float": value.hex()}
    return [_in_hexadecimal(item) for item in value] if isinstance(value, list) else value


def _from_hexadecimal(value: object) -> object:
    if isinstance(value, dict):
        match value:
            case {"float": str(text)}:
                return float.fromhex(text)
        raise BadPayloadError("an object that is no float")
    return [_from_hexadecimal(item) for item in value] if isinstance(value, list) else value
