"""The recorder: nothing lost, nothing counted twice, nothing silent."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.errors import TailgateError
from tailgate.monitor import Recorder, Tally
from tailgate.results import histogram as hdr

HOUR_NS = 3_600_000_000_000


def places(values: list[int]) -> dict[int, int]:
    return dict(Counter(hdr.index_of(value) for value in values))


def added_up(tallies: list[Tally]) -> Tally:
    return sum(tallies, start=Tally())


def test_an_interval_holds_what_was_recorded_and_the_next_begins_empty() -> None:
    recorder = Recorder()
    for value in (5, 5, 70_000):
        recorder.record(value)
    taken = recorder.take()
    assert (dict(taken.counts), taken.count, taken.sum_ns) == (places([5, 5, 70_000]), 3, 70_010)
    assert recorder.take() == Tally()


def test_collecting_changes_nothing_but_the_backlog() -> None:
    recorder = Recorder(backlog_limit=10)
    recorder.record(7)
    assert recorder.backlog == 1
    recorder.collect()
    assert recorder.backlog == 0
    recorder.record(8)
    assert dict(recorder.take().counts) == {7: 1, 8: 1}


@given(st.lists(st.integers(0, 2**42 - 1), max_size=30), st.integers(1, 600))
def test_the_short_way_of_counting_is_the_long_one(values: list[int], chunk: int) -> None:
    recorder, one_by_one = Recorder(chunk=chunk), Recorder(chunk=1)
    for value in values:
        recorder.record(value)
        one_by_one._counting.add(value)
    assert recorder.take() == one_by_one.take()


@given(st.lists(st.integers(0, HOUR_NS) | st.sampled_from(["collect", "take"]), max_size=60), st.integers(0, 5))
def test_any_order_of_commands_counts_each_value_once(commands: list[int | str], limit: int) -> None:
    """Random commands against a plain list: intervals come in order, and together they are what was recorded."""
    recorder = Recorder(backlog_limit=limit, chunk=2)
    waiting: list[int] = []
    for command in [*commands, "take"]:
        if command == "take":
            assert dict(recorder.take().counts) == places(waiting)
            waiting = []
        elif command == "collect":
            recorder.collect()
        else:
            recorder.record(int(command))
            waiting.append(int(command))
            assert recorder.backlog <= limit + 1


def test_two_writers_and_two_readers_lose_nothing_and_count_nothing_twice() -> None:
    recorder = Recorder(backlog_limit=64, chunk=8)
    each, taken = 20_000, list[Tally]()
    at_once = threading.Barrier(4)
    left = [1, 2]  # the writers at work

    def write(value: int) -> None:
        at_once.wait()
        for _ in range(each):
            recorder.record(value)
        left.pop()

    def read(step: Any) -> None:
        at_once.wait()
        for _ in range(50_000):  # bounded, should a writer die
            step()
            if not left:
                break

    writers = [threading.Thread(target=write, args=(value,)) for value in (11, 22)]
    readers = [
        threading.Thread(target=read, args=(step,))
        for step in (recorder.collect, lambda: taken.append(recorder.take()))
    ]
    for thread in (*writers, *readers):
        thread.start()
    for thread in (*writers, *readers):
        thread.join()
    taken.append(recorder.take())
    assert dict(added_up(taken).counts) == {11: each, 22: each}
    assert recorder.backlog == 0


def test_values_recorded_while_an_interval_ends_are_in_the_next() -> None:
    recorder = Recorder(chunk=2)
    late = iter([100, 200])
    recorder.breathe = lambda: recorder.record(next(late))
    for value in (1, 2, 3):
        recorder.record(value)
    assert dict(recorder.take().counts) == {1: 1, 2: 1, 3: 1}
    recorder.breathe = lambda: None
    assert dict(recorder.take().counts) == {100: 1, 200: 1}


def test_the_reader_breathes_after_every_chunk() -> None:
    breaths: list[int] = []
    recorder = Recorder(chunk=10)
    recorder.breathe = lambda: breaths.append(recorder.backlog)
    for value in range(25):
        recorder.record(value)
    recorder.collect()
    assert breaths == [15, 5, 0]


@pytest.mark.parametrize("chunk", [0, -1])
def test_a_chunk_of_nothing_is_refused(chunk: int) -> None:
    with pytest.raises(TailgateError, match="never ends"):
        Recorder(chunk=chunk)


def test_without_a_reader_the_backlog_is_bounded_and_nothing_is_lost() -> None:
    recorder = Recorder(backlog_limit=100)
    for value in range(1000):
        recorder.record(value)
    assert recorder.backlog <= 101
    assert dict(recorder.take().counts) == dict.fromkeys(range(1000), 1)


class HeldLock:
    """A lock that somebody else holds; whoever would wait for it fails the test."""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002  # as threading.Lock
        assert not blocking, "a writer waited for the reader"
        return False


def test_a_record_never_waits_for_a_reader_that_is_counting() -> None:
    recorder = Recorder(backlog_limit=0)
    free, recorder._lock = recorder._lock, HeldLock()  # type: ignore[assignment]  # it stands in for a lock
    recorder.record(5)
    recorder.record(6)
    recorder._lock = free
    assert recorder.backlog == 2
    assert recorder.take().count == 2


def test_a_backlog_that_a_stalled_reader_left_shrinks_by_one_a_record() -> None:
    recorder = Recorder(backlog_limit=3)
    with recorder._lock:  # the reader was put aside in the middle
        for value in range(10):
            recorder.record(value)
    seen = []
    for _ in range(8):
        recorder.record(50)
        seen.append(recorder.backlog)
    assert seen == [9, 8, 7, 6, 5, 4, 3, 2]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # the writer is meant to die
def test_a_writer_that_dies_leaves_what_it_recorded() -> None:
    recorder = Recorder()

    def write() -> None:
        for value in range(10):
            recorder.record(value)
        raise RuntimeError("the writer dies")

    writer = threading.Thread(target=write)
    writer.start()
    writer.join()
    recorder.record(50)
    assert dict(recorder.take().counts) == {**dict.fromkeys(range(10), 1), 50: 1}


@pytest.mark.parametrize(
    ("value", "counted_as", "kind"),
    [
        (-1, 0, "negative"),
        (HOUR_NS, HOUR_NS, None),
        (HOUR_NS + 1, HOUR_NS, "too_high"),
        (2**80, HOUR_NS, "too_high"),
        (12.9, 12, None),
        (True, 1, None),
        (float("nan"), None, "unusable"),
        (float("inf"), None, "unusable"),
        (None, None, "unusable"),
        ("12", None, "unusable"),
        ([], None, "unusable"),
    ],
)
def test_what_does_not_fit_is_clamped_or_left_out_and_counted(
    value: Any, counted_as: int | None, kind: str | None
) -> None:
    recorder = Recorder()
    for each in (7, value, 7):
        recorder.record(each)
    taken = recorder.take()
    kept = [7, 7] + ([] if counted_as is None else [counted_as])
    assert (dict(taken.counts), taken.count, taken.sum_ns) == (places(kept), len(kept), sum(kept))
    assert {name for name in ("negative", "too_high", "unusable") if getattr(taken, name) == 1} == {kind} - {None}


def test_tallies_add_up() -> None:
    one = Tally({5: 1, 6: 2}, 3, 17, negative=1, too_high=2, unusable=3)
    other = Tally({6: 1, 9: 1}, 2, 15, negative=10, too_high=20, unusable=30)
    assert one + other == Tally({5: 1, 6: 3, 9: 1}, 5, 32, negative=11, too_high=22, unusable=33)
    assert dict(one.counts) == {5: 1, 6: 2}


def test_a_tally_becomes_a_histogram() -> None:
    recorder = Recorder()
    for value in (1000, 2_000_000):
        recorder.record(value)
    assert hdr.encode(recorder.take().histogram()) == hdr.encode(hdr.fill([1000, 2_000_000]))
