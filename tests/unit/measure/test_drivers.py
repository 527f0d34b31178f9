"""Operations as users write them: called, awaited, drained; each sample is one operation's own."""

from __future__ import annotations

import asyncio
from array import array
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from tailgate.benchmark import Workload
from tailgate.errors import TailgateError
from tailgate.measure import drivers
from tailgate.measure.clock import HarnessOverhead
from tailgate.measure.drivers import Driver, drive_of
from tailgate.measure.loops import timed_loop
from tailgate.measure.protocol import Injection
from tailgate.measure.raised import told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


async def awaited(item: int) -> int:
    await asyncio.sleep(0)
    return item + 1


def generated(item: int) -> Iterator[int]:
    yield from range(item)


async def async_generated(item: int) -> AsyncIterator[int]:
    for each in range(item):
        yield each


class Handler:
    async def __call__(self, item: int) -> int:
        return await awaited(item)


def replayed(workload: Workload, injection: Injection | None = None, stop: int = 5) -> list[int]:
    driver = Driver(workload, injection or Injection())
    try:
        operation = driver.begin()
        ticks, row = count(), array("q", bytes(8 * stop))
        driver.replay(operation, workload.inputs, row, 0, stop, lambda: next(ticks))
        driver.finish(operation)
    finally:
        driver.close()
    return list(row)


@pytest.mark.parametrize(
    ("operation", "asked", "drive"),
    [
        (len, "", "call"),
        (awaited, "", "await"),
        (partial(awaited), "", "await"),
        (Handler(), "", "await"),
        (generated, "", "exhaust"),
        (generated, "first", "first"),
        (async_generated, "", "exhaust async"),
        (async_generated, "first", "first async"),
        (lambda _: 0.5, "reported", "reported"),
    ],
)
def test_an_operation_is_driven_by_its_kind_or_as_asked(operation: Any, asked: str, drive: str) -> None:
    assert drive_of(operation, asked) == drive


@pytest.mark.parametrize("operation", [abs, awaited, generated, async_generated, Handler()])
@pytest.mark.parametrize("injection", [Injection(), Injection("spin", 3), Injection("spin", 3, every=2)])
def test_each_operation_lies_between_two_reads_of_the_clock(operation: Any, injection: Injection) -> None:
    assert replayed(Workload(range(5), lambda: operation), injection) == [1] * 5


@pytest.mark.parametrize(
    ("operation", "drive", "answer"),
    [
        (abs, "", 3),
        (awaited, "", 4),
        (generated, "", [0, 1, 2]),
        (generated, "first", 0),
        (async_generated, "", [0, 1, 2]),
        (async_generated, "first", 0),
        (lambda _: 0.5, "reported", None),
    ],
)
def test_the_answer_is_what_the_operation_gives_in_the_end(operation: Any, drive: Any, answer: object) -> None:
    driver = Driver(Workload([3], lambda: operation, drive=drive), Injection())
    assert driver.plain(driver.begin())(3) == answer
    driver.close()


def test_a_reported_duration_is_the_sample_and_a_slowdown_is_added_to_it() -> None:
    assert replayed(Workload(range(2), lambda: lambda _: 2e-6, drive="reported"), stop=2) == [2001, 2001]


def test_tasks_are_in_flight_together_and_share_the_inputs() -> None:
    flying, most, seen = 0, 0, []

    async def handle(item: int) -> None:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        await asyncio.sleep(0)
        seen.append(item)
        flying -= 1

    samples = replayed(Workload(range(9), lambda: handle, tasks=3), stop=9)
    assert most == 3
    assert sorted(seen) == list(range(9))
    assert all(sample > 0 for sample in samples)


def test_start_and_finish_may_be_async_and_run_on_the_loop_of_the_operations() -> None:
    loops: list[object] = []

    async def handle(_item: int) -> None:
        loops.append(asyncio.get_running_loop())

    async def start() -> Any:
        loops.append(asyncio.get_running_loop())
        return handle

    async def finish(_operation: Any) -> None:
        loops.append(asyncio.get_running_loop())

    replayed(Workload([1, 2], start, finish=finish), stop=2)
    assert len(loops) == 4
    assert len(set(loops)) == 1


def test_only_the_first_item_is_waited_for_and_the_generator_is_closed() -> None:
    closed: list[int] = []

    def items(item: int) -> Iterator[int]:
        try:
            yield item
            raise AssertionError("the second item was asked for")
        finally:
            closed.append(item)

    replayed(Workload(range(3), lambda: items, drive="first"), stop=3)
    assert closed == [0, 1, 2]


