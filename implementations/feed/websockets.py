"""The `websockets` library: pure Python, complete, the usual choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from implementations.feed._resilient import ResilientFeed
from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable

    from implementations.feed.contract import Connection


@implementation(source="websockets, its asyncio client")
class WebsocketsFeed(ResilientFeed):
    """A coroutine awaits each message; text stays bytes, and no compression is offered."""

    errors = WebSocketException

    async def _connect(self) -> Connection:
        return _Connection(
            await connect(
                self._settings.url,
                additional_headers=self._encoding.headers,
                compression=None,
                ping_interval=self._settings.heartbeat_s,
                ping_timeout=self._settings.heartbeat_timeout_s,
                close_timeout=0,  # a dead peer does not answer the closing handshake
                max_size=None,
                proxy=None,
            ),
            self._encoding.binary,
        )


class _Connection:
    def __init__(self, socket: ClientConnection, binary: bool) -> None:  # noqa: FBT001  as `Encoding` has it
        self._socket = socket
        self._text = not binary

    async def send(self, payload: bytes) -> None:
        await self._socket.send(payload, text=self._text)

    async def receive(self, on_frame: Callable[[bytes], None]) -> str:
        receive = self._socket.recv
        try:
            while True:
                on_frame(await receive(decode=False))
        except ConnectionClosed as closed:
            return str(closed)
        finally:
            self._socket.transport.abort()

    def abort(self) -> None:
        self._socket.transport.abort()
