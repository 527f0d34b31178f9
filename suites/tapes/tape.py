"""A tape: a deterministic sequence of frames and the times at which they are meant to arrive."""

from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DIGEST_BYTES: Final = 16
BLOCK_FRAMES: Final = 4096
"""A tape is digested and stored in blocks of so many frames, so that neither needs all of it in memory."""


@dataclass(frozen=True, slots=True)
class Tape:
    """Frames of Alpaca's market data, each a JSON array, and when each is meant to arrive.

    `times_ns` counts from the start of the tape and never falls; it is as long as `frames`. `digest` is that of
    `digest_of(frames, times_ns)`: two tapes with one digest are one tape. `notes` say what of a capture is not in it.
    Frames and times are lists and arrays, or read from a file block by block: who indexes them in a hot loop copies
    them first.
    """

    name: str
    frames: Sequence[bytes]
    times_ns: Sequence[int]
    digest: str
    notes: tuple[str, ...] = ()

    def head(self, messages: int) -> Tape:
        """Return the tape's first `messages` frames as a tape of its own, or this one if it is not longer."""
        if messages >= len(self.frames):
            return self
        return make_tape(self.name, list(self.frames[:messages]), array("q", self.times_ns[:messages]), self.notes)

    def in_memory(self) -> Tape:
        """Return the same tape with its frames in a list and its times in an array."""
        return Tape(self.name, list(self.frames), array("q", self.times_ns), self.digest, self.notes)


def make_tape(name: str, frames: Sequence[bytes], times_ns: Sequence[int], notes: tuple[str, ...] = ()) -> Tape:
    """Put a tape together and compute its digest."""
    return Tape(name, frames, times_ns, digest_of(frames, times_ns), notes)


def digest_of(frames: Sequence[bytes], times_ns: Sequence[int]) -> str:
    """Return the digest of a tape: over its number of frames and its blocks' digests, the same on every machine."""
    left, times = iter(frames), iter(times_ns)
    blocks = []
    while block := list(islice(left, BLOCK_FRAMES)):
        blocks.append(block_digest(columns_of(array("q", islice(times, len(block))), block), b"".join(block)))
    return digest_of_blocks(len(frames), blocks)


def columns_of(times_ns: array[int], frames: Sequence[bytes]) -> bytes:
    """Return the times and lengths of a block's frames as little-endian 64-bit integers."""
    return little_endian(times_ns) + little_endian(array("q", map(len, frames)))


def block_digest(columns: bytes | memoryview, payload: bytes | memoryview) -> bytes:
    """Return BLAKE2b over a block's columns and its frames one behind the other."""
    digest = blake2b(columns, digest_size=DIGEST_BYTES)
    digest.update(payload)
    return digest.digest()


def digest_of_blocks(frames: int, blocks: Iterable[bytes]) -> str:
    """Return the digest of a tape from its blocks'."""
    digest = blake2b(frames.to_bytes(8, "little"), digest_size=DIGEST_BYTES)
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()


def little_endian(values: array[int]) -> bytes:
    """Return the bytes of an array in little-endian order."""
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
