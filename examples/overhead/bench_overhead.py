"""What the harness adds to an operation of each kind: five operations that do nothing, on one loop and on another."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tailgate import Workload, benchmark

if TYPE_CHECKING:
    from collections.abc import Callable

OPERATIONS = range(20_000)


def plain(_number: int) -> None:
    """Do nothing."""


async def awaited(_number: int) -> None:
    """Do nothing, awaited."""


async def giving_way(_number: int) -> None:
    """Give way to the loop once."""
    await asyncio.sleep(0)


def _declare(name: str, function: Callable[[int], object], loop: str = "asyncio") -> None:
    @benchmark(f"empty/{name}")
    def _workload(_settings: object) -> Workload:
        return Workload(inputs=OPERATIONS, start=lambda: function, loop="uvloop" if loop == "uvloop" else "asyncio")


_declare("plain", plain)
_declare("awaited", awaited)
_declare("awaited-uvloop", awaited, "uvloop")
_declare("giving-way", giving_way)
_declare("giving-way-uvloop", giving_way, "uvloop")
