"""One input repeated: what the suites of other tools measure. It has a median worth judging, and no tail of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tailgate.answers import canonical
from tailgate.benchmark import Workload
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tailgate.benchmark import Operation

MOST: Final = 20_000
"""Operations of a pass at most; slow ones are cut by the budget of time."""


def repeated(operation: Operation, *, before: Callable[[], Any] | None = None, **more: Any) -> Workload:
    """Return the workload of an operation that gets None, or what `before` makes untimed for each call."""
    return Workload(
        inputs=[None] * MOST,
        start=lambda: operation,
        answer=answer_if_any,
        fresh=None if before is None else lambda _: before(),
        repeats=True,
        **more,
    )


def answer_if_any(answer: object) -> bytes:
    """Return the canonical bytes of an answer that has a value, else its type alone."""
    try:
        return canonical(answer)
    except TailgateError:
        return type(answer).__qualname__.encode()
