"""Known slowdowns, for the canary of the gate and for its calibration: a detector is trusted after it has detected.

The delay stands inside the timed loop, behind the operation: wrapping the operation in another call would cost more
than the smallest slowdown that is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from tailgate.errors import TailgateError
from tailgate.measure.clock import clock_ns
from tailgate.measure.recorder import Replay, replay

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Sequence

    from tailgate.benchmark import Operation
    from tailgate.measure.protocol import Injection

_MANY: Final = 2_000
_REPEATS: Final = 15


def replay_with(injection: Injection) -> Replay:
    """Give the timed loop with the slowdown in it, or the plain one where there is none.

    `spin`: each operation (or each `every`-th of the tape) is followed by `spins` empty turns. `allocate`: each is
    followed by `spins` small lists, made and dropped, which costs time, allocator calls and collections.
    """
    if not injection.kind:
        return replay
    if injection.kind == "spin":
        return _spinning(injection.spins) if injection.every == 1 else _spinning_sometimes(injection)
    if injection.kind == "allocate":
        return _allocating(injection.spins)
    raise TailgateError(f"unknown injection {injection.kind!r}", hint="kinds: spin, allocate")


def _spinning(spins: int) -> Replay:
    def slowed(
        operation: Operation, inputs: Sequence[Any], row: array[int], start: int, stop: int, clock: Callable[[], int]
    ) -> None:
        for index in range(start, stop):
            item = inputs[index]
            began = clock()
            operation(item)
            for _ in repeat(None, spins):
                pass
            row[index] = clock() - began

    return slowed


def _spinning_sometimes(injection: Injection) -> Replay:
    spins, every = injection.spins, injection.every

    def slowed(
        operation: Operation, inputs: Sequence[Any], row: array[int], start: int, stop: int, clock: Callable[[], int]
    ) -> None:
        for index in range(start, stop):
            item = inputs[index]
            turns = 0 if index % every else spins
            began = clock()
            operation(item)
            for _ in repeat(None, turns):
                pass
            row[index] = clock() - began

    return slowed


def _allocating(lists: int) -> Replay:
    def slowed(
        operation: Operation, inputs: Sequence[Any], row: array[int], start: int, stop: int, clock: Callable[[], int]
    ) -> None:
        for index in range(start, stop):
            item = inputs[index]
            began = clock()
            operation(item)
            kept: list[list[object]] = [[] for _ in repeat(None, lists)]
            kept.clear()
            row[index] = clock() - began

    return slowed


@dataclass(frozen=True, slots=True)
class InjectionCost:
    """What a slowdown costs on the CPU where it was measured, in ns: to begin at all, per turn, per list."""

    start_ns: float
    turn_ns: float
    list_ns: float

    def spins_for(self, delay_ns: float) -> int:
        """Give the turns that last about `delay_ns` in all; at least one."""
        return max(1, round((delay_ns - self.start_ns) / self.turn_ns))

    def lists_for(self, delay_ns: float) -> int:
        """Give the small lists that cost about `delay_ns`; at least one."""
        return max(1, round(delay_ns / self.list_ns))


def measure_injection() -> InjectionCost:
    """Time loops of one turn and of many, and of many small lists, on this CPU now."""
    one, many, lists = [], [], []
    for _ in range(_REPEATS):
        began = clock_ns()
        for _ in repeat(None, _MANY):
            for _ in repeat(None, 1):
                pass
        one.append((clock_ns() - began) / _MANY)
        began = clock_ns()
        for _ in repeat(None, _MANY):
            pass
        many.append((clock_ns() - began) / _MANY)
        began = clock_ns()
        kept: list[list[object]] = [[] for _ in repeat(None, _MANY)]
        kept.clear()
        lists.append((clock_ns() - began) / _MANY)
    turn_ns = median(many)
    return InjectionCost(max(0.0, median(one) - 2 * turn_ns), turn_ns, median(lists))
