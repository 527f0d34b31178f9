"""What every gateway must hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from implementations.messages import Ack, Order


class GatewayError(RuntimeError):
    """An order whose submission ended without an acknowledgement."""


class DeadlineError(GatewayError):
    """The deadline passed and the order is not at the exchange: every attempt was refused, or none has left."""


class OutcomeUnknownError(GatewayError):
    """No answer that can be had (deadline, 401, `close`), and it may be at the exchange: ask by its client_order_id."""


class GatewayRefusedError(GatewayError):
    """The exchange does not know us (401) and does not have the order: trying again would not help."""


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Where orders go, as whom, and how long to be patient. Times in seconds."""

    url: str  # http://host:port
    key: str
    secret: str
    deadline_s: float = 5.0  # for one order, all attempts together
    attempt_timeout_s: float = 1.0  # for one request
    backoff_s: float = 0.05  # before the first retry; doubled each time, with up to as much again at random
    backoff_max_s: float = 1.0
    connections: int = 4  # kept at most, where connections are kept


@dataclass(slots=True)
class GatewayCounts:
    """What happened, for whoever must account for every order."""

    submitted: int = 0
    acknowledged: int = 0  # of these, answered with an Ack that is no rejection
    rejected: int = 0
    failed: int = 0  # ended with a GatewayError
    retries: int = 0  # orders sent again
    lookups: int = 0  # questions what became of an order
    rate_limited: int = 0  # answers 429
    lost_replies: int = 0  # requests that left and were not answered: time-outs, broken connections, 5xx


class Gateway(Protocol):
    """Orders to the exchange, each exactly once or with an error that says what is known.

    Factory: called as factory(settings, sharing, on_sent). `open` prepares connections where they are kept. `submit`
    gives a future of the acknowledgement and never blocks for the network; `on_sent(client_order_id)` is called when
    the last byte of an attempt was given to the socket (as near to it as the library lets one see: each file says).
    A retry never sends an order twice: after a request that may have arrived (a time-out, a broken connection, a 5xx)
    the exchange is first asked for the client_order_id, and the order is sent again, under the same id, only when it
    is not there; should the first one still arrive, the exchange refuses the second as a duplicate, and the first is
    asked for again, as after any other refusal of a second one: the first may be its reason. After 429 the retry waits
    for the announced reset, at most `backoff_max_s`.
    `sharing` makes what the attempts work on (path `sharing`): the caller may change its order after `submit`.
    Errors (of the future): DeadlineError, OutcomeUnknownError, GatewayRefusedError; 400, 403, 404 and 422 are
    rejections, an Ack. Order: orders submitted one after the other leave in that order while connections are free.
    Threading: one event loop. `close` fails what is in flight with OutcomeUnknownError.
    """

    counts: GatewayCounts

    async def open(self) -> None:
        """Prepare connections."""

    def submit(self, order: Order) -> asyncio.Future[Ack]:
        """Send an order; its future gives what the exchange answered."""

    def rehearse(self, order: Order, on_sent: Callable[[str], object]) -> asyncio.Future[Ack]:
        """Do what `submit` does as far as it can be done without the order leaving this process, to keep its way warm.

        Nothing is counted; `on_sent` is called in place of the gateway's own, and the acknowledgement is made up.
        """

    async def close(self) -> None:
        """End every connection; twice does no harm."""
