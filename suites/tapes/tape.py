"""A tape: a deterministic sequence of frames and the times at which they are meant to arrive."""

from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

DIGEST_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Tape:
    """Frames of Alpaca's market data, each a JSON array, and when each is meant to arrive.

    `times_ns` counts from the start of the tape and never falls; it is as long as `frames`. `digest` is that of
    `digest_of(frames, times_ns)`: two tapes with one digest are one tape.
    """

    name: str
    frames: list[bytes]
    times_ns: array[int]
    digest: str

    def head(self, messages: int) -> Tape:
        """Give the tape's first `messages` frames as a tape of its own, or this one if it is not longer."""
        if messages >= len(self.frames):
            return self
        return make_tape(self.name, self.frames[:messages], self.times_ns[:messages])


def make_tape(name: str, frames: list[bytes], times_ns: array[int]) -> Tape:
    """Put a tape together and compute its digest."""
    return Tape(name, frames, times_ns, digest_of(frames, times_ns))


def digest_of(frames: list[bytes], times_ns: array[int]) -> str:
    """Give BLAKE2b over the number of frames, the times, the lengths and the frames, the same on every machine."""
    digest = _start_digest(len(frames))
    digest.update(little_endian(times_ns))
    digest.update(little_endian(array("q", map(len, frames))))
    for frame in frames:
        digest.update(frame)
    return digest.hexdigest()


def digest_of_bytes(frames: int, columns: memoryview) -> str:
    """Give the same digest from the times, the lengths and the frames as they lie behind one another in a file."""
    digest = _start_digest(frames)
    digest.update(columns)
    return digest.hexdigest()


def _start_digest(frames: int) -> blake2b:
    return blake2b(frames.to_bytes(8, "little"), digest_size=DIGEST_BYTES)


def little_endian(values: array[int]) -> bytes:
    """Give the bytes of an array in little-endian order."""
    if sys.byteorder == "little":
        return values.tobytes()
    swapped = array(values.typecode, values)
    swapped.byteswap()
    return swapped.tobytes()


def from_little_endian(raw: bytes | memoryview) -> array[int]:
    """Read an array of 64-bit integers that `little_endian` wrote."""
    values = array("q")
    values.frombytes(raw)
    if sys.byteorder != "little":
        values.byteswap()
    return values
