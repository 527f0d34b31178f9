"""The trade-update stream: what becomes of the account's orders, as it happens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import WSMsgType, web

from suites.exchange.encoding import decode
from suites.exchange.errors import StreamError
from suites.exchange.session import end, same

if TYPE_CHECKING:
    from collections.abc import Callable

    from suites.exchange.settings import Settings


class UpdateSession:
    """One listener. The frames are binary JSON, as the vendor's paper service sends them."""

    def __init__(self, request: web.Request, settings: Settings, on_change: Callable[[], None]) -> None:
        self.request = request
        self.listening = False
        self._authorized = False
        self._settings = settings
        self._on_change = on_change
        self._socket: web.WebSocketResponse = web.WebSocketResponse(timeout=1.0)
        self._queue: asyncio.Queue[bytes] = asyncio.Queue()

    async def run(self) -> web.WebSocketResponse:
        """Serve the connection until either side closes it."""
        await self._socket.prepare(self.request)
        writer = asyncio.create_task(self._write())
        try:
            while await self._next():
                pass
        finally:
            writer.cancel()
        return self._socket

    def offer(self, update: dict[str, object]) -> None:
        """Send one trade update, if the client listens for them."""
        if self.listening:
            self._say("trade_updates", update)

    async def close(self) -> None:
        """End the connection as a server that goes away does."""
        await end(self._socket, self.request)

    async def _next(self) -> bool:
        message = await self._socket.receive()
        if message.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
            return False
        try:
            self._carry_out(decode(message.data, "json"))
            self._on_change()
        except StreamError as error:
            self._queue.put_nowait(orjson.dumps({"stream": "error", "data": error.message()}))
        return True

    def _carry_out(self, request: dict[str, Any]) -> None:
        action = request["action"]
        data = request.get("data")
        fields = data if isinstance(data, dict) else request
        if action in {"authenticate", "auth"}:
            key, secret = fields.get("key_id", fields.get("key")), fields.get("secret_key", fields.get("secret"))
            self._authorized = same(key, self._settings.key) and same(secret, self._settings.secret)
            status = "authorized" if self._authorized else "unauthorized"
            self._say("authorization", {"status": status, "action": action})
        elif action == "listen" and self._authorized:
            streams = fields.get("streams")
            self.listening = isinstance(streams, list) and "trade_updates" in streams
            self._say("listening", {"streams": ["trade_updates"] if self.listening else []})
        else:
            self._say("authorization", {"status": "unauthorized", "action": action})

    def _say(self, stream: str, data: dict[str, object]) -> None:
        self._queue.put_nowait(orjson.dumps({"stream": stream, "data": data}))

    async def _write(self) -> None:
        while True:
            try:
                await self._socket.send_frame(await self._queue.get(), WSMsgType.BINARY)
            except ConnectionError:
                return
