"""Requests over a session of `aiohttp`, which one gateway keeps and another makes anew for each order."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp

from implementations.gateway._requests import Leaving, LostReplyError, NotSentError, Reply, reset_of

if TYPE_CHECKING:
    from types import SimpleNamespace

    from implementations.gateway.contract import GatewaySettings


async def _on_headers(_session: aiohttp.ClientSession, context: SimpleNamespace, _: object) -> None:
    context.trace_request_ctx.began = True


async def _on_chunk(_session: aiohttp.ClientSession, context: SimpleNamespace, _: object) -> None:
    # aiohttp tells before it writes, and writes before it lets the loop go on.
    asyncio.get_running_loop().call_soon(context.trace_request_ctx.sent)


def new_session(settings: GatewaySettings) -> aiohttp.ClientSession:
    """Make a session with its own pool of connections."""
    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(_on_headers)
    trace.on_request_chunk_sent.append(_on_chunk)
    return aiohttp.ClientSession(
        base_url=settings.url,
        headers={
            "APCA-API-KEY-ID": settings.key,
            "APCA-API-SECRET-KEY": settings.secret,
            "Content-Type": "application/json",
        },
        connector=aiohttp.TCPConnector(limit=settings.connections, keepalive_timeout=3600),
        timeout=aiohttp.ClientTimeout(total=None),
        trace_configs=[trace],
    )


async def request_over(
    session: aiohttp.ClientSession, method: str, target: str, body: bytes, leaving: Leaving
) -> Reply:
    """Make one request: NotSentError when nothing of it left, LostReplyError when it left unanswered."""
    try:
        async with session.request(method, target, data=body or None, trace_request_ctx=leaving) as response:
            content = await response.read()
            return Reply(response.status, content, reset_of(response.headers.get("X-Ratelimit-Reset")))
    except (aiohttp.ClientError, ConnectionError) as error:
        raise (LostReplyError if leaving.began else NotSentError)(str(error)) from error
