"""The `httpx` client, kept: connections are pooled and kept alive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from implementations.gateway._requests import Leaving, LostReplyError, NotSentError, Reply, reset_of
from implementations.gateway._retrying import RetryingGateway
from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable

    from implementations.gateway.contract import GatewaySettings
    from implementations.sharing.contract import Sharing

_SENT = "http11.send_request_body.complete"


@implementation(source="httpx.AsyncClient, one for all orders", fixes="B7")
class HttpxGateway(RetryingGateway):
    """`on_sent` comes from httpcore's trace: the body was written to the socket."""

    def __init__(self, settings: GatewaySettings, sharing: Sharing, on_sent: Callable[[str], object]) -> None:
        super().__init__(settings, sharing, on_sent)
        self._client = httpx.AsyncClient(
            base_url=settings.url,
            headers={
                "APCA-API-KEY-ID": settings.key,
                "APCA-API-SECRET-KEY": settings.secret,
                "Content-Type": "application/json",
            },
            limits=httpx.Limits(max_connections=settings.connections, keepalive_expiry=None),
            timeout=None,  # noqa: S113  every attempt has its time limit, set around the request
            trust_env=False,
        )

    async def close(self) -> None:
        """End every connection."""
        await super().close()
        await self._client.aclose()

    async def request(self, method: str, target: str, body: bytes, leaving: Leaving) -> Reply:
        """Make one request over the pool."""

        async def trace(event: str, _info: dict[str, Any]) -> None:
            leaving.began = leaving.began or event.startswith("http11.send_request_headers")
            if event == _SENT:
                leaving.sent()

        try:
            response = await self._client.request(method, target, content=body, extensions={"trace": trace})
        except httpx.TransportError as error:
            raise (LostReplyError if leaving.began else NotSentError)(str(error)) from error
        return Reply(response.status_code, response.content, reset_of(response.headers.get("x-ratelimit-reset")))
