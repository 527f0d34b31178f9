"""What all feed clients share: the handshake, the backoff, the gaps. The libraries differ below `Connection`."""

from __future__ import annotations

import asyncio
import random
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Final

from implementations.feed._encodings import encoding
from implementations.feed.contract import FeedCounts, FeedRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from implementations.feed.contract import Connection, FeedSettings

_HOPELESS: Final = frozenset({402, 409})


class ResilientFeed(ABC):
    """A feed over connections that come and go; `errors` is what the library raises when a connection fails."""

    errors: ClassVar[type[Exception]]

    def __init__(
        self,
        settings: FeedSettings,
        on_frame: Callable[[bytes], object],
        on_gap: Callable[[str], object],
        on_control: Callable[[bytes], object] = lambda _frame: None,
        on_failure: Callable[[str], object] = lambda _reason: None,
    ) -> None:
        self.counts = FeedCounts()
        self._settings = settings
        self._on_frame = on_frame
        self._on_gap = on_gap
        self._on_control = on_control
        self._on_failure = on_failure
        self._encoding = encoding(settings.encoding)
        self._control_heads = self._encoding.control
        self._connection: Connection | None = None
        self._closed = False
        self._closing = asyncio.Event()
        self._ready = False
        self._too_late = False
        self._fault: BaseException | None = None

    @abstractmethod
    async def _connect(self) -> Connection:
        """Open a connection, or raise OSError or the library's own error."""

    async def run(self) -> None:
        """Deliver frames until `close`."""
        failed = 0
        while not self._closed:
            before = self.counts.frames
            reason = await self._one_connection()
            if self._ended():
                return
            if self._ready:
                self.counts.gaps += 1
                self._on_gap(reason)
            else:
                self.counts.failures += 1
                self._on_failure(reason)
            self._ready = False
            failed = 0 if self.counts.frames > before else failed + 1
            await self._wait(failed)

    def _ended(self) -> bool:
        if self._fault is not None:
            raise self._fault
        return self._closed

    def close(self) -> None:
        """End the connection and `run`."""
        self._closed = True
        self._closing.set()
        if self._connection is not None:
            self._connection.abort()

    async def _one_connection(self) -> str:
        """Connect and deliver until the connection ends; return the reason."""
        loop, limit_s = asyncio.get_running_loop(), self._settings.handshake_timeout_s
        self._too_late = False
        timer = loop.call_later(limit_s, self._give_up)  # connected is not subscribed: a server may say nothing
        try:
            async with asyncio.timeout(limit_s):
                self._connection = await self._connect()
                await self._connection.send(self._authentication())
            if self._closed:
                self._connection.abort()
            reason = await self._connection.receive(self._receive)
        except TimeoutError:
            reason, self._too_late = "", True
        except Exception as error:
            if not isinstance(error, (OSError, self.errors)):
                raise
            reason = f"{type(error).__name__}: {error}"
        finally:
            timer.cancel()
            if self._connection is not None:  # `run` may have been cancelled
                self._connection.abort()
            self._connection = None
        return "the handshake took too long" if self._too_late else reason

    def _give_up(self) -> None:
        """End a connection that is not subscribed by now."""
        if not self._ready and self._connection is not None:
            self._too_late = True
            self._connection.abort()

    def _receive(self, frame: bytes) -> None:
        """Take one frame of the connection: the hot path."""
        if frame.startswith(self._control_heads):
            self._control(frame)
        elif self._closed:
            self.counts.dropped += 1
        else:
            self.counts.frames += 1
            try:
                self._on_frame(frame)
            except BaseException as fault:  # noqa: BLE001  whatever it is ends `run`, there it is raised again
                self._fail(fault)

    def _control(self, frame: bytes) -> None:
        self.counts.control += 1
        try:
            self._on_control(frame)
        except BaseException as fault:  # noqa: BLE001  as a fault of `on_frame`
            self._fail(fault)
        for message in self._encoding.loads(frame):
            tag, text = message.get("T"), message.get("msg")
            if tag == "success" and text == "authenticated":
                task = asyncio.ensure_future(self._say(self._subscription()))
                task.add_done_callback(_looked_at)
            elif tag == "subscription" and not self._ready:
                self._ready = True
                self.counts.connections += 1
            elif tag == "error":
                self._refused(int(message.get("code", 0)), str(text))

    async def _say(self, payload: bytes) -> None:
        if self._connection is not None:
            await self._connection.send(payload)

    def _refused(self, code: int, text: str) -> None:
        self.counts.errors.append(code)
        if code in _HOPELESS:
            self._fail(FeedRefusedError(f"the server refuses: {text} ({code})"))

    def _fail(self, fault: BaseException) -> None:
        if self._fault is None:
            self._fault = fault
        self.close()

    def _authentication(self) -> bytes:
        return self._encoding.dumps({"action": "auth", "key": self._settings.key, "secret": self._settings.secret})

    def _subscription(self) -> bytes:
        wanted = {name: list(getattr(self._settings, name)) for name in ("trades", "quotes", "orderbooks")}
        return self._encoding.dumps(
            {"action": "subscribe", **{name: symbols for name, symbols in wanted.items() if symbols}}
        )

    async def _wait(self, failed: int) -> None:
        """Wait before connecting again, longer after every failure, and not beyond `close`."""
        pause = min(self._settings.backoff_max_s, self._settings.backoff_s * 2 ** max(0, failed - 1))
        try:
            async with asyncio.timeout(pause * (1 + random.random())):
                await self._closing.wait()
        except TimeoutError:
            return


def _looked_at(task: asyncio.Task[None]) -> None:
    # A subscription that cannot be sent fails with its connection, which tells why.
    if not task.cancelled():
        task.exception()
