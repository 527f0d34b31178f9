"""Awaits something as a task of a running event loop does, from a plain call that can be timed.

An order leaves from a task of a running loop. What such a task pays for `await limiter.acquire()` is the coroutine's
own work and, each time it suspends, a round of the loop with its poll of the selector. `run_until_complete` adds a
task, two callbacks, a second round and the loop's entry and exit, which no order pays for: 8.1 us were measured for an
await that costs 1.8 us within a task. So the coroutine is stepped here as a task steps it, and the loop is let run a
round at a time: 2.0 us. docs/tapes.md has the figures.
"""

from __future__ import annotations

import asyncio
from asyncio.events import _set_running_loop
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


class Rounds:
    """A private event loop that counts as the running one until `close`, in this thread.

    So code that asks for the running loop can be called without a round of it, as from within a task. What asks for the
    current task (`asyncio.timeout`) finds none, and its RuntimeError passes through.
    """

    __slots__ = ("_job", "_loop")

    def __init__(self, job: Callable[[], Coroutine[Any, Any, object]]) -> None:
        self._job = job
        self._loop: Any = asyncio.new_event_loop()
        _set_running_loop(self._loop)

    def run(self) -> None:
        """Await the job once, with as many rounds of the loop as it suspends; its exceptions pass through."""
        send = self._job().send
        try:
            while True:
                self._wait(send(None))
        except StopIteration:
            return

    def close(self) -> None:
        """Close the loop; it no longer counts as running."""
        _set_running_loop(None)
        self._loop.close()

    def _wait(self, awaited: Any) -> None:
        """Let the loop run until a task that yielded this would be resumed: None asks for one round, else a future."""
        woken: list[object] = []
        if awaited is None:
            self._loop.call_soon(woken.append, None)
        else:
            awaited._asyncio_future_blocking = False  # noqa: SLF001  how a task says that it took the future
            awaited.add_done_callback(woken.append)
        while not woken:
            self._loop._run_once()  # noqa: SLF001  one round; run_forever adds its own entry and exit to each
