"""The intended time inside every frame: the first field of its first message, always as long, so its place is known."""

from __future__ import annotations

from typing import Final

from websockets.frames import Frame, Opcode

_FIELD: Final = b'"_at":"'
_DIGITS: Final = 19
_FROM: Final = len(b"[{") + len(_FIELD)
_TO: Final = _FROM + _DIGITS


def split(frame: bytes) -> tuple[bytes, bytes]:
    """Return what stands before and after the digits, the head of the WebSocket frame (text, unmasked) in front."""
    if frame[:2] != b"[{":
        raise ValueError(f"a frame of the tape must begin with an array of objects: {frame[:20]!r}")
    payload = b"[{" + _FIELD + b"0" * _DIGITS + b'",' + frame[2:]
    whole = Frame(Opcode.TEXT, payload).serialize(mask=False)
    begin = len(whole) - len(payload) + _FROM
    return whole[:begin], whole[begin + _DIGITS :]


def digits(intended_ns: int) -> bytes:
    """Write an intended time (perf_counter_ns, the same clock in every process of the machine)."""
    return b"%019d" % intended_ns


def intended(payload: bytes) -> int:
    """Read the intended time of a frame's payload."""
    return int(payload[_FROM:_TO])
