"""What can go wrong on purpose: the failures that a client's tests bring about, by name and exactly once each."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from aiohttp import web

OrderFault = Literal["refuse_429", "fail_500", "swallow_reply", "drop_before", "close_after", "arrive_late"]


class Faults:
    """Failures waiting to happen to requests for orders, and a count of those that did.

    refuse_429: answer 429 and do nothing · fail_500: answer 500 and do nothing · drop_before: close the connection
    unread · swallow_reply: carry the order out and never answer · close_after: carry it out and close · arrive_late:
    close, and carry it out only after somebody has asked for an order that was not there yet.
    """

    def __init__(self) -> None:
        self._waiting: deque[OrderFault] = deque()
        self.happened: Counter[str] = Counter()
        self.late: list[dict[str, Any]] = []  # bodies of orders that are still on their way

    def next_orders(self, *faults: OrderFault) -> None:
        """Let the next POSTs of orders meet these, one each."""
        self._waiting.extend(faults)

    def take(self) -> OrderFault | None:
        """Return the fault for this request, if one waits."""
        if not self._waiting:
            return None
        fault = self._waiting.popleft()
        self.happened[fault] += 1
        return fault


def close_mid_frame(request: web.Request, payload: bytes) -> None:
    """Write the head of a WebSocket frame and half of its payload, then close the connection under it."""
    transport = request.transport
    if transport is not None:
        transport.write(b"\x81\x7e" + len(payload).to_bytes(2, "big") + payload[: len(payload) // 2])
        transport.close()


def go_silent(request: web.Request) -> None:
    """Read nothing more from a connection and leave it open: pings stay unanswered."""
    if request.transport is not None:
        request.transport.pause_reading()
