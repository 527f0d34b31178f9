"""Allocation and instruction counts of benchmarks whose figures are known."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from tailgate.errors import TailgateError
from tailgate.measure.lockstep import Plan
from tailgate.measure.sides import Side
from tailgate.profilers.allocations import allocations_of, allocations_per_operation
from tailgate.profilers.allocators import allocators, memory_under
from tailgate.profilers.instructions import instructions_of
from tailgate.profilers.launch import ProfilerError

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("memray")

OPERATIONS = 500
SUITE = """
    import queue
    import threading

    from tailgate import Workload, benchmark


    class Thing:
        __slots__ = ()


    def inner(item):
        return None


    @benchmark("known/three")
    def three(settings):
        def start():
            def operation(item):
                a, b, c = Thing(), Thing(), Thing()
            return operation
        return Workload([None] * 2000, start)


    @benchmark("known/calls")
    def calls(settings):
        def start():
            def operation(item):
                inner(item)
                inner(item)
            return operation
        return Workload([None] * 2000, start)


    @benchmark("known/numbers")
    def numbers(settings):
        return Workload(range(2000), lambda: lambda item: None)


    @benchmark("known/methods")
    def methods(settings):
        def start():
            free = [None] * 16
            keep = [].append
            def operation(item):
                keep(None)
                free.append(free.pop())
            return operation
        return Workload([None] * 2000, start)


    def many(item):
        free = [None] * 16
        for _ in range(10):
            free.append(free.pop())

    class Handed:
        # a thread that does the work of an operation, as many times as it is asked

        def __init__(self):
            self.asked, self.done = queue.SimpleQueue(), queue.SimpleQueue()
            threading.Thread(target=self.loop, daemon=True).start()

        def loop(self):
            while self.asked.get():
                many(None)
                self.done.put(None)

        def __call__(self, item):
            self.asked.put(True)
            self.done.get()

    EARLY = []

    @benchmark("known/own-thread")
    def own_thread(settings):
        return Workload([None] * 2000, lambda: many)

    @benchmark("known/thread-of-the-state")
    def fresh_thread(settings):
        return Workload([None] * 2000, Handed, finish=lambda it: it.asked.put(False))

    @benchmark("known/thread-before")
    def early_thread(settings):
        EARLY.append(Handed())
        return Workload([None] * 2000, lambda: EARLY[0])


    @benchmark("known/resumed")
    def resumed(settings):
        return Workload([(None,) * 9] * 2000, lambda: lambda item: sum(1 for _ in item))


    @benchmark("known/resumed-once")
    def resumed_once(settings):
        return Workload([(None,)] * 2000, lambda: lambda item: sum(1 for _ in item))


    @benchmark("known/keeps")
    def keeps(settings):
        def start():
            kept = []
            def operation(item):
                kept.append(bytes(item))
                bytes(2 * item)
            return operation
        return Workload([1000] * 2000, start)


    @benchmark("known/circles")
    def circles(settings):
        def operation(item):
            circle = []
            circle.append(circle)
        return Workload([None] * 2000, lambda: operation)


    @benchmark("known/order-of-a-set")
    def order(settings):
        def start():
            def operation(item):
                for word in {"a", "b", "c", item}:
                    if word == "b":
                        break
                    Thing()
            return operation
        return Workload([f"w{n}" for n in range(2000)], start)


    @benchmark("known/stages")
    def stages(settings):
        def parse(item):
            return Thing(), Thing()

        def send(item):
            return Thing()

        def operation(item):
            parse(item)
            send(item)
            return (1, 2)
        return Workload([None] * 2000, lambda: operation, stages=("parse", "send"))


    @benchmark("known/nothing")
    def nothing(settings):
        def start():
            def operation(item):
                for _ in (1,) * 10:
                    pass
            return operation
        return Workload([None] * 2000, start)


    @benchmark("known/absent", check=lambda: "needs a part that is not here")
    def absent(settings):
        raise AssertionError
