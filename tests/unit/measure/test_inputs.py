"""An operation that changes its input is found; one that gets a fresh input each time may change it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tailgate.errors import TailgateError
from tailgate.measure.inputs import Fresh, Watch


def test_sorting_in_place_is_refused_with_the_way_out() -> None:
    inputs = [[3, 1, 2], [2, 1]]
    watch = Watch(inputs, 2)
    inputs[1].sort()
    with pytest.raises(TailgateError, match=r"operation 1 changes its input, which is now \[1, 2\]") as refused:
        watch.refuse_changes()
    assert "fresh=" in refused.value.hint


def test_inputs_that_stay_and_inputs_without_a_value_are_no_fault() -> None:
    inputs: list[Any] = [[1], {"a": {2, 3}}, object(), lambda: 1]
    watch = Watch(inputs, 4)
    inputs[2] = object()
    watch.refuse_changes()


def test_objects_with_state_are_watched_by_their_pickle() -> None:
    inputs = [Counter()]
    watch = Watch(inputs, 1)
    inputs[0].count += 1
    with pytest.raises(TailgateError, match="operation 0 changes its input"):
        watch.refuse_changes()


class Counter:
    def __init__(self) -> None:
        self.count = 0


def test_a_long_tape_is_watched_all_over() -> None:
    inputs = [[index] for index in range(10_000)]
    watch = Watch(inputs, 10_000)
    for each in inputs[9_000:]:
        each.clear()
    with pytest.raises(TailgateError, match="changes its input"):
        watch.refuse_changes()


def test_fresh_inputs_are_made_each_time_and_may_change() -> None:
    inputs = Fresh([[2, 1], [1]], copy.copy)
    watch = Watch(inputs, 2)
    inputs[0].sort()
    watch.refuse_changes()
    assert inputs[0] == [2, 1]
    assert len(inputs[:1]) == 1
    assert inputs[:1][0] == [2, 1]
