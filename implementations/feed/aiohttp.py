"""The WebSocket client of `aiohttp`: its frame reader is C."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp

from implementations.feed._resilient import ResilientFeed
from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable

    from implementations.feed.contract import Connection


@implementation(source="aiohttp, ClientSession.ws_connect")
class AiohttpFeed(ResilientFeed):
    """A coroutine awaits each message; text stays bytes. The pong may take half of `heartbeat_s`, as aiohttp has it."""

    errors = aiohttp.ClientError

    async def _connect(self) -> Connection:
        session = aiohttp.ClientSession()
        try:
            socket = await session.ws_connect(
                self._settings.url,
                headers=self._encoding.headers,
                compress=0,
                max_msg_size=0,
                decode_text=False,
                heartbeat=self._settings.heartbeat_s,
            )
        except BaseException:
            await session.close()
            raise
        return _Connection(
            session, socket, aiohttp.WSMsgType.BINARY if self._encoding.binary else aiohttp.WSMsgType.TEXT
        )


class _Connection:
    def __init__(
        self,
        session: aiohttp.ClientSession,
        socket: aiohttp.ClientWebSocketResponse[bool],
        kind: aiohttp.WSMsgType,
    ) -> None:
        self._kind = kind
        self._session = session
        self._socket = socket
        self._ended: asyncio.Future[None] | None = None

    async def send(self, payload: bytes) -> None:
        await self._socket.send_frame(payload, self._kind)

    async def receive(self, on_frame: Callable[[bytes], None]) -> str:
        receive = self._socket.receive
        kind = self._kind
        try:
            while True:
                message = await receive()
                if message.type is not kind:
                    return f"{message.type.name.lower()}: {message.data or self._socket.close_code}"
                on_frame(message.data)
        finally:
            self.abort()
            assert self._ended is not None  # noqa: S101  `abort` has set it
            await self._ended
            await self._socket.close()  # where `receive` was cancelled it has not heard yet

    def abort(self) -> None:
        # The session closes the connection without the closing handshake, which a dead peer would not answer.
        if self._ended is None:
            self._ended = asyncio.ensure_future(self._session.close())
