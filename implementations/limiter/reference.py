"""The oracle: a token bucket in exact fractions."""

from __future__ import annotations

import asyncio
from fractions import Fraction
from typing import TYPE_CHECKING

from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable

_LEAST_WAIT_S = 1e-6


@implementation(source="the contract's words, one statement each")
class ReferenceLimiter:
    """Tokens as a Fraction, refilled on every look; whoever holds the lock is the first in line."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float]) -> None:
        self._rate = Fraction(rate)
        self._burst = Fraction(burst)
        self._clock = clock
        self._tokens = Fraction(burst)
        self._seen = Fraction(clock())
        self._line = asyncio.Lock()
        self._waiting = 0

    def try_acquire(self) -> bool:
        """Take a token if there is a whole one and nobody waits for it."""
        return self._waiting == 0 and self._take()

    async def acquire(self) -> None:
        """Stand in line; the first in line sleeps until a token is whole."""
        self._waiting += 1
        try:
            async with self._line:
                while not self._take():  # noqa: ASYNC110  time is waited for, not an event
                    await asyncio.sleep(max(float((1 - self._tokens) / self._rate), _LEAST_WAIT_S))
        finally:
            self._waiting -= 1

    def _take(self) -> bool:
        now = Fraction(self._clock())
        self._tokens = min(self._burst, self._tokens + (now - self._seen) * self._rate)
        self._seen = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
