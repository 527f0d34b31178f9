"""Every counter counts every addition, whatever the other threads do, and never goes back; a racy one is caught."""

from __future__ import annotations

import sys
import threading
import types
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from implementations.counters.contract import OrderCounter
    from implementations.registry import Implementation

PATH = "counters"
THREADS = 4

RACY = """
class RacyCounter:
    def __init__(self):
        self._count = 0

    def _more(self):
        return self._count + 1

    def add(self):
        self._count = self._more()

    def value(self):
        return self._count
"""


@given(calls=st.lists(st.booleans(), max_size=60))
def test_alone_it_is_a_number(implementation: Implementation, calls: list[bool]) -> None:
    counter: Any = implementation.factory()
    added = 0
    for adds in calls:
        if adds:
            counter.add()
            added += 1
        else:
            assert counter.value() == added
    assert counter.value() == added


def test_two_counters_share_nothing(implementation: Implementation) -> None:
    one: Any = implementation.factory()
    other: Any = implementation.factory()
    one.add()
    assert (one.value(), other.value()) == (1, 0)


@pytest.fixture
def switching(request: pytest.FixtureRequest, implementation: Implementation) -> Iterator[None]:
    """Switch between any two instructions; what leans on the GIL's own places of switching, at the shortest interval.

    A trace function runs between two instructions and may let another thread in there, where no program without one is
    ever interrupted.
    """
    if not implementation.requires.gil:
        request.getfixturevalue("eager_switching")
        yield
        return
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("switching")
def test_no_addition_of_any_thread_is_lost(implementation: Implementation) -> None:
    counter: Any = implementation.factory()
    assert counted_by_threads(counter, 20_000 if implementation.requires.gil else 400) == 0
    assert counter.value() == counter.value()  # asking changes nothing


@pytest.mark.usefixtures("switching")
def test_who_asks_is_never_told_less_than_before_nor_more_than_was_begun(implementation: Implementation) -> None:
    counter: Any = implementation.factory()
    begun, ended, wrong = [0], [0], list[str]()
    over = threading.Event()

    def add() -> None:
        for _ in range(1_500):
            begun[0] += 1
            counter.add()
            ended[0] += 1
        over.set()

    def ask() -> None:
        before = 0
        while not over.is_set():
            least = ended[0]
            told = counter.value()
            most = begun[0]
            if not max(before, least) <= told <= most:
                wrong.append(f"{told}, after {before}, with {least} ended and {most} begun")
            before = told

    run_together([add, ask, ask])
    assert wrong == []
    assert counter.value() == 1_500


@pytest.mark.usefixtures("eager_switching")
def test_a_racy_counter_is_caught() -> None:
    module = types.ModuleType("implementations.racy")
    exec(RACY, module.__dict__)
    assert counted_by_threads(module.RacyCounter(), 400) > 0


def counted_by_threads(counter: OrderCounter, each: int) -> int:
    """Add from several threads at once; return how many additions were lost."""
    start = threading.Barrier(THREADS)

    def add() -> None:
        start.wait()
        for _ in range(each):
            counter.add()

    run_together([add] * THREADS)
    return THREADS * each - counter.value()


def run_together(jobs: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
