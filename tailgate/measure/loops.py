"""The timed loops: one for each way to drive an operation, with a known slowdown in it where one is asked for.

The plain loop stands readable in recorder.py. The others differ in two or three lines of the same template and are
compiled from it, because another call inside a sample, or the start of an inner loop, would cost more than the smallest
slowdown that is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

from tailgate.measure.raised import TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Callable

Drive = Literal["call", "await", "exhaust", "first", "exhaust async", "first async", "reported"]

_CALLED: Final = """
def timed(operation, inputs, row, start, stop, clock):
    for index in range(start, stop):
        item = inputs[index]
{timed}
"""
_AWAITED: Final = """
async def timed(operation, inputs, row, indices, clock):
    for index in indices:
        item = inputs[index]
{timed}
"""
_TURN: Final = "turn = item"


@dataclass(frozen=True, slots=True)
class _Shape:
    """The lines around an operation: before the sample, the operation, the sample, and behind it."""

    operation: str
    before: str = "began = clock()"
    sample: str = "row[index] = clock() - began"
    behind: str = ""
    template: str = _CALLED

    def lines(self, delay: list[str], *, guarded: bool) -> list[str]:
        """Return the body of the loop with the delay behind the operation, inside the sample."""
        done = ["try:", f"    {self.operation}", "except expected: pass"] if guarded else [self.operation]
        return [self.before, *done, *delay, self.sample, *([self.behind] if self.behind else [])]


_SHAPES: Final[dict[Drive, _Shape]] = {
    "call": _Shape("operation(item)"),
    "await": _Shape("await operation(item)", template=_AWAITED),
    "exhaust": _Shape("for _ in operation(item): pass"),
    "first": _Shape("made = operation(item); next(made, None)", behind="made.close()"),
    "exhaust async": _Shape("async for _ in operation(item): pass", template=_AWAITED),
    "first async": _Shape(
        "made = operation(item); await anext(made, None)", behind="await made.aclose()", template=_AWAITED
    ),
    "reported": _Shape(  # the operation says how long it took; what is added to it is timed
        "began = clock()",
        before="took_ns = round(operation(item) * 1e9)",
        sample="row[index] = took_ns + clock() - began",
    ),
}


@cache
def timed_loop(
    drive: Drive, turns: int = 0, every: int = 1, raises: type[Exception] | tuple[type[Exception], ...] = ()
) -> Callable[..., Any]:
    """Return the loop, a `Replay`; where the drive awaits, a coroutine function that takes indices for start and stop.

    turns: so many cheap assignments stand behind each operation, or behind each `every`-th of the tape. raises: what an
    operation may end with; to enter a `try` costs nothing.
    """
    shape = _SHAPES[drive]
    slowed = shape.lines([_TURN] * turns, guarded=bool(raises))
    if every == 1 or not turns:
        body = _indented(slowed, 8)
    else:
        plain = _indented(shape.lines([], guarded=bool(raises)), 12)
        body = f"        if index % {every}:\n{plain}\n        else:\n{_indented(slowed, 12)}"
    scope: dict[str, Any] = {"expected": raises}
    text = shape.template.format(timed=body)
    exec(compile(text, f"{TEMPLATE}{drive}, {turns} turns>", "exec"), scope)  # noqa: S102  our own template with integers in it
    loop: Callable[..., Any] = scope["timed"]
    return loop


def _indented(lines: list[str], by: int) -> str:
    return "\n".join(" " * by + line for line in lines)
