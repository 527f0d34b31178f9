"""A private event loop that counts as the running one, for benchmarks of what is awaited."""

from __future__ import annotations

import asyncio
from asyncio.events import _set_running_loop
from typing import TYPE_CHECKING, Any

from implementations.pipeline.stepping import drive

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


class Rounds:
    """A private event loop that counts as the running one until `close`, in this thread.

    So code that asks for the running loop can be called without a round of it, as from within a task.
    """

    __slots__ = ("_job", "_loop")

    def __init__(self, job: Callable[[], Coroutine[Any, Any, object]]) -> None:
        self._job = job
        self._loop = asyncio.new_event_loop()
        _set_running_loop(self._loop)

    def run(self) -> None:
        """Await the job once, as a task would; its exceptions pass through."""
        drive(self._loop, self._job())

    def close(self) -> None:
        """Close the loop; it no longer counts as running."""
        _set_running_loop(None)
        self._loop.close()
