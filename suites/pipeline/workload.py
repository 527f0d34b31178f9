"""What a pipeline's benchmark replays: the frames of a tape, their orders read back as plain values."""

from __future__ import annotations

import time
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from implementations.pipeline.staged import STAGES, build_staged
from suites.settings import tape_of
from suites.tapes.anatomy import dissect
from tailgate import Workload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from implementations.pipeline.composition import Composition
    from implementations.pipeline.contract import TradingPipeline
    from suites.tapes import Tape


class _Sink:
    """The orders of the pass under way, and how to read the last ones back."""

    def __init__(self, make: Callable[[Callable[[bytes], object]], TradingPipeline]) -> None:
        self._make = make
        self.payloads: list[bytes] = []
        self.pipeline: TradingPipeline | None = None

    def start(self) -> Callable[[bytes], object]:
        """Begin a pass with a fresh pipeline."""
        self.payloads = []
        self.pipeline = self._make(self.payloads.append)
        return self.pipeline.on_frame

    def last(self, count: int) -> bytes:
        """Return the orders of the last frame as plain values, whatever codec wrote them."""
        assert self.pipeline is not None  # noqa: S101  an operation of it has answered
        return repr(self.pipeline.orders(self.payloads[len(self.payloads) - count :] if count else [])).encode()

    def finish(self, _operation: object) -> None:
        """Close the pipeline of the pass."""
        if self.pipeline is not None:
            self.pipeline.close()


def whole(make: Callable[[Callable[[bytes], object]], TradingPipeline], settings: Mapping[str, Any]) -> Workload:
    """Replay the tape's frames; an operation is one frame, its answer the orders that it sent."""
    tape = tape_of(settings)
    sink = _Sink(make)
    return Workload(
        inputs=tape.frames,
        start=sink.start,
        answer=sink.last,
        labels=_labels(tape),
        finish=sink.finish,
    )


def _labels(tape: Tape) -> Callable[[int], Mapping[str, str | int]]:
    """Say what each frame is; the tape is read through once, when the first label is asked for."""

    @cache
    def all_labels() -> list[dict[str, str | int]]:
        return [anatomy.label() for anatomy in dissect(tape.frames)]

    return lambda index: all_labels()[index]


def staged(composition: Composition, settings: Mapping[str, Any]) -> Workload:
    """Replay the tape's frames with a clock around each stage; an operation answers with the stages' nanoseconds."""
    tape = tape_of(settings)
    latest: list[tuple[int, ...]] = [()]

    def record(spent: Any) -> None:
        latest[0] = tuple(spent)

    sink = _Sink(partial(build_staged, composition, clock=time.perf_counter_ns, record=record))

    def start() -> Callable[[bytes], object]:
        on_frame = sink.start()

        def operation(frame: bytes) -> object:
            on_frame(frame)
            return latest[0]

        return operation

    return Workload(inputs=tape.frames, start=start, stages=STAGES, finish=sink.finish)
