"""A run of threads: what they do, what is counted, and what is found wrong afterwards."""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING, Any, cast

import pytest

from implementations.registry import UnavailableError
from suites.contention import subjects
from suites.contention.spec import ThreadSpec
from suites.contention.subjects import Job, counters, handoff, limiter, manager
from suites.contention.threads import Worker, counted, rounded, run

if TYPE_CHECKING:
    from pathlib import Path


def spec(subject: str, name: str, threads: int = 2, **more: Any) -> ThreadSpec:
    return ThreadSpec(subject, name, threads, "floating", (0,), 0.0, messages=600, **more)


@pytest.mark.parametrize("subject", ["counters", "handoff", "limiter"])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_run_and_lose_nothing(subject: str, threads: int) -> None:
    name = {"counters": "sharded", "handoff": "deque", "limiter": "try-first"}[subject]
    found = run(spec(subject, name, threads))
    assert found["failure"] == ""
    assert len(found["operations"]) == threads
    assert min(found["operations"]) > 0
    assert found["seconds"] > 0
    assert sum(found["writes"].values()) > 0


@pytest.mark.parametrize("name", ["locked", "plain-dict", "lock-free"])
def test_threads_write_their_own_books_and_read_all(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("suites.settings.CACHE", tmp_path)
    found = run(spec("manager", name))
    assert (found["failure"], found["done"]) == ("", sum(found["operations"]))
    assert sum(found["reads"].values()) >= 2


def test_the_switch_interval_is_set_for_the_run_and_put_back() -> None:
    seen: list[float] = []
    before = sys.getswitchinterval()
    made = subjects.Subject([Job(lambda: seen.append(sys.getswitchinterval()), None)], lambda *_: "")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(subjects.SUBJECTS, "counters", lambda _: made)
        run(spec("counters", "lock", 1, interval_s=0.0005))
    assert set(seen) == {0.0005}
    assert sys.getswitchinterval() == before


def test_a_thread_that_is_told_to_stop_before_it_began_has_samples_all_the_same() -> None:
    calls: deque[str] = deque()
    worker = Worker(Job(lambda: calls.append("w"), lambda: calls.append("r")), 4)
    worker.run([True], lambda: 0)
    assert (len(worker.write_ns), len(worker.read_ns)) == (4, 4)  # one round in eight of 32
    assert (calls.count("w"), calls.count("r")) == (32, 128)
    assert (worker.writes, worker.operations) == (32, 160)


@pytest.mark.parametrize("kind", ["write", "read"])
def test_a_thread_with_one_kind_of_work_makes_one_call_a_round(kind: str) -> None:
    calls: list[int] = []
    parts: dict[str, Any] = {"write": None, "read": None, kind: lambda: calls.append(1)}
    worker = Worker(Job(**parts), 4)
    worker.run([True], lambda: 0)
    assert (worker.operations, len(calls)) == (32, 32)


def test_durations_keep_three_digits_and_are_counted() -> None:
    assert [rounded(each) for each in (0, 7, 999, 1_234, 98_765)] == [0, 7, 999, 1_230, 98_800]
    assert counted([5, 1_231, 1_233, 5]) == {5: 2, 1_230: 2}


def test_an_addition_that_is_lost_is_said() -> None:
    made = counters(spec("counters", "lock"))
    write = made.jobs[0].write
    assert write is not None
    write()
    assert made.check([1], 1.0) == ""
    assert made.check([2, 1], 1.0) == "1 were counted of 3"


def test_more_tokens_than_there_were_are_said() -> None:
    made = limiter(spec("limiter", "try-first"))
    write = made.jobs[0].write
    assert write is not None
    for _ in range(50):
        write()
    assert made.check([50], 1.0) == ""
    assert made.check([50], -1.0).startswith("50 tokens were given, at most -999,900")


def test_a_limiter_that_only_awaits_is_not_run() -> None:
    with pytest.raises(UnavailableError, match="event loop's tasks alone"):
        limiter(spec("limiter", "await-always"))


class Careless:
    """A hand-off that drops the third item and swaps the next two."""

    def __init__(self, handler: Any, _capacity: int) -> None:
        self._handler, self._items = handler, deque[object]()

    def offer(self, item: object) -> bool:
        if item != 2:
            self._items.append(item)
        return True

    def drain(self, limit: int) -> int:
        handed = min(limit, len(self._items))
        for _ in range(handed):
            self._handler(self._items.popleft())
        return handed

    def __len__(self) -> int:
        return len(self._items)


@pytest.mark.parametrize(("offers", "told"), [(2, ""), (3, "2 arrived of 3"), (5, "3 came where 2 was due")])
def test_what_a_hand_off_loses_or_swaps_is_said(offers: int, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Entry:
        factory = Careless

    monkeypatch.setattr(subjects, "load", lambda *_: Entry)
    made = handoff(spec("handoff", "careless", 1))
    write = made.jobs[0].write
    assert write is not None
    for _ in range(offers):
        write()
    assert made.check([offers], 1.0) == told


@pytest.mark.parametrize(("threads", "producers", "consumers"), [(1, 1, 1), (2, 1, 1), (3, 2, 2), (4, 2, 2)])
def test_a_hand_off_has_pairs_and_a_thread_alone_does_both(threads: int, producers: int, consumers: int) -> None:
    jobs = handoff(spec("handoff", "deque", threads)).jobs
    assert len(jobs) == threads
    assert sum(job.write is not None for job in jobs) == producers
    assert sum(job.read is not None for job in jobs) == consumers


def test_a_book_that_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("suites.settings.CACHE", tmp_path)
    made = manager(spec("manager", "lock-free"))
    assert made.check([], 1.0) == ""
    write = made.jobs[0].write
    assert write is not None
    books = cast("Any", write).__self__.__reduce__()[1][0].__self__  # the map's function is the manager's
    books._cells.popitem()
    assert made.check([], 1.0).startswith("no book is left of ")
