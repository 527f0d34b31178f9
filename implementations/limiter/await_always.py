"""The bottleneck as it was: each order goes once round the event loop, whether there is a token or not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable

_LEAST_WAIT_S = 1e-6


@implementation(source="the usual asyncio token bucket: a lock, and a sleep of what is missing", bottleneck="B6")
class AwaitAlwaysLimiter:
    """`acquire` takes a lock and always awaits a sleep, of 0 s when a token is there; `try_acquire` declines."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float]) -> None:
        self.rate = rate
        self.burst = burst
        self._clock = clock
        self._tokens = float(burst)
        self._updated = clock()
        self._lock = asyncio.Lock()

    def try_acquire(self) -> bool:
        """Decline: this implementation knows only how to await."""
        return False

    async def acquire(self) -> None:
        """Sleep for what is missing, then take; the lock keeps the waiters in order."""
        async with self._lock:
            self._refill()
            await asyncio.sleep(max(0.0, (1.0 - self._tokens) / self.rate))
            self._refill()
            while self._tokens < 1.0 - 1e-9:  # the loop may wake a clock's resolution too early
                await asyncio.sleep(max(_LEAST_WAIT_S, (1.0 - self._tokens) / self.rate))
                self._refill()
            self._tokens -= 1.0

    def _refill(self) -> None:
        now = self._clock()
        self._tokens = min(float(self.burst), self._tokens + (now - self._updated) * self.rate)
        self._updated = now
