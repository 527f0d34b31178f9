"""Take the token that is there without awaiting; wait in line only when the bucket is empty."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable

_LEAST_WAIT_S = 1e-6  # a sleep of less than the clock can tell would spin


@implementation(source="the generic cell rate algorithm (ITU-T I.371): one instant is the whole state", mends="B6")
class TryFirstLimiter:
    """The bucket as the instant at which it will be full again: a token costs one clock read and two additions.

    A token moves that instant `1 / rate` seconds on; there is a token while it lies at most `(burst - 1) / rate`
    seconds ahead. Nothing is refilled, so nothing drifts with the number of looks.
    """

    __slots__ = ("_clock", "_full_at", "_interval", "_line", "_slack", "_waiting")

    def __init__(self, rate: float, burst: int, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._interval = 1.0 / rate
        self._slack = (burst - 1 + 1e-9) / rate
        self._full_at = clock()
        self._line = asyncio.Lock()
        self._waiting = 0

    def try_acquire(self) -> bool:
        """Take a token now, or answer False; also False while somebody waits in line."""
        now = self._clock()
        full_at = self._full_at
        if full_at <= now:
            full_at = now
        elif full_at - now > self._slack:
            return False
        if self._waiting:
            return False
        self._full_at = full_at + self._interval
        return True

    async def acquire(self) -> None:
        """Take a token that is there without suspending, else wait in line for the next."""
        if self.try_acquire():
            return
        self._waiting += 1
        try:
            async with self._line:
                while (  # noqa: ASYNC110  time is waited for, not an event
                    missing := self._full_at - self._clock() - self._slack
                ) > 0.0:
                    await asyncio.sleep(max(missing, _LEAST_WAIT_S))
                self._full_at = max(self._full_at, self._clock()) + self._interval
        finally:
            self._waiting -= 1
