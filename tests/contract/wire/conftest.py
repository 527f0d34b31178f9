"""The paper exchange, for the conformance tests of the paths that talk to it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from suites.exchange.server import Exchange, serve
from suites.exchange.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Result = TypeVar("Result")


@pytest.fixture
def on_exchange() -> Callable[..., Any]:
    """Run a coroutine function against a fresh exchange, within twenty seconds."""

    def run(scenario: Callable[[Exchange], Awaitable[Result]], settings: Settings | None = None) -> Result:
        async def main() -> Result:
            listed = replace(settings or Settings(connection_limit=0), symbols=frozenset({"X"}))
            async with asyncio.timeout(20), serve(listed) as exchange:
                return await scenario(exchange)

        return asyncio.run(main())

    return run
