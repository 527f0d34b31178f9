"""The oracle: a blocking client on a thread of its own, one frame after the other."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, connect

from implementations.feed._resilient import ResilientFeed
from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable

    from implementations.feed.contract import Connection


@implementation(source="websockets, its blocking client")
class ReferenceFeed(ResilientFeed):
    """Every frame crosses from a thread of the executor into the loop before the next one is asked for."""

    errors = WebSocketException

    async def _connect(self) -> Connection:
        stack = ExitStack()
        return _Connection(await asyncio.to_thread(self._open, stack), stack, self._encoding.binary)

    def _open(self, stack: ExitStack) -> ClientConnection:
        return stack.enter_context(
            connect(
                self._settings.url,
                additional_headers=self._encoding.headers,
                compression=None,
                ping_interval=self._settings.heartbeat_s,
                ping_timeout=self._settings.heartbeat_timeout_s,
                close_timeout=0,
                max_size=None,
                proxy=None,
            )
        )


class _Connection:
    def __init__(self, socket: ClientConnection, stack: ExitStack, binary: bool) -> None:  # noqa: FBT001  as `Encoding` has it
        self._socket = socket
        self._text = not binary
        self._stack = stack
        self._ended = False

    async def send(self, payload: bytes) -> None:
        await asyncio.to_thread(self._socket.send, payload, text=self._text)

    async def receive(self, on_frame: Callable[[bytes], None]) -> str:
        try:
            while True:
                on_frame(await asyncio.to_thread(self._socket.recv, decode=False))
        except ConnectionClosed as closed:
            return str(closed)
        finally:
            self._ended = True
            await asyncio.to_thread(self._stack.close)

    def abort(self) -> None:
        if not self._ended:
            self._socket.close_socket()
