"""Known slowdowns, for the canary of the gate and for its calibration: a detector is trusted after it has detected."""

from __future__ import annotations

from itertools import count, repeat
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from tailgate.errors import TailgateError
from tailgate.measure.clock import clock_ns

if TYPE_CHECKING:
    from tailgate.benchmark import Operation
    from tailgate.measure.protocol import Injection

_PROBE_SPINS: Final = 20_000


def injected(operation: Operation, injection: Injection) -> Operation:
    """Give the operation with the slowdown around it, or itself where there is none.

    `spin`: every operation (or each `every`-th) spins `spins` empty turns. `allocate`: every operation makes and drops
    `spins` small lists, which costs time, allocator calls and collections.
    """
    if not injection.kind:
        return operation
    if injection.kind == "spin":
        return _spinning(operation, injection.spins, injection.every)
    if injection.kind == "allocate":
        return _allocating(operation, injection.spins)
    raise TailgateError(f"unknown injection {injection.kind!r}", hint="kinds: spin, allocate")


def _spinning(operation: Operation, spins: int, every: int) -> Operation:
    if every == 1:

        def each(item: Any) -> object:
            answer = operation(item)
            for _ in repeat(None, spins):
                pass
            return answer

        return each
    turns = count()

    def sometimes(item: Any) -> object:
        answer = operation(item)
        if next(turns) % every == 0:
            for _ in repeat(None, spins):
                pass
        return answer

    return sometimes


def _allocating(operation: Operation, lists: int) -> Operation:
    def each(item: Any) -> object:
        answer = operation(item)
        kept: list[list[object]] = [[] for _ in repeat(None, lists)]
        kept.clear()
        return answer

    return each


def spins_for(delay_ns: float) -> int:
    """Give how many empty turns last about `delay_ns` on this machine; at least one."""
    times = []
    for _ in range(9):
        began = clock_ns()
        for _ in repeat(None, _PROBE_SPINS):
            pass
        times.append((clock_ns() - began) / _PROBE_SPINS)
    return max(1, round(delay_ns / median(times)))
