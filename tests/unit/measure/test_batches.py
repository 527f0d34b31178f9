"""Batches of short operations: their size, what they replay, and that their answers are still held to be equal."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tailgate.benchmark import Workload
from tailgate.errors import TailgateError
from tailgate.measure.batches import MOST, batch_for, batched


def test_a_batch_is_so_long_that_a_step_is_half_of_the_margin() -> None:
    margin = math.log1p(0.02)
    assert batch_for(math.log1p(10 / 1000), margin) == 1
    assert batch_for(math.log1p(10 / 250), margin) == 4
    assert batch_for(math.inf, margin) == MOST
    size = batch_for(math.log1p(10 / 90), margin)
    assert 10 / (90 * size) <= 0.0115


def test_the_operations_of_the_tape_run_in_order_from_fresh_state() -> None:
    finished: list[Any] = []
    made = batched(
        Workload(list(range(10)), lambda: [].append, answer=lambda _: b"", finish=finished.append),
        4,
    )
    assert made.inputs == [(0, 1, 2, 3), (4, 5, 6, 7)]
    operation = made.start()
    assert operation((1, 2)) == [None, None]
    made.finish(operation)  # type: ignore[misc]
    assert finished[0].__self__ == [1, 2]  # the operation that start made


def test_an_answer_that_differs_or_moves_to_its_neighbour_changes_the_batchs() -> None:
    made = batched(Workload([b"a", b"bc", b"ab", b"c"], lambda: lambda item: item, answer=lambda item: item), 2)
    operation = made.start()
    one, other = (made.answer(operation(batch)) for batch in made.inputs)
    assert one != other  # a, bc and ab, c
    assert one == made.answer([b"a", b"bc"])


@pytest.mark.parametrize("more", [{"stages": ("a",)}, {"fresh": list}, {"tasks": 2}, {"drive": "first"}])
def test_what_cannot_be_timed_together_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(TailgateError, match="cannot be timed in batches"):
        batched(Workload([1, 2], lambda: abs, **more), 2)


def test_awaited_operations_are_refused_when_they_are_seen() -> None:
    async def operation(_: int) -> None: ...

    with pytest.raises(TailgateError, match="awaited"):
        batched(Workload([1, 2], lambda: operation), 2).start()
