"""The standard library's `http.client` over one kept connection."""

from __future__ import annotations

import asyncio
import http.client
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from implementations.gateway._requests import Leaving, LostReplyError, NotSentError, Reply, reset_of
from implementations.gateway._retrying import RetryingGateway
from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable

    from implementations.gateway.contract import GatewaySettings
    from implementations.sharing.contract import Sharing


@implementation(source="http.client.HTTPConnection, kept alive", fixes="B7")
class HttpClientGateway(RetryingGateway):
    """One request at a time: it is written on the loop's thread, and read there once the socket has the answer.

    `on_sent` follows the `sendall` of the request. Connecting, and an answer that comes in pieces, block the loop.
    """

    def __init__(self, settings: GatewaySettings, sharing: Sharing, on_sent: Callable[[str], object]) -> None:
        super().__init__(settings, sharing, on_sent)
        address = urlsplit(settings.url)
        self._connection = http.client.HTTPConnection(
            address.hostname or "", address.port, timeout=settings.attempt_timeout_s
        )
        self._headers = {
            "APCA-API-KEY-ID": settings.key,
            "APCA-API-SECRET-KEY": settings.secret,
            "Content-Type": "application/json",
        }
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        """Connect."""
        await asyncio.to_thread(self._connection.connect)

    async def close(self) -> None:
        """End the connection."""
        await super().close()
        self._connection.close()

    async def request(self, method: str, target: str, body: bytes, leaving: Leaving) -> Reply:
        """Make one request when the one before has its answer."""
        async with self._turn:
            try:
                self._write(method, target, body, leaving)
                leaving.sent()
                await self._readable()
                response = self._connection.getresponse()
                content = response.read()
            except BaseException as error:
                self._connection.close()
                if isinstance(error, (OSError, http.client.HTTPException)):
                    raise LostReplyError(str(error)) from error
                raise
            return Reply(response.status, content, reset_of(response.getheader("X-Ratelimit-Reset")))

    def _write(self, method: str, target: str, body: bytes, leaving: Leaving) -> None:
        try:
            if self._connection.sock is None:
                self._connection.connect()
        except OSError as error:
            raise NotSentError(str(error)) from error
        leaving.began = True
        self._connection.request(method, target, body or None, self._headers)

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        socket = self._connection.sock
        ready = asyncio.Event()
        loop.add_reader(socket, ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_reader(socket)
