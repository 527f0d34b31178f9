"""RapidJSON's parser: dicts first, then the domain's messages."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from implementations.decode._documents import messages_of
from implementations.decode._guard import SHORT_BYTES, guard
from implementations.decode._thorough import decode_thoroughly
from implementations.peers import peer
from implementations.registry import implementation

if TYPE_CHECKING:
    from implementations.messages import MarketMessage

_library = peer("rapidjson", "python-rapidjson")
# No NaN, which it takes unless told; and not its native numbers, which round 2.2250738585072011e-308 wrongly (1.25).
_parse = partial(_library.loads, number_mode=_library.NM_NONE)


@implementation(source="python-rapidjson, numbers read by CPython")
class RapidjsonDecoder:
    """Takes a NUL for the end of the text (1.25): a frame that holds one, like any it refuses, is read thoroughly."""

    def decode(self, frame: bytes) -> list[MarketMessage]:
        """Return the messages of one frame, or raise BadFrameError."""
        if len(frame) > SHORT_BYTES:
            guard(frame)
        if b"\0" in frame:
            return decode_thoroughly(frame)
        try:
            document = _parse(frame)
        except ValueError:
            return decode_thoroughly(frame)
        return messages_of(document)
