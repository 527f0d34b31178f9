"""A parser with SIMD for every width of a character: dicts first, then the domain's messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from implementations.decode._documents import messages_of
from implementations.decode._guard import SHORT_BYTES, guard
from implementations.decode._thorough import decode_thoroughly
from implementations.peers import peer
from implementations.registry import implementation

if TYPE_CHECKING:
    from implementations.messages import MarketMessage

_parse = peer("ssrjson", "ssrjson").loads


@implementation(source="ssrjson")
class SsrjsonDecoder:
    """Takes NaN and Infinity in any case (0.0.24), which are no JSON: a frame that may hold one is read thoroughly."""

    def decode(self, frame: bytes) -> list[MarketMessage]:
        """Return the messages of one frame, or raise BadFrameError."""
        if len(frame) > SHORT_BYTES:
            guard(frame)
        small = frame.lower()
        if b"nan" in small or b"inf" in small:
            return decode_thoroughly(frame)
        try:
            document = _parse(frame)
        except ValueError:
            return decode_thoroughly(frame)
        return messages_of(document)
