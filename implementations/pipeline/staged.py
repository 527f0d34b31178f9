"""The pipeline with a clock around each stage: where the time of a frame goes.

The same pipeline, its stages wrapped; the plain one knows nothing of it and has no branch for it. Each wrapper reads
the clock twice, so a staged frame takes longer: the shares are to be trusted, not the sum.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from implementations.pipeline.composed import Pipeline, make_codec, make_stages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from implementations.book.contract import OrderBook
    from implementations.handoff.contract import Handoff
    from implementations.pipeline.composed import Strategy
    from implementations.pipeline.composition import Composition
    from implementations.risk.contract import RiskCheck

STAGES: Final = ("decode", "handoff", "book", "strategy", "risk", "limiter", "encode", "sink", "rest")
"""What a record holds, in this order; `rest` is the pipeline's own code between the stages, and the clock's."""

_DECODE, _HANDOFF, _BOOK, _STRATEGY, _RISK, _LIMITER, _ENCODE, _SINK, _REST = range(len(STAGES))


class StagedPipeline(Pipeline):
    """Calls `record` after each frame with the nanoseconds of each of STAGES.

    What a stage calls back does not count as its own: the hand-off's share is without the handler. `record` gets one
    list that is used again for the next frame: copy it to keep it. A frame that raises is not recorded.
    """

    __slots__ = ()


def build_staged(
    composition: Composition,
    sink: Callable[[bytes], object],
    *,
    clock: Callable[[], int],
    record: Callable[[Sequence[int]], object],
) -> StagedPipeline:
    """Build a pipeline in its fresh state that reads `clock` (nanoseconds) around each stage."""
    codec = make_codec(composition)
    loop = asyncio.new_event_loop()
    spent = [0] * len(STAGES)
    meter = _Meter(clock, spent)
    plain = make_stages(composition, codec, sink, loop)
    stages = replace(
        plain,
        decode=meter.around(_DECODE, plain.decode),
        new_handoff=lambda handler: _StagedHandoff(meter, plain.new_handoff, handler),
        new_book=lambda: _StagedBook(meter, plain.new_book()),
        new_strategy=lambda: _StagedStrategy(meter, plain.new_strategy()),
        risk=_StagedRisk(meter, plain.risk),
        try_acquire=meter.around(_LIMITER, plain.try_acquire),
        acquire=meter.around(_LIMITER, plain.acquire),
        encode=meter.around(_ENCODE, plain.encode),
        sink=meter.around(_SINK, plain.sink),
    )
    pipeline = StagedPipeline(composition, codec, stages, loop)
    whole = pipeline.on_frame

    def on_frame(frame: bytes) -> int:
        spent[:] = nothing
        start = clock()
        sent = whole(frame)
        spent[_REST] = clock() - start - sum(spent)
        record(spent)
        return sent

    nothing = [0] * len(STAGES)
    pipeline.on_frame = on_frame
    return pipeline


class _Meter:
    """Adds up what stages take, in `spent`."""

    __slots__ = ("_clock", "_spent")

    def __init__(self, clock: Callable[[], int], spent: list[int]) -> None:
        self._clock = clock
        self._spent = spent

    def around(self, stage: int, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a function so that its time is added to its stage."""
        clock, spent = self._clock, self._spent

        def timed(*arguments: Any) -> Any:
            start = clock()
            try:
                return function(*arguments)
            finally:
                spent[stage] += clock() - start

        return timed

    def within(self, stage: int, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap what a stage calls back, so that its time is taken off that stage."""
        clock, spent = self._clock, self._spent

        def timed(*arguments: Any) -> Any:
            start = clock()
            try:
                return function(*arguments)
            finally:
                spent[stage] -= clock() - start

        return timed


class _StagedHandoff:
    """A hand-off in a clock, its handler taken off."""

    def __init__(
        self,
        meter: _Meter,
        new_handoff: Callable[[Callable[[Any], None]], Handoff],
        handler: Callable[[Any], None],
    ) -> None:
        self._handoff = new_handoff(meter.within(_HANDOFF, handler))
        self.offer = meter.around(_HANDOFF, self._handoff.offer)
        self.drain = meter.around(_HANDOFF, self._handoff.drain)

    @property
    def refused(self) -> int:
        """Count the items that found no room."""
        return self._handoff.refused

    @refused.setter
    def refused(self, count: int) -> None:
        self._handoff.refused = count

    def __len__(self) -> int:
        return len(self._handoff)


class _StagedBook:
    """A book in a clock."""

    def __init__(self, meter: _Meter, book: OrderBook) -> None:
        self.apply = meter.around(_BOOK, book.apply)
        self.top = meter.around(_BOOK, book.top)
        self.depth = book.depth


class _StagedStrategy:
    """A strategy in a clock, which is asked about every top."""

    fall = rise = 0.0

    def __init__(self, meter: _Meter, strategy: Strategy) -> None:
        self.decide = meter.around(_STRATEGY, strategy.decide)


class _StagedRisk:
    """A risk check in a clock."""

    def __init__(self, meter: _Meter, risk: RiskCheck) -> None:
        self.admit = meter.around(_RISK, risk.admit)
        self.on_fill = meter.around(_RISK, risk.on_fill)
        self.on_cancel = meter.around(_RISK, risk.on_cancel)
        self.on_reject = meter.around(_RISK, risk.on_reject)
        self.exposure = risk.exposure