def test_what_start_returns_must_be_an_operation() -> None:
    with pytest.raises(TailgateError, match=r"start\(\) returned a int, which cannot be called"):
        Driver(Workload([1], lambda: 3), Injection()).begin()


def refuses(item: int) -> int:
    if item % 2:
        raise ValueError(item)
    return item


async def refuses_later(item: int) -> int:
    return refuses(await awaited(item) - 1)


@pytest.mark.parametrize("operation", [refuses, refuses_later])
@pytest.mark.parametrize("injection", [Injection(), Injection("spin", 3, every=2)])
def test_an_exception_that_is_the_right_answer_is_timed_and_compared(operation: Any, injection: Injection) -> None:
    workload = Workload(range(5), lambda: operation, raises=ValueError)
    assert replayed(workload, injection) == [1] * 5
    driver = Driver(workload, injection)
    call = driver.plain(driver.begin())
    assert [workload.answer(call(item)) for item in (2, 3)] == [b"2", b"ValueError(3)"]
    driver.close()
    with pytest.raises(ValueError, match="1"):
        replayed(Workload(range(5), lambda: operation), injection)
    with pytest.raises(ValueError, match="1"):
        replayed(Workload(range(5), lambda: operation, raises=(KeyError, OSError)), injection)


def test_an_exception_is_no_answer_where_none_is_compared() -> None:
    with pytest.raises(TailgateError, match=r"Workload\(raises=\.\.\.\) does not go with drive='first'"):
        Workload([1], lambda: generated, drive="first", raises=ValueError)
    with pytest.raises(TailgateError, match="does not go with stages"):
        Workload([1], lambda: refuses, stages=("a", "b"), raises=ValueError)


@pytest.mark.parametrize(
    ("operation", "frames"), [(refuses, ["refuses"]), (refuses_later, ["refuses_later", "refuses"])]
)
def test_what_raises_names_the_operation_and_no_frame_of_ours(operation: Any, frames: list[str]) -> None:
    with pytest.raises(ValueError, match="3") as caught:
        replayed(Workload([0, 2, 3, 4], lambda: operation), stop=4)
    text, raised = told(caught.value)
    assert raised
    assert text.startswith("operation 2 raised ValueError: 3\n  input: 3\nTraceback")
    assert [line.rpartition(" in ")[2] for line in text.splitlines() if line.startswith("  File")] == frames


def test_what_a_builtin_raises_has_no_frames_and_what_no_operation_raises_no_number() -> None:
    with pytest.raises(ValueError, match="invalid literal") as caught:
        replayed(Workload(["1", "x"], lambda: int), stop=2)
    assert (
        told(caught.value)[0]
        == "operation 1 raised ValueError: invalid literal for int() with base 10: 'x'\n  input: 'x'"
    )
    with pytest.raises(ZeroDivisionError) as caught_early:
        replayed(Workload([1], lambda: 1 // 0))
    text, raised = told(caught_early.value)
    assert not raised
    assert "in <lambda>" in text
    assert "tailgate/measure" not in text


@pytest.mark.parametrize(
    ("operation", "drive"),
    [(awaited, ""), (generated, ""), (generated, "first"), (async_generated, ""), (async_generated, "first")],
)
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_the_harness_overhead_is_that_of_the_drive(
    operation: Any, drive: Any, loop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("uvloop", reason="uvloop is not installed")
    asked: list[tuple[Any, ...]] = []

    def noted(*of: Any) -> Any:
        asked.append(of)
        return timed_loop(*of)

    monkeypatch.setattr(drivers, "timed_loop", noted)
    workload = Workload(range(5), lambda: operation, drive=drive, loop=loop, tasks=3 if operation is awaited else 1)
    driver = Driver(workload, Injection("spin", 50))
    driver.begin()
    plain = HarnessOverhead(50.0, 150.0, 40.0, clock_step_ns=7)
    ticks = count()
    found = driver.overhead(plain, lambda: next(ticks))
    assert asked[-1][:2] == (driver.drive, 0)  # the loop of this drive, without the slowdown of the operation
    assert driver.drive != "call"
    driver.close()
    # Two reads of the clock a sample, so one step between them; and two more around each of the five rounds.
    assert found.inside_ns == 1
    assert found.total_ns == pytest.approx(2, rel=0.001)
    assert found.clock_step_ns == 7


def test_the_harness_overhead_of_a_called_operation_is_the_process_s_own() -> None:
    driver = Driver(Workload(range(5), lambda: abs), Injection())
    driver.begin()
    plain = HarnessOverhead(50.0, 150.0, 40.0, clock_step_ns=7)
    assert driver.overhead(plain) is plain
