"""What all gateways share: attempts, questions, backoff and deadline. The libraries differ below `_request`."""

from __future__ import annotations

import asyncio
import random
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final

from implementations.gateway._requests import (
    ORDERS,
    Leaving,
    LostReplyError,
    NotSentError,
    Reply,
    acknowledgement,
    lookup_target,
    order_body,
    rejection,
)
from implementations.gateway.contract import (
    DeadlineError,
    GatewayCounts,
    GatewayRefusedError,
    OutcomeUnknownError,
)
from implementations.messages import Ack

if TYPE_CHECKING:
    from collections.abc import Callable

    from implementations.gateway.contract import GatewaySettings
    from implementations.messages import Order
    from implementations.sharing.contract import Sharing

_REJECTIONS: Final = frozenset({400, 403, 404, 422})


class RetryingGateway(ABC):
    """A gateway over requests that may fail."""

    def __init__(self, settings: GatewaySettings, sharing: Sharing, on_sent: Callable[[str], object]) -> None:
        self.counts = GatewayCounts()
        self._settings = settings
        self._sharing = sharing
        self._on_sent = on_sent
        self._tasks: set[asyncio.Task[Ack]] = set()
        self.closed = False

    async def open(self) -> None:  # noqa: B027  not every gateway has something to prepare
        """Prepare connections."""

    def submit(self, order: Order) -> asyncio.Future[Ack]:
        """Send an order; its future gives what the exchange answered."""
        self.counts.submitted += 1
        return self._start(Submission(self, self._sharing.share(order)))

    def rehearse(self, order: Order, on_sent: Callable[[str], object]) -> asyncio.Future[Ack]:
        """Write an order that is not sent, and make up its answer."""
        order_body(self._sharing.attempt(self._sharing.share(order)))
        on_sent(order.client_order_id)
        future: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        future.set_result(Ack(order.client_order_id, order.symbol, "filled", order.quantity, order.price, ""))
        return future

    async def close(self) -> None:
        """End every connection; what is in flight fails with OutcomeUnknownError."""
        self.closed = True
        await asyncio.sleep(0)  # what was submitted just now begins, and ends with the error; cancelled, it would not
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @abstractmethod
    async def request(self, method: str, target: str, body: bytes, leaving: Leaving) -> Reply:
        """Make one request: NotSentError when nothing of it left, LostReplyError when it left unanswered.

        `leaving.began` is set before it begins to leave, `leaving.sent` called when its last byte was given to the
        socket. Cancelled, the connection is not used again.
        """

    def _start(self, submission: Submission, first: Reply | LostReplyError | None = None) -> asyncio.Task[Ack]:
        task = asyncio.get_running_loop().create_task(submission.run(first))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @property
    def settings(self) -> GatewaySettings:
        """Return the settings."""
        return self._settings

    def attempt(self, shared: Order) -> Order:
        """Return the order for one attempt."""
        return self._sharing.attempt(shared)

    def left(self, client_order_id: str) -> None:
        """Tell that an attempt of this order has left."""
        self._on_sent(client_order_id)


