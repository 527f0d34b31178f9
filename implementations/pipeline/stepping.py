"""Awaits something as a task of a running event loop does, from a plain call that can be timed.

An order leaves from a task of a running loop. What such a task pays for `await limiter.acquire()` is the coroutine's
own work and, each time it suspends, a round of the loop with its poll of the selector. `run_until_complete` adds a
task, two callbacks, a second round and the loop's entry and exit, which no order pays for: 8.1 us were measured for an
await that costs 1.8 us within a task. So the coroutine is stepped here as a task steps it, and the loop is let run a
round at a time: 2.0 us. docs/tapes.md has the figures.
"""

from __future__ import annotations

from asyncio.events import _get_running_loop, _set_running_loop
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine


def drive(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, object]) -> None:
    """Await a coroutine with as many rounds of the loop as it suspends; its exceptions pass through.

    Meanwhile the loop counts as the running one of this thread. What asks for the current task (`asyncio.timeout`)
    finds none, and its RuntimeError passes through.
    """
    before = _get_running_loop()
    _set_running_loop(loop)
    send = coroutine.send
    try:
        while True:
            _wait(loop, send(None))
    except StopIteration:
        return
    finally:
        _set_running_loop(before)


def _wait(loop: Any, awaited: Any) -> None:
    """Let the loop run until a task that yielded this would be resumed: None asks for one round, else a future."""
    woken: list[object] = []
    if awaited is None:
        loop.call_soon(woken.append, None)
    else:
        awaited._asyncio_future_blocking = False  # noqa: SLF001  how a task says that it took the future
        awaited.add_done_callback(woken.append)
    while not woken:
        loop._run_once()  # noqa: SLF001  one round; run_forever adds its own entry and exit to each