"""


class Thing:
    __slots__ = ()


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    (tmp_path / "known_suite.py").write_text(textwrap.dedent(SUITE))
    return Plan("known_suite", tmp_path, {})


def side(name: str, **more: object) -> Side:
    return Side(name, f"known/{name}", **more)  # type: ignore[arg-type]


def test_each_operation_s_objects_are_counted_and_nothing_of_the_harness_s(plan: Plan) -> None:
    count = allocations_of(side("three"), plan, OPERATIONS)
    assert count.operations == OPERATIONS
    assert count.per_operation == 3
    assert [(each.file, each.function, each.per_operation) for each in count.sites[:1]] == [
        ("known_suite.py", "operation", 3)
    ]
    assert count.bytes_per_operation == 3 * sys.getsizeof(Thing())


@pytest.mark.parametrize("name", ["three", "calls", "methods", "resumed", "keeps", "circles", "order-of-a-set"])
def test_a_gates_short_count_is_the_figure_of_the_long_one(plan: Plan, name: str) -> None:
    long = allocations_of(side(name), plan, OPERATIONS).per_operation
    assert allocations_per_operation(side(name), plan, OPERATIONS) == pytest.approx(long, abs=2 / OPERATIONS)


def test_frame_objects_that_only_tracking_makes_are_not_counted(plan: Plan) -> None:
    assert allocations_of(side("calls"), plan, OPERATIONS).per_operation == 0


def test_the_numbers_of_a_tape_that_is_a_range_are_the_harness_s(plan: Plan) -> None:
    assert allocations_of(side("numbers"), plan, OPERATIONS).per_operation == 0


def test_methods_that_only_tracking_binds_are_not_counted(plan: Plan) -> None:
    """What is left is the growth of the list whose bound `append` is kept."""
    assert 0 <= allocations_of(side("methods"), plan, OPERATIONS).per_operation < 0.1


@pytest.mark.parametrize("thread", ["thread-of-the-state", "thread-before"])
def test_methods_that_tracking_binds_in_other_threads_are_not_counted(plan: Plan, thread: str) -> None:
    alone, handed = (
        allocations_of(Side(name, f"known/{name}"), plan, OPERATIONS).per_operation for name in ("own-thread", thread)
    )
    assert 0 < alone <= handed < alone + 4  # a queue's own nodes; the methods of `many` would be 20


def test_sites_show_no_method_that_tracking_binds_in_a_thread_older_than_it(plan: Plan) -> None:
    count = allocations_of(Side("thread-before", "known/thread-before"), plan, OPERATIONS)
    assert sum(site.per_operation for site in count.sites) < count.per_operation + 4


def test_a_generator_is_counted_once_however_often_it_is_resumed(plan: Plan) -> None:
    often, once = (allocations_of(side(name), plan, OPERATIONS) for name in ("resumed", "resumed-once"))
    assert often.per_operation == once.per_operation
    assert 2 <= often.per_operation <= 4  # the generator, its function, an iterator; less what free lists give


def test_what_a_pass_keeps_is_its_growth_and_its_peak(plan: Plan) -> None:
    count = allocations_of(side("keeps"), plan, OPERATIONS)
    assert 1033 <= count.retained_per_operation <= 1060  # a bytes object of 1,000 and its place in the list
    assert count.retained_per_operation * OPERATIONS <= count.peak_bytes <= 1.1 * 1060 * OPERATIONS


def test_circles_wait_for_the_collector_and_are_not_growth(plan: Plan) -> None:
    count = allocations_of(side("circles"), plan, OPERATIONS)
    assert count.retained_per_operation < 1
    assert count.peak_bytes > 50 * OPERATIONS  # with collections off they were all there at once


def test_two_runs_agree_although_a_set_has_another_order_in_each_process(plan: Plan) -> None:
    one, other = (allocations_of(side("order-of-a-set"), plan, OPERATIONS) for _ in range(2))
    assert one == other
    assert one.per_operation > 0


def test_the_stages_of_an_operation_share_its_allocations(plan: Plan) -> None:
    count = allocations_of(side("stages"), plan, OPERATIONS)
    assert {each.stage: round(each.per_operation, 1) for each in count.stages if each.per_operation} == {
        "parse": 2,
        "send": 1,
    }


def test_a_missing_memray_is_told_with_the_way_out(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "shadow").mkdir()
    (tmp_path / "shadow" / "memray.py").write_text("raise ImportError('No module named memray')")
    with pytest.raises(TailgateError, match="memray, which cannot be imported") as told:
        allocations_of(side("three", roots=(tmp_path / "shadow",)), plan, OPERATIONS)
    assert "tailgate[allocations]" in told.value.hint


def test_a_benchmark_that_cannot_run_says_why(plan: Plan) -> None:
    with pytest.raises(ProfilerError, match="needs a part that is not here"):
        allocations_of(side("absent"), plan, OPERATIONS)


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
def test_instructions_of_a_pass_repeat_and_see_one_more_turn(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "slower").mkdir()
    slower = textwrap.dedent(SUITE).replace("(1,) * 10", "(1,) * 11")
    (tmp_path / "slower" / "known_suite.py").write_text(slower)
    base = instructions_of(side("nothing"), plan, 200)
    head = instructions_of(side("nothing", roots=(tmp_path / "slower",)), plan, 200)
    assert 100 < base < 10_000
    assert 2 < head - base < 100


@pytest.mark.parametrize("name", ["malloc", "pymalloc", "jemalloc"])
def test_memory_under_an_allocator(plan: Plan, name: str) -> None:
    if reason := allocators()[name].missing:
        pytest.skip(reason)
    weighed = memory_under(name, side("keeps"), plan)
    assert weighed.operations == 2000
    assert weighed.fragmentation is not None
    assert 1.0 <= weighed.fragmentation < 3.0
    assert weighed.peak_bytes is not None
    assert weighed.rss_bytes <= weighed.peak_bytes
    assert bool(weighed.jemalloc_bytes) == (name == "jemalloc")