class Submission:
    """One order's way to its answer.

    `unknown` while the exchange is to be asked what became of an attempt; `doubtful` since an attempt may have arrived
    and nobody has said that it did: an order that the exchange does not have yet may still be on its way.
    """

    def __init__(self, gateway: RetryingGateway, shared: Order, begun_s: float | None = None) -> None:
        self._gateway = gateway
        self._counts = gateway.counts
        self._shared = shared
        self._unknown = False
        self._doubtful = False
        self._refused = False
        self._failures = 0
        self._sent_before = False
        begun = asyncio.get_running_loop().time() if begun_s is None else begun_s
        self._deadline = begun + gateway.settings.deadline_s

    async def run(self, first: Reply | LostReplyError | None = None) -> Ack:
        """Try until there is an answer or the deadline has passed; `first` is what came of an attempt made before."""
        try:
            while not self._gateway.closed:
                ack, pause_s = await self._attempt() if first is None else self._take(first)
                first = None
                if ack is not None:
                    return self._counted(ack)
                await self._wait(pause_s)
        except asyncio.CancelledError:
            pass  # by `close`
        except (DeadlineError, OutcomeUnknownError, GatewayRefusedError):
            self._counts.failed += 1
            raise
        self._counts.failed += 1
        raise OutcomeUnknownError(f"order {self._shared.client_order_id}: the gateway was closed")

    async def _attempt(self) -> tuple[Ack | None, float]:
        """Make one request; return the answer, or None and the least time to wait."""
        left = self._deadline - asyncio.get_running_loop().time()
        leaving = Leaving() if self._unknown else Leaving(self._left)
        try:
            async with asyncio.timeout(min(self._gateway.settings.attempt_timeout_s, left)):
                reply = await (self._ask(leaving) if self._unknown else self._send(leaving))
        except NotSentError:
            return None, 0.0
        except LostReplyError:
            self._lost()
            return None, 0.0
        except TimeoutError:
            if leaving.began:  # else it waited for a connection all the time
                self._lost()
            return None, 0.0
        return self._judge(reply)

    def _take(self, first: Reply | LostReplyError) -> tuple[Ack | None, float]:
        """Go on from an attempt that was made before this submission began."""
        self._sent_before = True
        if isinstance(first, Reply):
            return self._judge(first)
        self._lost()
        return None, 0.0

    async def _send(self, leaving: Leaving) -> Reply:
        order = self._gateway.attempt(self._shared)
        self._counts.retries += self._sent_before
        return await self._gateway.request("POST", ORDERS, order_body(order), leaving)

    def _left(self) -> None:
        self._sent_before = True
        self._gateway.left(self._shared.client_order_id)

    async def _ask(self, leaving: Leaving) -> Reply:
        self._counts.lookups += 1
        return await self._gateway.request("GET", lookup_target(self._shared.client_order_id), b"", leaving)

    def _judge(self, reply: Reply) -> tuple[Ack | None, float]:
        """Read one answer."""
        status = reply.status
        pause_s, ack = 0.0, None
        if status == 401:
            if self._unknown or self._doubtful:
                name = self._shared.client_order_id
                raise OutcomeUnknownError(f"order {name} may be at the exchange, which does not know this key (401)")
            raise GatewayRefusedError("the exchange does not know this key (401)")
        if status == 200:
            ack = self._read(reply)
        elif status == 429:
            self._counts.rate_limited += 1
            pause_s = reply.reset_s - time.time()
        elif self._unknown:
            ack = self._not_told(status)
        elif status == 422 and self._duplicate(reply):
            self._unknown = True
        elif status in _REJECTIONS:
            ack = self._rejected()
        else:
            self._lost()
        return ack, pause_s

    def _not_told(self, status: int) -> Ack | None:
        """Take an answer to a question that shows no order: only 404 says that the exchange does not have it."""
        if status != 404:
            self._counts.lost_replies += 1
            return None
        self._unknown = False
        return rejection(self._shared) if self._refused else None

    def _rejected(self) -> Ack | None:
        """Take a refusal: while an earlier attempt may have arrived, it may be the reason, so that one is asked for."""
        if self._doubtful and not self._refused:
            self._unknown = self._refused = True
            return None
        return rejection(self._shared)

    def _read(self, reply: Reply) -> Ack | None:
        try:
            return acknowledgement(reply.body)
        except (ValueError, KeyError, TypeError):
            self._lost()  # an answer that is no order: what became of ours is not known
            return None

    def _duplicate(self, reply: Reply) -> bool:
        """Return whether our own earlier attempt is what this one is a duplicate of."""
        return self._sent_before and self._failures > 0 and b"client_order_id" in reply.body

    def _lost(self) -> None:
        self._unknown = self._doubtful = self._sent_before = True
        self._counts.lost_replies += 1

    async def _wait(self, pause_s: float) -> None:
        """Wait before the next request, or raise when that would be beyond the deadline."""
        settings = self._gateway.settings
        backoff = min(settings.backoff_max_s, settings.backoff_s * 2**self._failures) * (1 + random.random())
        self._failures += 1
        wait = max(backoff, min(pause_s, settings.backoff_max_s))
        left = self._deadline - asyncio.get_running_loop().time()
        if wait >= left:
            name = self._shared.client_order_id
            if self._unknown or self._doubtful:
                raise OutcomeUnknownError(f"order {name} may be at the exchange: no answer within the deadline")
            raise DeadlineError(f"order {name} is not at the exchange: no request succeeded within the deadline")
        await asyncio.sleep(wait)

    def _counted(self, ack: Ack) -> Ack:
        if ack.status == "rejected":
            self._counts.rejected += 1
        else:
            self._counts.acknowledged += 1
        return ack
