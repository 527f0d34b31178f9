"""Where a frame is handled: inside the receive loop, behind it on the same loop, or on a thread of its own (B2)."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Final

from implementations.registry import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from documents.wire.spec import Receive

CAPACITY: Final = 65_536


def receiver(mode: Receive, handle: Callable[[bytes], None]) -> tuple[Callable[[bytes], None], Callable[[], None]]:
    """Return what the feed calls, and what ends it; a frame that finds the hand-off full raises OverflowError."""
    if mode == "inline":
        return handle, _nothing
    factory: Any = load("handoff", "ring").factory
    ring = factory(handle, CAPACITY)
    return _on_loop(ring) if mode == "task" else _on_thread(ring)


def _on_loop(ring: Any) -> tuple[Callable[[bytes], None], Callable[[], None]]:
    """Drain in a callback of the loop, after the read that filled the ring."""
    loop = asyncio.get_running_loop()
    waiting = False

    def drain() -> None:
        nonlocal waiting
        waiting = False
        ring.drain(CAPACITY)

    def offer(frame: bytes) -> None:
        nonlocal waiting
        if not ring.offer(frame):
            raise OverflowError(f"the hand-off of {CAPACITY} frames is full")
        if not waiting:
            waiting = True
            loop.call_soon(drain)

    return offer, _nothing


def _on_thread(ring: Any) -> tuple[Callable[[bytes], None], Callable[[], None]]:
    """Drain on a thread that sleeps while there is nothing."""
    wake = threading.Event()
    ended = False

    def work() -> None:
        while not ended:
            wake.wait()
            wake.clear()
            ring.drain(CAPACITY)

    thread = threading.Thread(target=work, name="handler", daemon=True)
    thread.start()

    def offer(frame: bytes) -> None:
        if not ring.offer(frame):
            raise OverflowError(f"the hand-off of {CAPACITY} frames is full")
        wake.set()

    def stop() -> None:
        nonlocal ended
        ended = True
        wake.set()
        thread.join()

    return offer, stop


def _nothing() -> None:
    """Do nothing: there is nothing to end."""
