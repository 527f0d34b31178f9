"""The bottleneck as it was: the standard library's parser, a dict a message, then the domain's message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from implementations.decode._guard import SHORT_BYTES, guard
from implementations.decode._thorough import decode_thoroughly
from implementations.registry import implementation

if TYPE_CHECKING:
    from implementations.messages import MarketMessage


@implementation(source="the standard library's json", bottleneck="B1")
class JsonDecoder:
    """Allocates a dict, its strings and its numbers for each message before the message itself."""

    def decode(self, frame: bytes) -> list[MarketMessage]:
        """Return the messages of one frame, or raise BadFrameError."""
        if len(frame) > SHORT_BYTES:
            guard(frame)
        return decode_thoroughly(frame)
