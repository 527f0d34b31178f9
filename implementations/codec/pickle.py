"""The standard library's own serialisation, behind a checksum.

A pickle cannot be read unless it is known where it comes from: of foreign bytes the reader calls what they name and
reserves the memory they ask for (the index of a memo, 2**32 places). So a CRC-32 stands before it, whatever does not
have the right one is refused unread, and nothing is looked up by name. That keeps damage out, not an attacker.
Without `fast` a string that occurs twice is written twice or once, by whether it is the same object: equal messages
would have different bytes.
"""

from __future__ import annotations

import io
import pickle
import struct
from typing import TYPE_CHECKING, Final, NoReturn
from zlib import crc32

from implementations.codec._plain import message_of, plain
from implementations.codec.contract import BadPayloadError
from implementations.registry import implementation

if TYPE_CHECKING:
    from implementations.messages import Message

_CHECKSUM: Final = struct.Struct("<I")
_PROTOCOL: Final = 5


class _Reader(pickle.Unpickler):
    """Looks nothing up: numbers, strings and lists need no names."""

    def find_class(self, module_name: str, global_name: str, /) -> NoReturn:
        raise pickle.UnpicklingError(f"{module_name}.{global_name} is no part of a message")


@implementation(source="pickle, protocol 5, without its memo", fixes="B8")
class PickleCodec:
    """The kind and the fields as a list, pickled, behind their CRC-32."""

    def __init__(self) -> None:
        self._written = io.BytesIO()
        self._pickler = pickle.Pickler(self._written, _PROTOCOL)
        self._pickler.fast = True

    def encode(self, message: Message) -> bytes:
        """Return the payload of one message."""
        values = plain(message)
        written = self._written
        written.seek(0)
        written.truncate()
        self._pickler.dump(values)
        pickled = written.getvalue()
        return _CHECKSUM.pack(crc32(pickled)) + pickled

    def decode(self, payload: bytes) -> Message:
        """Return the message of one payload, or raise BadPayloadError."""
        pickled = payload[_CHECKSUM.size :]
        if len(payload) <= _CHECKSUM.size or _CHECKSUM.unpack_from(payload)[0] != crc32(pickled):
            raise BadPayloadError(f"{len(payload)} bytes whose checksum is not theirs")
        try:
            values = _Reader(io.BytesIO(pickled)).load()
        except (pickle.UnpicklingError, ValueError, LookupError, EOFError, TypeError, AttributeError) as error:
            raise BadPayloadError(f"no pickle of a message: {error}") from error
        return message_of(values)
