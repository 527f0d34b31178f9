"""The loops that a feed client runs on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from implementations.registry import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from implementations.feed.contract import LoopName

Result = TypeVar("Result")


def run_on(name: LoopName, main: Coroutine[object, object, Result]) -> Result:
    """Run a coroutine on the named loop; UnavailableError where uvloop is not installed."""
    if name == "asyncio":
        return asyncio.run(main)
    try:
        import uvloop  # noqa: PLC0415  asyncio alone needs no uvloop
    except ModuleNotFoundError as error:
        main.close()
        raise UnavailableError("the package uvloop is not installed") from error
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if name == "uvloop-busy":
            never_sleep(runner.get_loop())
        return runner.run(main)


def never_sleep(loop: asyncio.AbstractEventLoop) -> None:
    """Keep a callback waiting in every round of the loop, so that it polls its sockets and never blocks on them."""

    def again() -> None:
        loop.call_soon(again)

    loop.call_soon(again)
