"""A new client, and so a new connection, for every request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from implementations.gateway._aiohttp import new_session, request_over
from implementations.gateway._retrying import RetryingGateway
from implementations.registry import implementation

if TYPE_CHECKING:
    from implementations.gateway._requests import Leaving, Reply


@implementation(source="aiohttp.ClientSession inside the function that sends, as examples show it", bottleneck="B7")
class ClientPerOrderGateway(RetryingGateway):
    """Every order pays for a session, a connector, a connection and their end."""

    async def request(self, method: str, target: str, body: bytes, leaving: Leaving) -> Reply:
        """Make one request over a session of its own."""
        async with new_session(self._settings) as session:
            return await request_over(session, method, target, body, leaving)
