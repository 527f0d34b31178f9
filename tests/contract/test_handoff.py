"""Every hand-off behaves as a bounded first-in first-out queue, on one thread and between two."""

from __future__ import annotations

import gc
import threading
import weakref
from collections import deque
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

if TYPE_CHECKING:
    from collections.abc import Callable

    from implementations.handoff.contract import Handoff

    Factory = Callable[[Callable[[object], object], int], Handoff]

PATH = "handoff"


class Refused(Exception):  # noqa: N818  the handler's own way to fail
    pass


def queueless(factory: Factory) -> bool:
    """Tell whether an item is handled within `offer`."""
    probe = factory(lambda _: None, 1)
    probe.offer(0)
    return len(probe) == 0


def machine(factory: Factory) -> type[RuleBasedStateMachine]:  # noqa: C901  a class of commands
    inline = queueless(factory)

    class HandoffMachine(RuleBasedStateMachine):
        @initialize(capacity=st.integers(1, 9))
        def begin(self, capacity: int) -> None:
            self.capacity = capacity
            self.handled: list[object] = []
            self.expected: list[object] = []
            self.waiting: deque[tuple[int, bool]] = deque()  # the sequential model
            self.refused = 0
            self.number = 0
            self.handoff = factory(self.handle, capacity)

        def handle(self, item: object) -> None:
            self.handled.append(item)
            if item[1]:  # type: ignore[index]  # the pairs that `offer` below makes
                raise Refused

        @rule(fails=st.integers(0, 4).map(lambda draw: draw == 0))
        def offer(self, fails: bool) -> None:  # noqa: FBT001  drawn, not called
            item = (self.number, fails)
            self.number += 1
            if inline:
                self.expected.append(item)
                if fails:
                    with pytest.raises(Refused):
                        self.handoff.offer(item)
                else:
                    assert self.handoff.offer(item) is True
            elif len(self.waiting) >= self.capacity:
                self.refused += 1
                assert self.handoff.offer(item) is False
            else:
                self.waiting.append(item)
                assert self.handoff.offer(item) is True

        @rule(limit=st.integers(0, 12))
        def drain(self, limit: int) -> None:
            handed = 0
            while self.waiting and handed < limit:
                item = self.waiting.popleft()
                self.expected.append(item)
                handed += 1
                if item[1]:
                    with pytest.raises(Refused):
                        self.handoff.drain(limit)
                    return
            assert self.handoff.drain(limit) == handed

        @invariant()
        def nothing_is_lost(self) -> None:
            assert self.handled == self.expected
            assert len(self.handoff) == len(self.waiting)
            assert self.handoff.refused == self.refused

    return HandoffMachine


def test_it_follows_a_bounded_queue_through_any_commands(factory: Factory) -> None:
    run_state_machine_as_test(
        machine(factory), settings=settings(max_examples=40, stateful_step_count=40, deadline=None)
    )


@pytest.mark.parametrize("capacity", [1, 7])
def test_two_threads_lose_nothing_and_keep_the_order(factory: Factory, eager_switching: None, capacity: int) -> None:
    """One thread offers until each item is taken, one drains: every item arrives once, in its place."""
    count = 100 + 100 * capacity
    handled: list[object] = []
    handoff = factory(handled.append, capacity)
    longest = 0
    refusals = 0
    failures: list[BaseException] = []

    def produce() -> None:
        nonlocal refusals
        for number in range(count):
            while not handoff.offer(number):
                refusals += 1

    def consume() -> None:
        nonlocal longest
        while len(handled) < count and producer.is_alive() | bool(len(handoff)):
            longest = max(longest, len(handoff))
            handoff.drain(3)

    def guarded(work: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001  it is raised below, on the test's thread
                failures.append(error)

        return run

    producer = threading.Thread(target=guarded(produce))
    consumer = threading.Thread(target=guarded(consume))
    producer.start()
    consumer.start()
    producer.join()
    consumer.join()
    handoff.drain(count)
    assert failures == []
    assert handled == list(range(count))
    assert handoff.refused == refusals
    assert longest <= capacity
    assert len(handoff) == 0


def test_a_refused_item_is_not_kept(factory: Factory) -> None:
    handoff = factory(lambda _: None, 1)
    if queueless(factory):
        assert all(handoff.offer(number) for number in range(9))
        assert handoff.refused == 0
        return
    assert [handoff.offer(number) for number in range(3)] == [True, False, False]
    assert (handoff.refused, len(handoff)) == (2, 1)
    assert handoff.drain(9) == 1
    assert handoff.offer(3) is True


def test_an_item_is_let_go_once_it_was_handed_over(factory: Factory) -> None:
    class Item:
        pass

    handoff = factory(lambda _: None, 4)
    item = Item()
    watch = weakref.ref(item)
    handoff.offer(item)
    del item
    handoff.drain(1)
    gc.collect()
    assert watch() is None


def test_the_handler_may_call_back(factory: Factory) -> None:
    """A handler that offers a follow-up and drains again finds the hand-off whole."""
    handled: list[object] = []

    def handle(item: object) -> None:
        handled.append(item)
        if item == 0:
            assert handoff.offer(10)
            handoff.drain(1)

    handoff = factory(handle, 3)
    for number in range(3):
        assert handoff.offer(number)
    handoff.drain(9)
    assert sorted(handled, key=str) == [0, 1, 10, 2]
    assert len(handoff) == 0
