"""Keeps the way of an order warm: it is walked again and again with orders that are never sent.

An order leaves every ten milliseconds or so, and in between the processor forgets the code and the data of its way:
each step then takes three to five times as long (docs/wire.md has the figures). So a second pipeline of the same
composition, with state of its own, is fed two quotes in turn that make it decide for an order each time, and the
gateway does everything but the sending.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from implementations.pipeline import Pipeline, make_codec, make_stages

if TYPE_CHECKING:
    from collections.abc import Callable

    from implementations.composition import Composition
    from implementations.messages import Message

_QUOTE: Final = (
    b'[{"_at":"0000000000000000000","T":"q","S":"REHEARSAL/USD","bp":%d,"bs":1,"ap":%d,"as":1,'
    b'"t":"2026-01-01T00:00:00.000000000Z"}]'
)
PAUSE_NS: Final = 100_000
"""Without a frame for so long it is quiet."""
_ASK_AGAIN_S: Final = 0.001
_FRAMES: Final = (_QUOTE % (100, 101), _QUOTE % (110, 111))


class Rehearsal:
    """A pipeline on the side; `again` walks the way of one order and asks to be called once more.

    `quiet` says whether no frame has come for a while: frames come in bursts, and one that comes while the way is
    walked has to wait. While it is not quiet nothing is walked; it is asked again a millisecond later.
    """

    def __init__(
        self,
        composition: Composition,
        every_s: float,
        rehearse: Callable[[Any], object],
        quiet: Callable[[], bool],
    ) -> None:
        self.walks = 0
        codec = make_codec(composition)
        private = asyncio.new_event_loop()
        encode = codec.encode

        def send(order: Message) -> bytes:
            rehearse(order)
            return encode(order)

        stages = make_stages(composition, codec, _nowhere, private)
        self._pipeline = Pipeline(composition, codec, replace(stages, encode=send), private)
        self._every_s = every_s
        self._quiet = quiet
        self._timer: asyncio.TimerHandle | None = None

    def again(self) -> None:
        """Walk the way once, as soon as it is quiet, and later again."""
        later = asyncio.get_running_loop().call_later
        if not self._quiet():
            self._timer = later(_ASK_AGAIN_S, self.again)
            return
        self._pipeline.on_frame(_FRAMES[self.walks % 2])
        self.walks += 1
        self._timer = later(self._every_s, self.again)

    def stop(self) -> None:
        """Walk it no more."""
        if self._timer is not None:
            self._timer.cancel()
        self._pipeline.close()


def _nowhere(_payload: bytes) -> None:
    """Take an encoded order to nowhere."""
