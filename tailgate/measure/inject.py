"""Known slowdowns, for the gate's positive control and its calibration: a detector is trusted after it has detected.

The delay stands inside the timed loop, behind the operation, as so many cheap statements in a row: another call, or
even the start of an inner loop, would cost more than the smallest slowdown that is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat
from statistics import median
from typing import TYPE_CHECKING, Final

from tailgate.errors import TailgateError
from tailgate.measure.clock import clock_ns
from tailgate.measure.loops import timed_loop
from tailgate.measure.recorder import Replay, blank_row, replay

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Sequence

    from tailgate.benchmark import Operation
    from tailgate.measure.protocol import Injection

MOST_TURNS: Final = 20_000
_MANY: Final = 500
_TURNS: Final = 200
_REPEATS: Final = 15


def replay_with(injection: Injection) -> Replay:
    """Return the timed loop with the slowdown in it, or the plain one where there is none.

    `spin`: each operation (or each `every`-th of the tape) is followed by `spins` assignments. `allocate`: each is
    followed by `spins` small lists, made and dropped, which costs time, allocator calls and collections.
    """
    if not injection.kind:
        return replay
    if injection.kind == "spin":
        return _spinning(injection.spins, injection.every)
    if injection.kind == "allocate":
        return _allocating(injection.spins)
    raise TailgateError(f"unknown injection {injection.kind!r}", hint="kinds: spin, allocate")


def _spinning(turns: int, every: int) -> Replay:
    """Return the loop with that many assignments in it."""
    if not 1 <= turns <= MOST_TURNS or every < 1:
        raise TailgateError(f"a slowdown of {turns} turns, every {every}, cannot be built in")
    return timed_loop("call", turns, every)


def _allocating(lists: int) -> Replay:
    def slowed(
        operation: Operation, inputs: Sequence[object], row: array[int], start: int, stop: int, clock: Callable[[], int]
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
    """What a slowdown costs on the CPU where it was measured, in ns: per turn, per list."""

    turn_ns: float
    list_ns: float

    def spins_for(self, delay_ns: float) -> int:
        """Return the turns that last about `delay_ns` in all; at least one."""
        return max(1, min(MOST_TURNS, round(delay_ns / self.turn_ns)))

    def lists_for(self, delay_ns: float) -> int:
        """Return the small lists that cost about `delay_ns`; at least one."""
        return max(1, round(delay_ns / self.list_ns))


def measure_injection() -> InjectionCost:
    """Time the loop with and without turns, and many small lists, on this CPU now."""
    row, inputs = blank_row(_MANY), [0] * _MANY
    slowed = _spinning(_TURNS, 1)
    turns, lists = [], []
    for _ in range(_REPEATS):
        plain_ns, slowed_ns = (_lasts(each, inputs, row) for each in (replay, slowed))
        turns.append((slowed_ns - plain_ns) / (_MANY * _TURNS))
        began = clock_ns()
        kept: list[list[object]] = [[] for _ in repeat(None, _MANY)]
        kept.clear()
        lists.append((clock_ns() - began) / _MANY)
    return InjectionCost(max(median(turns), 0.1), median(lists))


def _lasts(loop: Replay, inputs: list[int], row: array[int]) -> int:
    began = clock_ns()
    loop(callable, inputs, row, 0, len(inputs), clock_ns)
    return clock_ns() - began
