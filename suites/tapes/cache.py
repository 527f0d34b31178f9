"""Keeps finished tapes on disk, one file a tape, so that a worker process reads what it needs of one and no more.

Every block that is read is held to its digest, and a tape that is opened whole is read through once, a block at a time:
a file that was damaged, cut short or written by another schema is no tape, and is made again.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, TypeVar, overload

from suites.tapes.tape import BLOCK_FRAMES, DIGEST_BYTES, Tape, block_digest, digest_of_blocks, from_little_endian
from suites.tapes.writing import LENGTH_BYTES, SCHEMA, TapeWriter, index_digest
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Iterator

Item = TypeVar("Item", bytes, int)
_INTEGER_BYTES: Final = 8


class _DamagedError(Exception):
    """A file that is no tape, or no longer."""


def load(folder: Path, key: str, messages: int = 0) -> Tape | None:
    """Open the tape of a key, or its first `messages` frames; None where there is none that is whole."""
    path = _path(folder, key)
    try:
        stored = _Stored(path)
        if messages and messages < stored.frames:
            return stored.head(messages)
        stored.check()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(folder, error) from error
    except (_DamagedError, ValueError, KeyError, TypeError):
        return None
    return stored.tape()


def save(folder: Path, key: str, make: Callable[[TapeWriter], str]) -> Path:
    """Write a tape under its key: whole or not at all, also where several processes write it at once.

    `make` adds the frames to the writer and returns the tape's name.
    """
    path = _path(folder, key)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=folder, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                writer = TapeWriter(file)
                writer.end(make(writer))
            Path(draft).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(draft).unlink()
            raise
    except OSError as error:
        raise _unusable(folder, error) from error
    return path


def _path(folder: Path, key: str) -> Path:
    return folder / f"{key}.tape"


class _Stored:
    """A tape in a file: the index in memory, and the block that was read last."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            index = _index(file)
            self._file = os.dup(file.fileno())
        self._index = index["blocks"]
        self.frames: int = index["frames"]
        self._name, self._digest, self._notes = index["name"], index["digest"], tuple(index["notes"])
        counts = [block[1] for block in self._index]
        digests = [bytes.fromhex(block[3]) for block in self._index]
        full = all(count == BLOCK_FRAMES for count in counts[:-1])
        if not full or sum(counts) != self.frames or digest_of_blocks(self.frames, digests) != self._digest:
            raise _DamagedError
        self._number = -1
        self._times_ns: array[int]
        self._frames: list[bytes]

    def __del__(self) -> None:
        with suppress(AttributeError, OSError):
            os.close(self._file)

    def block(self, number: int) -> tuple[array[int], list[bytes]]:
        """Return times and frames of a block."""
        if number != self._number:
            columns, payload = self._checked(number)
            half = len(columns) // 2
            place, self._frames = 0, []
            for length in from_little_endian(columns[half:]):
                self._frames.append(bytes(payload[place : place + length]))
                place += length
            self._times_ns, self._number = from_little_endian(columns[:half]), number
        return self._times_ns, self._frames

    def _checked(self, number: int) -> tuple[memoryview, memoryview]:
        """Return columns and payload of a block that is what its digest says."""
        at, frames, payload_bytes, digest = self._index[number]
        size = 2 * frames * _INTEGER_BYTES
        raw = memoryview(os.pread(self._file, size + payload_bytes, at))
        columns, payload = raw[:size], raw[size:]
        if block_digest(columns, payload).hex() != digest:
            raise _DamagedError
        return columns, payload

    def check(self) -> None:
        """Hold every block to its digest once."""
        for number in range(len(self._index)):
            self._checked(number)

    def head(self, messages: int) -> Tape:
        """Return the first frames as a tape in memory; no block behind them is read."""
        writer = TapeWriter()
        for number in range(-(-messages // BLOCK_FRAMES)):
            for time_ns, frame in zip(*self.block(number), strict=True):
                if writer.frames == messages:
                    break
                writer.add(time_ns, frame)
        writer.notes = self._notes
        return writer.tape(self._name)

    def tape(self) -> Tape:
        """Return the whole as a tape that reads as it is asked."""
        frames: Sequence[bytes] = _Column(self, lambda block: block[1])
        times_ns: Sequence[int] = _Column(self, lambda block: block[0])
        return Tape(self._name, frames, times_ns, self._digest, self._notes)


class _Column(Sequence[Item]):
    """The frames or the times of a stored tape."""

    def __init__(self, stored: _Stored, pick: Callable[[tuple[array[int], list[bytes]]], Sequence[Item]]) -> None:
        self._stored = stored
        self._pick: Callable[[tuple[array[int], list[bytes]]], Sequence[Item]] = pick

    def __len__(self) -> int:
        return self._stored.frames

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | Sequence[Item]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(index)
        number, place = divmod(index, BLOCK_FRAMES)
        item: Item = self._pick(self._stored.block(number))[place]
        return item

    def __iter__(self) -> Iterator[Item]:
        for number in range(-(-len(self) // BLOCK_FRAMES)):
            yield from self._pick(self._stored.block(number))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # as of a list


def _index(file: IO[bytes]) -> dict[str, Any]:
    """Read the index at a file's end."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    tail = DIGEST_BYTES + LENGTH_BYTES
    if file.read(len(SCHEMA)) != SCHEMA or size < len(SCHEMA) + tail:
        raise _DamagedError
    file.seek(size - LENGTH_BYTES)
    length = int.from_bytes(file.read(LENGTH_BYTES), "little")
    if length > size - tail - len(SCHEMA):
        raise _DamagedError
    file.seek(size - tail - length)
    raw = file.read(length)
    if file.read(DIGEST_BYTES) != index_digest(raw):
        raise _DamagedError
    index: dict[str, Any] = json.loads(raw)
    return index


def _unusable(folder: Path, error: OSError) -> TailgateError:
    return TailgateError(
        f"the folder for tapes, {folder}, cannot be used: {error.strerror}",
        hint="give a folder that can be written, or remove what is in its place",
    )
