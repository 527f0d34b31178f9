"""Work that waits behind the frames: what nobody outside waits for is done after the sockets were looked at again.

When an order has left, the rest of the system is to know of it: its message is encoded, published, kept. A frame that
came meanwhile goes first, so this is put off by two rounds of the loop: what is called soon runs before the loop looks
at its sockets, and only what that calls soon runs behind them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Behind:
    """Orders that have left, reported one after the other in the order in which they were put; one thread."""

    def __init__(self, tell: Callable[[Any], object]) -> None:
        self._tell = tell
        self._waiting: deque[Any] = deque()
        self._loop = asyncio.get_running_loop()

    def put(self, order: Any) -> None:
        """Take one order."""
        self._waiting.append(order)
        self._loop.call_soon(self._loop.call_soon, self._next)

    def finish(self) -> None:
        """Tell all that wait, now."""
        while self._waiting:
            self._tell(self._waiting.popleft())

    def _next(self) -> None:
        if self._waiting:
            self._tell(self._waiting.popleft())
