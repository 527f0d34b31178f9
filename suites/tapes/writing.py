"""Puts a tape together frame by frame: in memory, or in a file that never needs more than a block of it there.

A file is a line that names the format, then the blocks (times and lengths as little-endian 64-bit integers, then the
frames one behind the other), then an index in JSON with every block's place and digest, then the index's own digest and
its length.
"""

from __future__ import annotations

import json
from array import array
from typing import IO, TYPE_CHECKING, Any, Final

from suites.tapes.tape import BLOCK_FRAMES, Tape, block_digest, columns_of, digest_of_blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEMA: Final = b"tailgate tape 2\n"
LENGTH_BYTES: Final = 8


class TapeWriter:
    """A tape under way: `frames` counts what was added; `notes` are set before it ends."""

    def __init__(self, file: IO[bytes] | None = None) -> None:
        self._file = file
        self._times_ns = array("q")
        self._block: list[bytes] = []
        self._whole: list[bytes] = []
        self._whole_times_ns = array("q")
        self._index: list[list[Any]] = []
        self._digests: list[bytes] = []
        self._at = file.write(SCHEMA) if file else 0
        self.frames = 0
        self.notes: tuple[str, ...] = ()

    def add(self, time_ns: int, frame: bytes) -> None:
        """Add a frame; times never fall."""
        self._times_ns.append(time_ns)
        self._block.append(frame)
        self.frames += 1
        if len(self._block) == BLOCK_FRAMES:
            self._end_block()

    def extend(self, times_ns: Sequence[int], frames: Sequence[bytes]) -> None:
        """Add frames; times never fall."""
        at = 0
        while at < len(frames):
            end = at + BLOCK_FRAMES - len(self._block)
            self._times_ns.extend(times_ns[at:end])
            self._block += frames[at:end]
            if len(self._block) == BLOCK_FRAMES:
                self._end_block()
            at = end
        self.frames += len(frames)

    def _end_block(self) -> None:
        columns, payload = columns_of(self._times_ns, self._block), b"".join(self._block)
        digest = block_digest(columns, payload)
        self._digests.append(digest)
        if self._file is None:
            self._whole += self._block
            self._whole_times_ns += self._times_ns
        else:
            self._file.write(columns)
            self._file.write(payload)
            self._index.append([self._at, len(self._block), len(payload), digest.hex()])
            self._at += len(columns) + len(payload)
        self._times_ns, self._block = array("q"), []

    def tape(self, name: str) -> Tape:
        """End a tape in memory and return it."""
        if self._block:
            self._end_block()
        digest = digest_of_blocks(self.frames, self._digests)
        return Tape(name, self._whole, self._whole_times_ns, digest, self.notes)

    def end(self, name: str) -> None:
        """End a tape in a file."""
        if self._block:
            self._end_block()
        index = {
            "name": name,
            "digest": digest_of_blocks(self.frames, self._digests),
            "frames": self.frames,
            "notes": self.notes,
            "blocks": self._index,
        }
        raw = json.dumps(index).encode()
        if self._file is not None:
            self._file.write(raw)
            self._file.write(index_digest(raw))
            self._file.write(len(raw).to_bytes(LENGTH_BYTES, "little"))


def index_digest(raw: bytes) -> bytes:
    """Return the digest that stands behind an index."""
    return block_digest(raw, b"")
