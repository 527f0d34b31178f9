"""How an operation is driven: called, awaited on the worker's own loop, drained, or asked how long it took.

An awaited operation is replayed by one coroutine for each segment, so that no `run_until_complete` falls into a sample.
"""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tailgate.errors import TailgateError
from tailgate.measure.clock import PROBES, clock_ns, measure_overhead
from tailgate.measure.inject import replay_with
from tailgate.measure.loops import timed_loop

if TYPE_CHECKING:
    from array import array
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence

    from tailgate.benchmark import Operation, Workload
    from tailgate.measure.clock import HarnessOverhead
    from tailgate.measure.loops import Drive
    from tailgate.measure.protocol import Injection
    from tailgate.measure.recorder import Replay

_ASYNC: Final = frozenset({"await", "exhaust async", "first async"})


class Driver:
    """Drives the operations of one workload; `close` ends its event loop, where it has one."""

    def __init__(self, workload: Workload, injection: Injection) -> None:
        self._workload = workload
        self._injection = injection
        self._loop: asyncio.AbstractEventLoop | None = None
        self.drive: Drive = "call"
        self.replay: Replay = self._replay_of("call")

    def begin(self) -> Operation:
        """Build fresh state and return the operation of a pass; the first one decides how all are driven."""
        start = self._workload.start
        made = start()
        operation: Operation = self._run(made) if inspect.iscoroutine(made) else made
        if not callable(operation):
            raise TailgateError(
                f"start() returned a {type(operation).__name__}, which cannot be called",
                hint="start builds the state of a pass and returns the operation: start=lambda: function",
            )
        drive = drive_of(operation, self._workload.drive)
        if drive != self.drive:
            self.drive = drive
            self.replay = self._replay_of(drive)
        return operation

    def finish(self, operation: Operation) -> None:
        """Release what `begin` opened."""
        if self._workload.finish is not None:
            done: Any = self._workload.finish(operation)
            if inspect.iscoroutine(done):
                self._run(done)

    def plain(self, operation: Operation) -> Operation:
        """Return what runs one operation when it is called: the operation itself, where nothing else is needed."""
        whole = self.drive == "call" and not self._workload.raises
        return operation if whole else partial(self.call, operation)

    def call(self, operation: Operation, item: object) -> object:
        """Run one operation untimed and return its answer, or what it may raise; one that reports its time has none."""
        try:
            return self._call(operation, item)
        except self._workload.raises as expected:
            return expected

    def _call(self, operation: Operation, item: object) -> object:
        if self.drive == "call":
            return operation(item)
        if self.drive == "reported":
            operation(item)
            return None
        if self.drive == "exhaust":
            return list(operation(item))  # type: ignore[call-overload]  # a generator function, by its drive
        if self.drive == "first":
            return next(operation(item), None)  # type: ignore[call-overload]  # likewise
        return self._run(self._answer(operation, item))

    async def _answer(self, operation: Operation, item: object) -> object:
        made: Any = operation(item)
        if self.drive == "await":
            return await made
        if self.drive == "exhaust async":
            return [each async for each in made]
        first = await anext(made, None)
        await made.aclose()
        return first

    def overhead(self, plain: HarnessOverhead, clock: Callable[[], int] = clock_ns) -> HarnessOverhead:
        """Return what the harness adds to an operation that is driven as this workload's is.

        plain: what it adds to one that is called. The empty operation is a builtin here too, and what it gives is done
        before it is awaited or asked for items.
        """
        if self.drive == "call":
            return plain
        done = self._run(_done(self.drive)) if self.drive in _ASYNC else _given(self.drive)
        empty = dict.fromkeys(range(PROBES), done).__getitem__
        return replace(
            measure_overhead(clock, self._loop_of(self.drive, 0, 1), empty), clock_step_ns=plain.clock_step_ns
        )

    def close(self) -> None:
        """End the event loop."""
        if self._loop is not None:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()
            self._loop = None

    def _run(self, awaitable: Any) -> Any:
        if self._loop is None:
            self._loop = _new_loop(self._workload.loop)
            asyncio.set_event_loop(self._loop)
        return self._loop.run_until_complete(awaitable)

    def _replay_of(self, drive: Drive) -> Replay:
        if drive == "call" and not self._workload.raises:
            return replay_with(self._injection)
        if self._injection.kind not in {"", "spin"}:
            raise TailgateError(
                f"a slowdown by {self._injection.kind!r} cannot be built into an operation that is driven by {drive}"
            )
        return self._loop_of(drive, self._injection.spins if self._injection.kind else 0, self._injection.every)

    def _loop_of(self, drive: Drive, turns: int, every: int) -> Replay:
        timed = timed_loop(drive, turns, every, self._workload.raises)  # type: ignore[arg-type]  # classes are hashable
        return partial(self._replay_async, timed, self._workload.tasks) if drive in _ASYNC else timed

    def _replay_async(
        self,
        timed: Callable[..., Any],
        tasks: int,
        operation: Operation,
        inputs: Sequence[Any],
        row: array[int],
        start: int,
        stop: int,
        clock: Callable[[], int],
    ) -> None:
        indices = iter(range(start, stop))
        if tasks == 1:
            self._run(timed(operation, inputs, row, indices, clock))
        else:
            self._run(_together(timed(operation, inputs, row, indices, clock) for _ in range(tasks)))


def _no_items() -> Iterator[Any]:
    yield from ()


async def _no_items_async() -> AsyncIterator[Any]:
    for each in _no_items():
        yield each


def _given(drive: Drive) -> object:
    """Return what an operation of this drive gives that does nothing: no time, or a generator at its end."""
    if drive == "reported":
        return 0.0
    made = _no_items()
    next(made, None)
    return made


async def _done(drive: Drive) -> object:
    """Return what an awaited operation gives that does nothing: a future that is done, or a generator at its end."""
    if drive == "await":
        future = asyncio.get_running_loop().create_future()
        future.set_result(None)
        return future
    made = _no_items_async()
    await anext(made, None)
    return made


async def _together(coroutines: Iterable[Any]) -> None:
    """Run coroutines that take their operations from one iterator; each operation has its own sample."""
    await asyncio.gather(*coroutines)


def drive_of(operation: Operation, asked: str) -> Drive:
    """Return how an operation is driven: as asked, else by what kind of function it is."""
    called = operation.func if isinstance(operation, partial) else operation
    kinds = (called, getattr(called, "__call__", None))  # noqa: B004  the method of an object that is called is what counts
    makes_async = any(map(inspect.isasyncgenfunction, kinds))
    if asked in {"exhaust", "first"}:
        return f"{asked} async" if makes_async else asked  # type: ignore[return-value]  # of these four
    if asked:
        return asked  # type: ignore[return-value]  # checked by Workload
    if makes_async:
        return "exhaust async"
    if any(map(inspect.iscoroutinefunction, kinds)):
        return "await"
    return "exhaust" if any(map(inspect.isgeneratorfunction, kinds)) else "call"


def _new_loop(name: str | Callable[[], Any]) -> asyncio.AbstractEventLoop:
    if callable(name):
        made: asyncio.AbstractEventLoop = name()
        return made
    if name == "asyncio":
        return asyncio.new_event_loop()
    try:
        import uvloop  # noqa: PLC0415  an extra of the project that asks for it
    except ImportError as error:
        raise TailgateError(f"the event loop {name!r} cannot be used: {error}", hint="pip install uvloop") from error
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop
