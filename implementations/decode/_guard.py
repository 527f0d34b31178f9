"""Refuses frames that are too long or too deep before a parser sees them, at the speed of bytes.count.

The parsers stop at depths of their own (1,024 in orjson and simdjson, what is left of the stack in json and msgspec),
or skip an ignored field without counting. The contract's MAX_DEPTH is below all of them, and is checked here.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Final

from implementations.decode.contract import MAX_DEPTH, MAX_FRAME_BYTES, BadFrameError

SHORT_BYTES: Final = 2 * MAX_DEPTH
"""A balanced frame of at most this length cannot be too deep; an unbalanced one is no JSON."""

_NOT_STRUCTURE: Final = bytes(set(range(256)) - set(b'"[]{}'))
_STEP: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def guard(frame: bytes) -> None:
    """Raise BadFrameError for a frame that is too long, or nested too deep; call it above SHORT_BYTES."""
    if len(frame) > MAX_FRAME_BYTES:
        raise BadFrameError(f"{len(frame)} bytes, at most {MAX_FRAME_BYTES} are read")
    # No frame is deeper than its opening brackets are many, less one for each `},{`. In the structure its first bracket
    # closes one that is not open at any point after, and its second was not open at any point before: one of the two
    # does not count for the deepest point. In a string its own opening bracket was counted and is no structure.
    # Counted in what is left without all other bytes: one pass over the frame instead of three.
    marks = frame.translate(None, _NOT_STRUCTURE)
    openings = marks.count(b"[") + marks.count(b"{")
    if openings <= MAX_DEPTH or openings - marks.count(b"}{") <= MAX_DEPTH:
        return
    if (deepest := _deepest(frame)) > MAX_DEPTH:
        raise BadFrameError(f"nested {deepest} deep, at most {MAX_DEPTH} are read")


def _deepest(frame: bytes) -> int:
    if b"\\" in frame:
        frame = frame.replace(b"\\\\", b"").replace(b'\\"', b"")
    outside_strings = b"".join(frame.translate(None, _NOT_STRUCTURE).split(b'"')[::2])
    return max(accumulate(map(_STEP.__getitem__, outside_strings)), default=0)
