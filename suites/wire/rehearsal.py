"""Keeps the way of an order warm: it is walked again and again with orders that are never sent.

An order leaves every ten milliseconds or so, and in between the processor forgets the code and the data of its way:
each step then takes three to five times as long (docs/wire.md has the figures). So a second pipeline of the same
composition, with state of its own, is fed quotes that make it decide for an order each time, and the gateway does
everything but let it leave the process.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from implementations.pipeline.composed import Pipeline

_QUOTE: Final = (
    b'[{"_at":"0000000000000000000","T":"q","S":"REHEARSAL/USD","bp":%.2f,"bs":1,"ap":%.2f,"as":1,'
    b'"t":"2026-01-01T00:00:00.000000000Z"}]'
)
PAUSE_NS: Final = 300_000
"""Without a frame for so long it is quiet. Of the gaps of the generated tape that are as long, at 5,000 frames a
second, one in thirteen ends within the next 30 µs, which a walk takes."""
_ASK_AGAIN_S: Final = 0.001
_ASKED: Final = 5  # so often in vain, and there are no pauses: frames come evenly
_BEHIND_NS: Final = 20_000  # then the next frame is farthest away when one has just been handled
_MIDDLE: Final = 27_123.47  # prices of the usual length: round ones are written faster
_STEP: Final = 31.06
_STEPS: Final = (0, 1, 0, 1, 0, -1, 0, -1)
"""Buying and selling in turn but for two places: every fourth order is cancelled, and no position may grow."""
_FRAMES: Final = tuple(_QUOTE % (_MIDDLE + step * _STEP, _MIDDLE + step * _STEP + 1.58) for step in _STEPS)


class Rehearsal:
    """`again` walks the way of one order through a pipeline on the side and asks to be called once more.

    `idle_ns` gives the time since the last frame was handled. A frame that comes while the way is walked has to wait;
    frames come in bursts, so the way is walked in a pause, which is asked for every millisecond. Where frames come so
    evenly that there is none, it is walked right behind a frame, for which the loop is asked round by round.
    """

    def __init__(self, pipeline: Pipeline, every_s: float, idle_ns: Callable[[], int]) -> None:
        self.walks = 0
        self._pipeline = pipeline
        self._every_s = every_s
        self._idle_ns = idle_ns
        self._in_vain = 0
        self._next: asyncio.Handle | None = None

    def again(self) -> None:
        """Walk the way once, as soon as a frame is unlikely to come, and later again."""
        loop = asyncio.get_running_loop()
        idle_ns = self._idle_ns()
        if idle_ns < PAUSE_NS:
            if self._in_vain < _ASKED:
                self._in_vain += 1
                self._next = loop.call_later(_ASK_AGAIN_S, self.again)
                return
            if idle_ns > _BEHIND_NS:
                self._next = loop.call_soon(self.again)
                return
        self._in_vain = 0
        self._pipeline.on_frame(_FRAMES[self.walks % len(_FRAMES)])
        self.walks += 1
        self._next = loop.call_later(self._every_s, self.again)

    def cancel(self) -> None:
        """Take back what `again` asked for."""
        if self._next is not None:
            self._next.cancel()

    def stop(self) -> None:
        """Walk it no more."""
        self.cancel()
        self._pipeline.close()
