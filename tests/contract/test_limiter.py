"""Every rate limiter keeps the bucket's law, in virtual time: no test waits."""

from __future__ import annotations

import asyncio
import random
import selectors
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from implementations import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from implementations.limiter.contract import RateLimiter

    Factory = Callable[[float, int, Callable[[], float]], RateLimiter]

PATH = "limiter"
TICK_S = 2.0**-30  # what one turn of the event loop takes, so that time never stands still


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer instead of passing."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        return self.now

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.run_until_complete(work)


class _JumpingSelector(selectors.SelectSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "everything waits and no timer is set"
        self._loop.now += max(timeout, 0.0) + TICK_S
        return super().select(0)


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    loop = VirtualLoop()
    yield loop
    loop.close()


def passes_the_bound(times: list[float], rate: float, burst: int) -> bool:
    """Tell whether some window holds more than burst + rate * t tokens, one part in a million of a token aside."""
    return any(
        last - first + 1 > burst + rate * (times[last] - times[first]) + 1e-6
        for first in range(len(times))
        for last in range(first, len(times))
    )


def machine(factory: Factory) -> type[RuleBasedStateMachine]:  # noqa: C901  a class of commands
    class LimiterMachine(RuleBasedStateMachine):
        @initialize(rate=st.sampled_from([0.5, 8.0, 1000.0]), burst=st.integers(1, 5))
        def begin(self, rate: float, burst: int) -> None:
            self.loop = VirtualLoop()
            self.rate, self.burst = rate, burst
            self.limiter = factory(rate, burst, self.loop.time)
            self.given: list[float] = []
            self.served: list[int] = []
            self.waiting: dict[int, asyncio.Task[None]] = {}
            self.called = 0
            self.cancelled: set[int] = set()

        async def wait(self, number: int) -> None:
            await self.limiter.acquire()
            self.given.append(self.loop.now)
            self.served.append(number)
            del self.waiting[number]

        def hold_the_loop(self, intervals: float) -> None:
            """Keep the loop from its timers, as a slow handler does: a waiter's time may come without its turn."""
            self.loop.now += intervals / self.rate

        @rule(blocked=st.sampled_from([0.0, 1.0, 7.5]))
        def attempt(self, blocked: float) -> None:
            async def once() -> None:
                self.hold_the_loop(blocked)
                alone = not self.waiting
                if self.limiter.try_acquire():
                    assert alone, "overtook a waiter"
                    self.given.append(self.loop.now)

            self.loop.run(once())

        @rule(count=st.integers(1, 3), blocked=st.sampled_from([0.0, 1.0, 7.5]))
        def call(self, count: int, blocked: float) -> None:
            async def start() -> None:
                for _ in range(count):
                    self.waiting[self.called] = self.loop.create_task(self.wait(self.called))
                    self.called += 1
                self.hold_the_loop(blocked)
                await asyncio.sleep(0)

            self.loop.run(start())

        @rule(choice=st.integers(0, 9))
        def cancel(self, choice: int) -> None:
            async def stop() -> None:
                if self.waiting:  # who was served on the way here waits no more
                    await self.end(sorted(self.waiting)[choice % len(self.waiting)])

            self.loop.run(stop())

        async def end(self, number: int) -> None:
            task = self.waiting.pop(number)
            self.cancelled.add(number)
            task.cancel()
            (outcome,) = await asyncio.gather(task, return_exceptions=True)
            assert isinstance(outcome, asyncio.CancelledError), "a cancelled waiter was served"

        @rule(intervals=st.sampled_from([0.0, 0.25, 1.0, 2.5, 9.0]))
        def let_time_pass(self, intervals: float) -> None:
            self.loop.run(asyncio.sleep(intervals / self.rate))

        @rule()
        def let_all_be_served(self) -> None:
            self.loop.run(asyncio.sleep((len(self.waiting) + 1.1) / self.rate))
            assert not self.waiting, "a token was there and nobody got it"

        @invariant()
        def the_law_holds(self) -> None:
            assert not passes_the_bound(self.given, self.rate, self.burst)
            expected = [number for number in range(self.called) if number not in self.cancelled]
            assert self.served == expected[: len(self.served)]

        def teardown(self) -> None:
            async def end_all() -> None:
                while self.waiting:
                    await self.end(max(self.waiting))

            if hasattr(self, "loop"):
                self.loop.run(end_all())
                self.loop.close()

    return LimiterMachine


def test_it_keeps_the_law_through_any_commands(factory: Factory) -> None:
    run_state_machine_as_test(
        machine(factory), settings=settings(max_examples=40, stateful_step_count=30, deadline=None)
    )


@given(
    rate=st.sampled_from([0.5, 8.0, 1024.0]),
    burst=st.integers(1, 6),
    gaps=st.lists(st.integers(0, 24).map(lambda eighths: eighths / 8), max_size=60),
)
@settings(max_examples=40, deadline=None)
def test_trying_gives_the_reference_s_answers_or_always_declines(
    implementation: registry.Implementation, rate: float, burst: int, gaps: list[float]
) -> None:
    """Gaps are eighths of the interval between tokens, exact in binary: an answer never hangs on rounding."""
    loop = VirtualLoop()

    async def compare() -> tuple[list[object], list[object]]:
        oracle: Any = registry.load(PATH, "reference").factory(rate, burst, loop.time)
        limiter: Any = implementation.factory(rate, burst, loop.time)
        answers, expected = [], []
        for gap in gaps:
            loop.now += gap / rate
            answers.append(limiter.try_acquire())
            expected.append(oracle.try_acquire())
        return answers, expected

    answers, expected = loop.run(compare())
    loop.close()
    assert answers == expected or (implementation.name == "await-always" and not any(answers))


@pytest.mark.parametrize(("rate", "start_s"), [(3e5, 1e7), (1e6, 1e8), (200.0, 1.7e9), (7.3, 0.0)])
def test_a_clock_that_began_long_ago_takes_no_token_and_gives_none(rate: float, start_s: float) -> None:
    """The reading of such a clock is coarse; what is computed from it must not be rounded again for each token."""
    now_s = start_s
    rng = random.Random(3)
    factories: list[Any] = [registry.load(PATH, name).factory for name in ("try-first", "reference")]
    limiter, oracle = (each(rate, 9, lambda: now_s) for each in factories)
    given = expected = 0
    for _ in range(20_000):
        now_s += rng.random() / rate
        given += limiter.try_acquire()
        expected += oracle.try_acquire()
    assert 0 <= expected - given <= 1


def test_the_burst_is_there_at_the_start_and_no_more(factory: Factory, loop: VirtualLoop) -> None:
    limiter = factory(10.0, 3, loop.time)
    times: list[float] = []

    async def take() -> None:
        for _ in range(6):
            await limiter.acquire()
            times.append(loop.now)

    loop.run(take())
    assert times == pytest.approx([0.0, 0.0, 0.0, 0.1, 0.2, 0.3], abs=1e-4)


def test_a_long_rest_saves_no_more_than_the_burst(factory: Factory, loop: VirtualLoop) -> None:
    limiter = factory(10.0, 2, loop.time)

    async def take(count: int) -> float:
        start = loop.now
        for _ in range(count):
            await limiter.acquire()
        return loop.now - start

    loop.run(take(2))
    loop.run(asyncio.sleep(60.0))
    assert loop.run(take(2)) == pytest.approx(0.0, abs=1e-4)
    assert loop.run(take(1)) == pytest.approx(0.1, abs=1e-4)
