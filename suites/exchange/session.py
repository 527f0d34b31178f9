"""One client of a market data stream: handshake, subscriptions, and a bounded queue towards it."""

from __future__ import annotations

import asyncio
import hmac
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from suites.exchange.encoding import Encoding, decode, encode
from suites.exchange.errors import (
    ALREADY_AUTHENTICATED,
    AUTH_FAILED,
    AUTH_TIMEOUT,
    CONNECTION_LIMIT,
    FATAL,
    INSUFFICIENT_SUBSCRIPTION,
    NOT_AUTHENTICATED,
    SLOW_CLIENT,
    SYNTAX,
    StreamError,
)
from suites.exchange.subscriptions import AssetClass, Subscriptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from suites.exchange.market import Market
    from suites.exchange.settings import Settings

Messages = list[dict[str, Any]]
_GRACE_S = 1.0  # how long a client that is thrown out may take to read why


class Session:
    """A connection from upgrade to close. `offer` never waits; what a slow client does not get counts in `dropped`."""

    def __init__(
        self,
        request: web.Request,
        *,
        settings: Settings,
        market: Market,
        asset_class: AssetClass,
        admit: Callable[[Session], bool],
        on_refused: Callable[[int], None],
        on_change: Callable[[], None],
    ) -> None:
        self.request = request
        self.asset_class = asset_class
        self.authenticated = False
        self.sent = 0
        self.dropped = 0
        self._settings = settings
        self._market = market
        self._admit = admit
        self._on_refused = on_refused
        self._on_change = on_change
        self._subscriptions = Subscriptions(asset_class, market.assets.crypto, settings.symbol_limit)
        binary = request.headers.get("Content-Type", "").startswith("application/msgpack")
        self._encoding: Encoding = "msgpack" if binary else "json"
        self._socket: web.WebSocketResponse = web.WebSocketResponse(timeout=_GRACE_S, compress=True)
        self._queue: asyncio.Queue[tuple[bytes, int]] = asyncio.Queue()
        self._thrown_out: asyncio.Task[None] | None = None

    async def run(self) -> web.WebSocketResponse:
        """Serve the connection until either side closes it."""
        await self._socket.prepare(self.request)
        self._enqueue([{"T": "success", "msg": "connected"}])
        writer = asyncio.create_task(self._write())
        try:
            await self._serve()
        except StreamError as error:
            await self._refuse(error, writer)
        finally:
            writer.cancel()
            if self._thrown_out is not None:
                await self._thrown_out
            await asyncio.wait([writer])  # it counts what it was at
            self.dropped += self._drain()
        return self._socket

    def offer(self, messages: Sequence[Mapping[str, Any]], frame: bytes) -> None:
        """Send what of a tape's frame this client subscribed to; the frame's own bytes where that is all of it."""
        wanted = [message for message in messages if self._subscriptions.wants(message)]
        if not wanted:
            return
        if self._thrown_out is not None:
            self.dropped += len(wanted)
        elif self._queue.qsize() >= self._settings.slow_client_messages:
            self.dropped += len(wanted)
            self._thrown_out = asyncio.create_task(self._throw_out())
        elif len(wanted) == len(messages) and self._encoding == "json":
            self._queue.put_nowait((frame, len(wanted)))
        else:
            self._queue.put_nowait((encode(wanted, self._encoding), len(wanted)))

    @property
    def subscribed(self) -> bool:
        """Say whether the client has subscribed to anything."""
        return not self._subscriptions.empty

    async def close(self) -> None:
        """End the connection as a server that goes away does."""
        await end(self._socket, self.request)

    async def _serve(self) -> None:
        if self._has_headers():
            self._authenticate(self.request.headers["APCA-API-KEY-ID"], self.request.headers["APCA-API-SECRET-KEY"])
        try:
            async with asyncio.timeout(None if self.authenticated else self._settings.auth_timeout_s):
                while not self.authenticated and await self._next():
                    pass
        except TimeoutError:
            raise StreamError(AUTH_TIMEOUT) from None
        while self.authenticated and await self._next():
            pass

    def _has_headers(self) -> bool:
        return "APCA-API-KEY-ID" in self.request.headers and "APCA-API-SECRET-KEY" in self.request.headers

    async def _next(self) -> bool:
        """Carry out one request of the client; say whether the connection is still there."""
        message = await self._socket.receive()
        if message.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
            return False
        try:
            self._carry_out(decode(message.data, self._encoding))
            self._on_change()
        except StreamError as error:
            if error.code in FATAL:
                raise
            self._on_refused(error.code)
            self._enqueue([error.message()])
        return True

    def _carry_out(self, request: dict[str, Any]) -> None:
        action = request["action"]
        if action == "auth":
            if self.authenticated:
                raise StreamError(ALREADY_AUTHENTICATED)
            self._authenticate(request.get("key"), request.get("secret"))
            return
        if action not in {"subscribe", "unsubscribe"}:
            raise StreamError(SYNTAX)
        if not self.authenticated:
            raise StreamError(NOT_AUTHENTICATED)
        new = self._subscriptions.subscribe(request) if action == "subscribe" else {}
        if action == "unsubscribe":
            self._subscriptions.unsubscribe(request)
        self._enqueue([self._subscriptions.message()])
        self._send_snapshots(new.get("orderbooks", []))

    def _authenticate(self, key: object, secret: object) -> None:
        if not (same(key, self._settings.key) and same(secret, self._settings.secret)):
            raise StreamError(AUTH_FAILED)
        feed = self.request.match_info.get("feed")
        if feed is not None and self.asset_class == "stocks" and feed not in self._settings.stock_feeds:
            raise StreamError(INSUFFICIENT_SUBSCRIPTION)
        if not self._admit(self):
            raise StreamError(CONNECTION_LIMIT)
        self.authenticated = True
        self._enqueue([{"T": "success", "msg": "authenticated"}])

    def _send_snapshots(self, symbols: list[str]) -> None:
        known = self._market.book_symbols()
        for symbol in known if "*" in symbols else [symbol for symbol in symbols if symbol in known]:
            self._enqueue([self._market.snapshot(symbol)])

    def _enqueue(self, messages: Messages) -> None:
        self._queue.put_nowait((encode(messages, self._encoding), len(messages)))

    async def _write(self) -> None:
        kind = WSMsgType.BINARY if self._encoding == "msgpack" else WSMsgType.TEXT
        while True:
            payload, count = await self._queue.get()
            try:
                await self._socket.send_frame(payload, kind)
            except ConnectionError:
                self.dropped += count
            except asyncio.CancelledError:
                self.dropped += count
                raise
            else:
                self.sent += count
            self._queue.task_done()

    async def _refuse(self, error: StreamError, writer: asyncio.Task[None]) -> None:
        """Say why, after all that was said before, and close."""
        self._on_refused(error.code)
        self._enqueue([error.message()])
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_S):
                await self._queue.join()
        writer.cancel()
        await end(self._socket, self.request, 1000, b"")

    async def _throw_out(self) -> None:
        """Send a slow client 407 behind what its socket already holds, and close; the queue is dropped and counted."""
        self._on_refused(SLOW_CLIENT)
        self.dropped += self._drain()
        kind = WSMsgType.BINARY if self._encoding == "msgpack" else WSMsgType.TEXT
        message = encode([StreamError(SLOW_CLIENT).message()], self._encoding)
        try:
            async with asyncio.timeout(_GRACE_S):
                await self._socket.send_frame(message, kind)
                await self._socket.close()
        except (TimeoutError, ConnectionError):
            if self.request.transport is not None:
                self.request.transport.abort()

    def _drain(self) -> int:
        count = 0
        while not self._queue.empty():
            count += self._queue.get_nowait()[1]
            self._queue.task_done()
        return count


async def end(
    socket: web.WebSocketResponse, request: web.Request, code: int = 1001, message: bytes = b"going away"
) -> None:
    """Close a connection as a server that goes away does; one that takes nothing any more is cut off."""
    try:
        async with asyncio.timeout(_GRACE_S):
            if socket.prepared:
                await socket.close(code=code, message=message)
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()


def same(given: object, expected: str) -> bool:
    """Compare credentials without telling by the time it takes how much of them is right."""
    return isinstance(given, str) and hmac.compare_digest(given.encode(), expected.encode())
