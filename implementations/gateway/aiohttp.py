"""The `aiohttp` client, kept: connections are pooled and kept alive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from implementations.gateway._aiohttp import new_session, request_over
from implementations.gateway._retrying import RetryingGateway
from implementations.registry import implementation

if TYPE_CHECKING:
    import aiohttp

    from implementations.gateway._requests import Leaving, Reply


@implementation(source="aiohttp.ClientSession, one for all orders", fixes="B7")
class AiohttpGateway(RetryingGateway):
    """`on_sent` comes when the loop goes on behind aiohttp's trace: by then the body was written to the transport."""

    _session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make the session; its connections are opened by the first orders."""
        self._session = self._session or new_session(self._settings)

    async def close(self) -> None:
        """End every connection."""
        await super().close()
        if self._session is not None:
            await self._session.close()

    async def request(self, method: str, target: str, body: bytes, leaving: Leaving) -> Reply:
        """Make one request over the pool."""
        self._session = self._session or new_session(self._settings)
        return await request_over(self._session, method, target, body, leaving)
