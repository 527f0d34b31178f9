"""Writes lines into zstd frames that each stand alone, on a thread of its own, into one file or into parts."""

from __future__ import annotations

import os
import queue
import threading
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Final

from suites.tapes.recording import SUFFIX, event_line, pack
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_MOST_WAITING: Final = 64  # handfuls of lines: half a minute of a disk that stands still


class RecordError(TailgateError):
    """A recording cannot be begun, or cannot go on."""


class Writer:
    """Lines in, packed parts on disk. Every `put` becomes one zstd frame: what a file holds is whole up to there.

    `begin(part)` returns the first line of a part. A part ends when it has `rotate_bytes` or is `rotate_ns` old, 0:
    never; then the parts are numbered in their names. A file that is there already is never written to. Threading: one
    thread calls; packing and writing happen on another, outside the interpreter's lock.
    """

    def __init__(
        self,
        target: Path,
        begin: Callable[[int], bytes],
        clock_ns: Callable[[], int],
        *,
        rotate_bytes: int = 0,
        rotate_ns: int = 0,
    ) -> None:
        self.paths: list[Path] = []
        self.packed_bytes = self._part_bytes = 0
        self._target = target
        self._begin = begin
        self._clock_ns = clock_ns
        self._rotate_bytes = rotate_bytes
        self._rotate_ns = rotate_ns
        self._fault: Exception | None = None
        self._waiting: queue.Queue[list[bytes] | None] = queue.Queue(_MOST_WAITING)
        self._check_free()
        self._open()
        self._thread = threading.Thread(target=self._work, name="recording", daemon=True)
        self._thread.start()

    def put(self, lines: list[bytes]) -> None:
        """Hand over lines, to be on their way to the disk at once; RecordError where that has failed before."""
        self._check()
        try:
            self._waiting.put_nowait(lines)
        except queue.Full:
            raise RecordError(
                f"the disk under {self._target} does not keep up: {_MOST_WAITING} handfuls of lines wait for it",
                hint="record to another disk, or fewer symbols",
            ) from None

    def close(self) -> None:
        """Write what was handed over, and end the file; RecordError where something could not be written."""
        self._waiting.put(None)
        self._thread.join()
        self._check()

    def _check(self) -> None:
        if self._fault is not None:
            why = getattr(self._fault, "strerror", None) or self._fault
            raise RecordError(
                f"the recording cannot go on in {self.paths[-1]}: {why}; what was written before is whole",
                hint="free some room, or name another file with --to",
            ) from self._fault

    def _path(self, part: int) -> Path:
        if not (self._rotate_bytes or self._rotate_ns):
            return self._target
        name = self._target.name
        stem = name.removesuffix(SUFFIX) if name.endswith(SUFFIX) else self._target.stem
        return self._target.with_name(f"{stem}.{part:04d}{name[len(stem) :]}")

    def _check_free(self) -> None:
        first = self._path(1)
        pattern = first.name.replace("0001", "[0-9][0-9][0-9][0-9]") if first != self._target else first.name
        try:
            first.parent.mkdir(parents=True, exist_ok=True)
            there = sorted(first.parent.glob(pattern))
        except OSError as error:
            raise RecordError(f"cannot write to {first.parent}: {error.strerror or error}") from error
        if there:
            raise RecordError(
                f"{there[0]} is there already, and nothing is recorded over it",
                hint="name another file with --to, or move that one away",
            )

    def _open(self) -> None:
        path = self._path(len(self.paths) + 1)
        try:
            self._file: IO[bytes] = path.open("xb")
        except OSError as error:
            raise RecordError(
                f"cannot write {path}: {error.strerror or error}", hint="name another file with --to"
            ) from error
        self.paths.append(path)
        self._opened_ns = self._clock_ns()
        self._write(self._begin(len(self.paths)))
        self._part_bytes = 0  # of what was recorded

    def _work(self) -> None:
        try:
            while (lines := self._waiting.get()) is not None:
                self._take(lines)
                self._waiting.task_done()
            self._end()
        except Exception as fault:  # noqa: BLE001  the caller's next `put`, or `close`, raises it
            self._fault = fault
            with suppress(OSError):
                self._file.close()
            while self._waiting.get() is not None:
                pass

    def _take(self, lines: list[bytes]) -> None:
        age_ns = self._clock_ns() - self._opened_ns
        if (self._rotate_bytes and self._part_bytes >= self._rotate_bytes) or 0 < self._rotate_ns <= age_ns:
            self._write(event_line(self._clock_ns(), "part", next=len(self.paths) + 1))
            self._end()
            self._open()
        self._write(b"".join(lines))

    def _write(self, text: bytes) -> None:
        packed = pack(text)
        self._file.write(packed)
        self._file.flush()  # to the system: what it has, the end of this process does not take
        self._part_bytes += len(packed)
        self.packed_bytes += len(packed)

    def _end(self) -> None:
        os.fsync(self._file.fileno())
        self._file.close()
