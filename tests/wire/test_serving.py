"""The exchange's own life: what is left of it when it has ended."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest

from suites.exchange.server import serve

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def unraisable(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Collect what only a destructor can tell, from now on."""
    gc.collect()
    left: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", left.append)
    yield left
    left.clear()


@pytest.mark.parametrize("turns", range(6))
def test_a_connection_that_comes_in_the_last_moment_is_closed_too(turns: int, unraisable: list[Any]) -> None:
    async def scenario() -> None:
        async with serve() as exchange:
            for _ in range(20):  # the kernel takes them; the loop has few turns to see them
                socket.create_connection((exchange.host, exchange.port)).close()
            for _ in range(turns):
                await asyncio.sleep(0)

    asyncio.run(scenario())
    gc.collect()
    assert [str(each.exc_value) for each in unraisable] == []
