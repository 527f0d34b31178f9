"""Decode: the bytes of a frame to domain messages; an operation is one frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from suites.paths.inputs import declare, frame_labels, make, plain, tape_of
from tailgate.benchmark import Workload

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from implementations.messages import MarketMessage
    from tailgate.benchmark import Benchmark


def benchmarks() -> list[Benchmark]:
    """Declare every decoder."""
    return declare("decode", prepare)


def prepare(name: str, settings: Mapping[str, Any]) -> Workload:
    """Return the frames of the tape to a decoder."""
    frames = tape_of(settings).frames
    return Workload(
        inputs=frames,
        start=lambda: make("decode", name).decode,
        answer=_answer,
        labels=frame_labels(frames, range(len(frames))),
    )


def _answer(messages: Sequence[MarketMessage]) -> bytes:
    return b"\n".join(map(plain, messages))
