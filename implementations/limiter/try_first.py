"""Take the token that is there without awaiting; wait in line only when the bucket is empty."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable

_LEAST_WAIT_S = 1e-6  # a sleep of less than the clock can tell would spin


@implementation(source="the generic cell rate algorithm (ITU-T I.371): one instant is the whole state", fixes="B6")
class TryFirstLimiter:
    """The bucket as the instant at which it will be full again: a token costs one clock read and a few additions.

    A token moves that instant `1 / rate` seconds on; there is a token while it lies at most `(burst - 1) / rate`
    seconds ahead. The instant is kept as the clock's reading when the bucket was last full, and the tokens taken since:
    neither is ever rounded, as a sum of seconds would be for each token, the more the larger the clock's reading.
    """

    __slots__ = ("_clock", "_full_since", "_interval", "_line", "_slack", "_taken", "_waiting")

    def __init__(self, rate: float, burst: int, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._interval = 1.0 / rate
        self._slack = (burst - 1 + 1e-9) / rate
        self._full_since = clock()
        self._taken = 0.0
        self._line = asyncio.Lock()
        self._waiting = 0

    def try_acquire(self) -> bool:
        """Take a token now, or answer False; also False while somebody waits in line."""
        if self._waiting:
            return False
        now = self._clock()
        taken = self._taken
        ahead = taken * self._interval - (now - self._full_since)
        if ahead <= 0.0:
            self._full_since = now
            self._taken = 1.0
            return True
        if ahead > self._slack:
            return False
        self._taken = taken + 1.0
        return True

    async def acquire(self) -> None:
        """Take a token that is there without suspending, else wait in line for the next."""
        if self.try_acquire():
            return
        self._waiting += 1
        try:
            async with self._line:
                while (missing := self._ahead() - self._slack) > 0.0:  # noqa: ASYNC110  time is waited for, not an event
                    await asyncio.sleep(max(missing, _LEAST_WAIT_S))
                if self._ahead() <= 0.0:
                    self._full_since, self._taken = self._clock(), 0.0
                self._taken += 1.0
        finally:
            self._waiting -= 1

    def _ahead(self) -> float:
        """Return the seconds until the bucket is full; below 0 where it has been."""
        return self._taken * self._interval - (self._clock() - self._full_since)
