"""Awaits something inside a task of an event loop, one await a call, so that a timed call costs what it costs there.

An order leaves from a task of a running loop. What such a task pays for `await limiter.acquire()` is the coroutine's
own work and, when it suspends, a round of the loop with its poll of the selector. `run_until_complete` would add a task
and two callbacks a call that no order pays for. So one task serves all calls: each call lets the loop run until the
task has awaited once and says stop. What is added is one round more, with the loop's entry and exit (measured in
docs/tapes.md), and only to a call that awaits.
"""

from __future__ import annotations

import asyncio
from asyncio.events import _set_running_loop
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


class Rounds:
    """A private event loop with one task in it; between `__init__` and `close` the loop counts as the running one.

    That lets code that asks for the running loop be called without a round of it, as it would be from within a task.
    """

    def __init__(self, job: Callable[[], Coroutine[Any, Any, object]]) -> None:
        self._job = job
        self._loop = asyncio.new_event_loop()
        self._task = self._loop.create_task(self._serve())
        self._task.add_done_callback(lambda _: self._loop.stop())
        self._loop.run_forever()
        _set_running_loop(self._loop)

    def run(self) -> None:
        """Await the job once; an exception of the job passes through and ends the task."""
        _set_running_loop(None)
        try:
            self._loop.run_forever()
        finally:
            _set_running_loop(self._loop)
        if self._task.done():
            self._task.result()

    def close(self) -> None:
        """End the task and close the loop; it no longer counts as running."""
        _set_running_loop(None)
        if not self._task.done():
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                self._loop.run_until_complete(self._task)
        self._loop.close()

    async def _serve(self) -> None:
        while True:
            self._loop.stop()
            await asyncio.sleep(0)  # the loop stops here; the next call goes on from here
            await self._job()
