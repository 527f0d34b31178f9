"""The timed loop, with a clock that is counted instead of read."""

from __future__ import annotations

from array import array
from itertools import count
from typing import Any

from tailgate.measure.recorder import blank_row, check, minima, replay, replay_stages, without_switches


def ticking(step: int = 1) -> Any:
    ticks = count(0, step)
    return lambda: next(ticks)


def test_replay_fills_only_its_segment_and_calls_each_operation_once() -> None:
    row = blank_row(6)
    seen: list[str] = []
    replay(seen.append, list("abcdef"), row, 2, 5, ticking())
    assert seen == ["c", "d", "e"]
    assert list(row) == [0, 0, 1, 1, 1, 0]


def test_a_sample_is_what_passes_between_the_two_reads_around_its_operation() -> Any:
    now = [0]

    def clock() -> int:
        return now[0]

    def operation(cost: int) -> None:
        now[0] += cost

    row = blank_row(3)
    replay(operation, [5, 70, 900], row, 0, 3, clock)
    assert list(row) == [5, 70, 900]


def test_replay_stages_keeps_what_operations_return() -> None:
    kept: list[tuple[int, int]] = []
    row = blank_row(2)
    replay_stages(lambda item: (item, 2 * item), [3, 4], row, 0, 2, ticking(), kept.append)
    assert kept == [(3, 6), (4, 8)]
    assert list(row) == [1, 1]


def test_check_names_the_operation_that_differs() -> None:
    right, marks = check(lambda x: x, [1, 2, 3], 3, lambda a: repr(a).encode())
    wrong, other = check(lambda x: x + (x == 2), [1, 2, 3], 3, lambda a: repr(a).encode())
    assert right != wrong
    assert [i for i in range(3) if marks[i] != other[i]] == [1]


def test_check_tells_apart_answers_that_join_to_the_same_bytes() -> None:
    one, _ = check(lambda x: x, [b"ab", b"c"], 2, bytes)
    other, _ = check(lambda x: x, [b"a", b"bc"], 2, bytes)
    assert one != other


def test_operations_after_a_hand_over_are_kept_out() -> None:
    row = array("q", range(10))
    assert list(without_switches(row, [0, 5], 2, 10)) == [2, 3, 4, 7, 8, 9]


def test_edges_closer_than_the_settling_do_not_bring_samples_back() -> None:
    row = array("q", range(6))
    assert list(without_switches(row, [0, 1], 3, 6)) == [4, 5]


def test_minima_are_taken_by_operation() -> None:
    rows = [array("q", [5, 1, 9]), array("q", [4, 2, 9]), array("q", [6, 3, 8])]
    assert list(minima(rows, 3)) == [4, 1, 8]
    assert list(minima(rows[:1], 2)) == [5, 1]
