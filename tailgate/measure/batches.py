"""Operations so short that a step of the clock is too much of them, timed several at a time.

One sample is then a batch: so many consecutive operations of the tape. Its percentiles are the batch's, never a part of
them: the slowest batch is not made of slowest operations.
"""

from __future__ import annotations

import inspect
import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tailgate.errors import TailgateError
from tailgate.measure.drivers import drive_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tailgate.benchmark import Operation, Workload

MOST: Final = 256
_STEPS_IN_MARGIN: Final = 2.0
"""A step of the clock is at most this part of the margin, of a batch."""

_REFUSED: Final = "cannot be timed in batches"


def batch_for(step: float, margin: float) -> int:
    """Return how many operations make a batch, 1 where one is long enough. step: of one; both are log ratios."""
    if step <= margin:
        return 1
    return min(MOST, math.ceil(step * _STEPS_IN_MARGIN / margin)) if math.isfinite(step) and margin > 0.0 else MOST


def is_no_batch(error: TailgateError) -> bool:
    """Tell whether a side failed because its operations cannot be timed together, and for no other reason."""
    return _REFUSED in error.message


def batched(workload: Workload, size: int) -> Workload:
    """Return the workload whose operations are batches; TailgateError where its operations cannot be timed together.

    The rest of the tape that fills no batch is left out. The answers of all operations are held to be equal, as ever.
    """
    if workload.stages or workload.fresh or workload.tasks > 1 or workload.drive not in {"", "call"}:
        raise TailgateError(f"operations with stages, fresh inputs, tasks or a drive of their own {_REFUSED}")
    whole = len(workload.inputs) // size
    inputs = [tuple(workload.inputs[at * size : (at + 1) * size]) for at in range(whole)]
    return replace(
        workload,
        inputs=inputs,
        start=lambda: _together(workload.start()),
        answer=lambda answers: _joined(workload.answer, answers),
        finish=workload.finish and partial(_finish, workload.finish),
        labels=None,
    )


def _finish(finish: Callable[[Operation], object], together: Any) -> object:
    return finish(together.operation)


def _together(operation: Any) -> _Together:
    if inspect.iscoroutine(operation):
        operation.close()
    if not callable(operation) or drive_of(operation, "") != "call":
        raise TailgateError(f"operations that are awaited or exhausted {_REFUSED}")
    return _Together(operation)


class _Together:
    """Runs the operations of a batch one after the other, by one loop in C."""

    __slots__ = ("operation",)

    def __init__(self, operation: Operation) -> None:
        self.operation = operation

    def __call__(self, items: Sequence[Any]) -> list[Any]:
        """Return the answers."""
        return list(map(self.operation, items))


def _joined(answer: Callable[[Any], bytes], answers: Sequence[Any]) -> bytes:
    """Return one text of all answers, each behind its length: none can run into the next."""
    texts = [answer(each) for each in answers]
    return b"".join(len(text).to_bytes(4, "little") + text for text in texts)
