"""What every feed client must hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

LoopName = Literal["asyncio", "uvloop", "uvloop-busy"]
"""What the client runs on: asyncio, uvloop, or uvloop that never sleeps (a core is spent for the wake-up it saves)."""


EncodingName = Literal["json", "msgpack"]
"""What the frames are: JSON text, or binary msgpack."""


class FeedRefusedError(RuntimeError):
    """The server refuses for good: wrong keys, a subscription that is not ours. Trying again would not help."""


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """Where to connect, as whom, to what, and how long to be patient. Times in seconds."""

    url: str
    key: str
    secret: str
    trades: tuple[str, ...] = ("*",)
    quotes: tuple[str, ...] = ("*",)
    orderbooks: tuple[str, ...] = ("*",)
    encoding: EncodingName = "json"
    handshake_timeout_s: float = 10.0  # from connecting to the answer to the subscription
    heartbeat_s: float = 10.0  # a ping after so long
    heartbeat_timeout_s: float = 10.0  # the connection is dead when the pong takes longer
    backoff_s: float = 0.05  # before the first try to connect again; doubled each time
    backoff_max_s: float = 5.0


@dataclass(slots=True)
class FeedCounts:
    """What happened, for whoever must account for every message."""

    frames: int = 0  # data frames handed over
    control: int = 0  # frames of the protocol itself
    connections: int = 0  # handshakes completed
    failures: int = 0  # tries to connect that failed
    gaps: int = 0  # connections that ended unasked: messages may have been missed
    dropped: int = 0  # frames received and not handed over: after `close`, or broken
    errors: list[int] = field(default_factory=list)  # the codes of the server's error messages


class Feed(Protocol):
    """Alpaca's market data over one WebSocket, kept alive.

    Factory: called as factory(settings, on_frame, on_gap), and with on_control and on_failure by who wants them.
    `on_frame(frame)` gets the bytes of each data frame, whole and in the order of the wire; the protocol's own frames
    (success, subscription, error) are answered inside, after `on_control(frame)` has seen them.
    `on_gap(reason)` is called once for every connection that ended unasked, before any frame of the next one: what was
    sent meanwhile is lost, so books are stale until their snapshots come (`r` is true), which the server sends anew
    after every subscription. `on_failure(reason)` is called for every try to connect that failed.
    `run` connects, authenticates, subscribes and delivers until `close`; it connects again after failures, waiting
    `backoff_s`, doubled each time up to `backoff_max_s`, with up to as much again added at random; a connection that
    delivered a frame starts the row anew. A half-open connection ends when a ping stays unanswered. FeedRefusedError
    where trying again cannot help (codes 402 and 409); an exception of a callback ends `run` with it.
    `close` may be called from a callback; frames that are received after it are counted in `dropped`. Cancelling `run`
    ends the connection as well. Nothing is lost without a count. Threading: one event loop. Cost: a few microseconds a
    frame besides the wire and the loop.
    """

    counts: FeedCounts

    async def run(self) -> None:
        """Deliver frames until `close`."""

    def close(self) -> None:
        """End the connection and `run`; twice does no harm."""


class Connection(Protocol):
    """One connection of a library: what an implementation's file provides to the policy in `_resilient`."""

    async def send(self, payload: bytes) -> None:
        """Send one frame: binary where the settings' encoding is."""

    async def receive(self, on_frame: Callable[[bytes], None]) -> str:
        """Hand over each whole frame until the connection ends; return the reason."""

    def abort(self) -> None:
        """End the connection at once."""
