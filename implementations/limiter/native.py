"""The bucket in C; only who has to wait for a token meets Python."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from implementations.native import extension
from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable

_NEW = extension("limiter").Bucket
_LEAST_WAIT_S: Final = 1e-6  # a sleep of less than the clock can tell would spin


@implementation(source="the generic cell rate algorithm: implementations/native/limiter.pyx", fixes="B6")
class NativeLimiter:
    """`try_acquire` is the compiled bucket's own; the line of those who wait is asyncio's."""

    __slots__ = ("_bucket", "_line", "try_acquire")

    def __init__(self, rate: float, burst: int, clock: Callable[[], float]) -> None:
        self._bucket = _NEW(rate, burst, clock)
        self._line = asyncio.Lock()
        self.try_acquire: Callable[[], bool] = self._bucket.try_acquire

    async def acquire(self) -> None:
        """Take a token that is there without suspending, else wait in line for the next."""
        bucket = self._bucket
        if bucket.try_acquire():
            return
        bucket.waiting += 1
        try:
            async with self._line:
                while (missing := bucket.missing()) > 0.0:  # noqa: ASYNC110  time is waited for, not an event
                    await asyncio.sleep(max(missing, _LEAST_WAIT_S))
                bucket.take()
        finally:
            bucket.waiting -= 1
