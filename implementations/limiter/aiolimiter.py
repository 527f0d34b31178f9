"""The library aiolimiter, its token tried first."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiolimiter import AsyncLimiter

from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable


@implementation(source="aiolimiter (leaky bucket as a meter)", fixes="B6")
class AiolimiterLimiter:
    """`AsyncLimiter(burst, burst / rate)`; it reads the running event loop's clock, whatever clock was given.

    The library has no way to take without awaiting, but its `acquire` does not suspend while there is capacity: it is
    driven by hand to its end, without the event loop. It lets a late caller overtake a waiter, so waiters stand in a
    line of ours.
    """

    __slots__ = ("_limiter", "_line", "_waiting")

    def __init__(self, rate: float, burst: int, clock: Callable[[], float]) -> None:  # noqa: ARG002  the loop's is read
        self._limiter = AsyncLimiter(burst, burst / rate)
        self._line = asyncio.Lock()
        self._waiting = 0

    def try_acquire(self) -> bool:
        """Take a token if there is one; decline where no event loop runs, whose clock the library reads."""
        limiter = self._limiter
        try:
            if self._waiting or not limiter.has_capacity():
                return False
        except RuntimeError:
            return False
        try:
            limiter.acquire().send(None)
        except StopIteration:
            return True
        raise AssertionError("aiolimiter suspended although it had capacity")

    async def acquire(self) -> None:
        """Take a token that is there without suspending, else wait in line for the next."""
        if self.try_acquire():
            return
        self._waiting += 1
        try:
            async with self._line:
                await self._limiter.acquire()
        finally:
            self._waiting -= 1
