"""A SIMD parser read out whole: dicts first, then the domain's messages.

Its lazy objects give the FIRST of two fields of one name and may not outlive the next parse, which a traceback makes
them do; read out whole they cost less than six lazy reads a message besides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import simdjson

from implementations.decode._documents import messages_of
from implementations.decode._guard import SHORT_BYTES, guard
from implementations.decode._thorough import decode_thoroughly
from implementations.registry import implementation

if TYPE_CHECKING:
    from implementations.messages import MarketMessage

_BYTE_ORDER_MARK = 0xEF  # its first byte; no JSON begins with it


@implementation(source="pysimdjson: simdjson's document object model")
class SimdjsonDecoder:
    """Takes a byte order mark, which the contract refuses, and refuses integers above 64 bits, which it takes."""

    def __init__(self) -> None:
        self._parse = simdjson.Parser().parse

    def decode(self, frame: bytes) -> list[MarketMessage]:
        """Return the messages of one frame, or raise BadFrameError."""
        if len(frame) > SHORT_BYTES:
            guard(frame)
        try:
            document = self._parse(frame, True)
        except (ValueError, RuntimeError):
            return decode_thoroughly(frame)
        if frame[0] == _BYTE_ORDER_MARK:
            return decode_thoroughly(frame)
        return messages_of(document)
