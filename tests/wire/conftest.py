"""The paper exchange as the tests use it: small tapes, one client at a time, everything by events."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from suites.exchange.server import Exchange, serve
from suites.exchange.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

Result = TypeVar("Result")

QUOTE = (
    b'[{"T":"q","S":"AAPL","bx":"K","bp":99.5,"bs":4,"ax":"Q","ap":100.5,"as":3,"c":["R"],"z":"C",'
    b'"t":"2023-04-06T11:54:21.670905508Z"}]'
)
BOOK = (
    b'[{"T":"o","S":"BTC/USD","t":"2024-03-12T10:38:50.79613221Z","b":[{"p":71859.53,"s":0.25},{"p":71849.4,"s":0.5}],'
    b'"a":[{"p":71939.7,"s":0.75},{"p":71940.4,"s":0.25}],"r":true}]'
)


@pytest.fixture
def quote() -> bytes:
    """Return one frame: a stock's quote, 99.5 to 100.5."""
    return QUOTE


@pytest.fixture
def book() -> bytes:
    """Return one frame: a whole crypto book, 71,859.53 to 71,939.7."""
    return BOOK


@pytest.fixture
def on_exchange() -> Callable[..., Any]:
    """Run a coroutine function against a fresh exchange, within ten seconds."""

    def run(scenario: Callable[[Exchange], Awaitable[Result]], settings: Settings | None = None) -> Result:
        async def main() -> Result:
            listed = replace(settings or Settings(), symbols=frozenset({"AAPL", "BTC/USD"}))
            async with asyncio.timeout(20), serve(listed) as exchange:
                return await scenario(exchange)

        return asyncio.run(main())

    return run


@contextlib.asynccontextmanager
async def running(stream: Any) -> AsyncIterator[None]:
    """Run one of the vendor's streams in a task of this loop, and stop it."""
    task = asyncio.create_task(stream._run_forever())
    try:
        yield
    finally:
        await stream.stop_ws()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await stream.close()


@pytest.fixture
def vendor_stream() -> Callable[[Any], contextlib.AbstractAsyncContextManager[None]]:
    """Return a context in which a stream of the vendor's client runs."""
    return running
