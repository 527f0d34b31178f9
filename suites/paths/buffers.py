"""Buffers: the bytes of one message put into a buffer that is acquired for it and released after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from suites.paths.inputs import declare, frame_labels, make, tape_of
from tailgate.benchmark import Workload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tailgate.benchmark import Benchmark, Operation

SIZE_BYTES: Final = 4096
COUNT: Final = 16


def benchmarks() -> list[Benchmark]:
    """Declare every source of buffers."""
    return declare("buffers", prepare)


def prepare(name: str, settings: Mapping[str, Any]) -> Workload:
    """Copy the frames of the tape, as far as a buffer holds them; an operation answers with the last byte it wrote."""
    frames = tape_of(settings).frames

    def start() -> Operation:
        buffers = make("buffers", name, SIZE_BYTES, COUNT)
        acquire, release = buffers.acquire, buffers.release

        def write(payload: bytes) -> object:
            buffer = acquire()
            end = len(payload)
            buffer[:end] = payload
            last = buffer[end - 1]
            release(buffer)
            return last

        return write

    return Workload([frame[:SIZE_BYTES] for frame in frames], start, labels=frame_labels(frames, range(len(frames))))
