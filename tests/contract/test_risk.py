"""Every risk check gives the answers of the reference, and no race takes it past a limit."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from implementations import registry
from implementations.messages import Order
from implementations.risk import contract
from implementations.risk.contract import ADMITTED, Exposure, Limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from implementations.messages import Side
    from implementations.risk.contract import RiskCheck

PATH = "risk"
WIDE = Limits(order_quantity=1e6, open_orders=10**6, daily_loss=1e9, position=1e9, notional=1e12)
THREADS = 4

quantities = st.integers(1, 40).map(lambda lots: lots / 10)
prices = st.integers(1, 40).map(lambda tick: tick / 4)
names = st.integers(0, 12).map("order-{}".format)
limits = st.builds(
    Limits,
    order_quantity=st.sampled_from([2.0, 3.5, 100.0]),
    open_orders=st.sampled_from([1, 3, 100]),
    daily_loss=st.sampled_from([1.0, 5.0, 1e6]),
    position=st.sampled_from([2.0, 6.0, 1e6]),
    notional=st.sampled_from([10.0, 50.0, 1e6]),
)


def order(name: str, side: Side = "buy", quantity: float = 1.0, price: float = 1.0, symbol: str = "X/USD") -> Order:
    return Order(name, symbol, side, quantity, price)


def rounded(exposure: Exposure) -> tuple[object, ...]:
    positions = {symbol: pytest.approx(held, abs=1e-9) for symbol, held in exposure.positions.items()}
    return exposure.open_orders, pytest.approx(exposure.notional, abs=1e-9), pytest.approx(exposure.realised), positions


def machine(factory: Callable[[Limits], RiskCheck]) -> type[RuleBasedStateMachine]:  # noqa: C901  a class of commands
    class RiskMachine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.both: tuple[RiskCheck, ...] = ()

        @rule(chosen=limits)
        def begin(self, chosen: Limits) -> None:
            if not self.both:
                oracle: RiskCheck = registry.load(PATH, "reference").factory(chosen)  # type: ignore[assignment]  # untyped
                self.both = (factory(chosen), oracle)

        @rule(
            name=names,
            symbol=st.sampled_from(["X/USD", "Y/USD"]),
            side=st.sampled_from(["buy", "sell"]),
            quantity=quantities,
            price=prices,
        )
        def admit(self, name: str, symbol: str, side: Side, quantity: float, price: float) -> None:
            answers = [each.admit(Order(name, symbol, side, quantity, price)) for each in self.both]
            assert len(set(answers)) <= 1, [contract.REASONS[answer] for answer in answers]

        @rule(name=names, quantity=quantities, price=prices)
        def fill(self, name: str, quantity: float, price: float) -> None:
            for each in self.both:
                each.on_fill(name, quantity, price)

        @rule(name=names)
        def cancel(self, name: str) -> None:
            for each in self.both:
                each.on_cancel(name)

        @rule(name=names)
        def reject(self, name: str) -> None:
            for each in self.both:
                each.on_reject(name)

        @invariant()
        def the_exposures_agree(self) -> None:
            if self.both:
                held, expected = (each.exposure() for each in self.both)
                assert held.positions.keys() == expected.positions.keys()
                assert (held.open_orders, held.notional, held.realised, held.positions) == rounded(expected)

    return RiskMachine


def test_it_follows_the_reference_through_any_commands(factory: Callable[[Limits], RiskCheck]) -> None:
    run_state_machine_as_test(
        machine(factory), settings=settings(max_examples=60, stateful_step_count=40, deadline=None)
    )


@pytest.mark.parametrize(
    ("reason", "tight", "first", "second"),
    [
        (contract.ORDER_SIZE, {"order_quantity": 0.3}, order("a", quantity=0.3), order("b", quantity=0.31)),
        (contract.OPEN_ORDERS, {"open_orders": 1}, order("a"), order("b")),
        (contract.POSITION, {"position": 0.3}, order("a", quantity=0.1), order("b", quantity=0.21)),
        (contract.POSITION, {"position": 0.3}, order("a", "sell", 0.1), order("b", "sell", 0.21)),
        (contract.NOTIONAL, {"notional": 0.3}, order("a", price=0.1), order("b", "sell", price=0.21)),
        (contract.DUPLICATE, {}, order("a"), order("a", "sell", 2.0)),
    ],
)
def test_each_limit_refuses_what_goes_beyond_it(
    factory: Callable[[Limits], RiskCheck], reason: int, tight: dict[str, float], first: Order, second: Order
) -> None:
    check = factory(Limits(**{name: tight.get(name, getattr(WIDE, name)) for name in Limits.__slots__}))
    assert check.admit(first) == ADMITTED
    before = check.exposure()
    assert check.admit(second) == reason
    assert check.exposure() == before
    check.on_reject("a")
    assert check.exposure() == Exposure(0, 0.0, 0.0, {})


def test_an_order_that_lands_on_a_limit_is_admitted_whatever_the_rounding(
    factory: Callable[[Limits], RiskCheck],
) -> None:
    """Ten times 0.1 is not 1.0 in floats."""
    check = factory(Limits(order_quantity=0.1, open_orders=99, daily_loss=1.0, position=1.0, notional=1.0))
    assert [check.admit(order(str(number), quantity=0.1)) for number in range(11)] == [ADMITTED] * 10 + [
        contract.POSITION
    ]


def test_a_loss_that_reaches_the_limit_stops_every_order(factory: Callable[[Limits], RiskCheck]) -> None:
    check = factory(Limits(order_quantity=9.0, open_orders=9, daily_loss=0.3, position=9.0, notional=99.0))
    for number, (side, price) in enumerate([("buy", 1.0), ("sell", 0.9), ("sell", 1.0), ("buy", 1.1)]):
        assert check.admit(order(str(number), side, 1.0, price)) == ADMITTED  # type: ignore[arg-type]  # the side's type
        check.on_fill(str(number), 1.0, price)
    assert check.exposure().realised == pytest.approx(-0.2)
    for name, side, price in (("a", "buy", 1.1), ("b", "sell", 1.0)):
        assert check.admit(order(name, side, 1.0, price)) == ADMITTED  # type: ignore[arg-type]  # the side's type
        check.on_fill(name, 1.0, price)
    assert check.admit(order("late")) == contract.DAILY_LOSS


def test_fills_in_parts_end_the_order(factory: Callable[[Limits], RiskCheck]) -> None:
    check = factory(WIDE)
    assert check.admit(order("a", quantity=0.3)) == ADMITTED
    check.on_fill("a", 0.1, 1.0)
    check.on_fill("a", 0.1, 1.0)
    assert check.exposure().open_orders == 1
    check.on_fill("a", 0.1, 1.0)  # 0.3 - 0.1 - 0.1 - 0.1 is not 0 in floats
    assert check.exposure() == Exposure(0, 0.0, 0.0, {"X/USD": 0.1 + 0.1 + (0.3 - 0.1 - 0.1)})
    check.on_fill("a", 0.1, 1.0)
    check.on_cancel("a")
    assert check.exposure().positions == {"X/USD": pytest.approx(0.3)}


def race(work: Callable[[int], None]) -> None:
    """Run `work(number)` on every thread at once; an exception of any is raised here."""
    start = threading.Barrier(THREADS)
    failures: list[BaseException] = []

    def run(number: int) -> None:
        start.wait()
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001  it is raised below, on the test's thread
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


class Live:
    """Counts what was admitted and not yet given back: at every moment a part of what the check has reserved."""

    def __init__(self) -> None:
        self.now = self.most = self.ever = 0
        self._lock = threading.Lock()

    def add(self, change: int) -> None:
        with self._lock:
            self.now += change
            self.most = max(self.most, self.now)
            self.ever += max(change, 0)


@pytest.mark.parametrize("limit", ["open_orders", "position", "notional"])
def test_racing_threads_never_pass_a_limit(
    factory: Callable[[Limits], RiskCheck], eager_switching: None, limit: str
) -> None:
    """Orders of quantity 1 and price 1 against room for five, from four threads that hold up to three each."""
    check = factory(Limits(**{name: getattr(WIDE, name) for name in Limits.__slots__} | {limit: 5}))
    live = Live()

    def work(number: int) -> None:
        held: list[str] = []
        chance = random.Random(number)
        for turn in range(100):
            name = f"{number}-{turn}"
            if check.admit(order(name)) == ADMITTED:
                live.add(1)
                held.append(name)
            if len(held) > 2 or (held and chance.random() < 0.5):
                live.add(-1)
                (check.on_cancel if turn % 2 else check.on_reject)(held.pop(0))
        for name in held:
            live.add(-1)
            check.on_cancel(name)

    race(work)
    assert live.most <= 5
    assert live.ever > 20
    assert check.exposure() == Exposure(0, 0.0, 0.0, {})
    assert [check.admit(order(f"last-{number}")) == ADMITTED for number in range(6)] == [True] * 5 + [False]


def test_racing_fills_lose_nothing(factory: Callable[[Limits], RiskCheck], eager_switching: None) -> None:
    """Every thread fills orders of its own in halves, on two symbols and both sides: the sums come out exactly."""
    check = factory(WIDE)

    def work(number: int) -> None:
        for turn in range(60):
            name = f"{number}-{turn}"
            side: Side = "buy" if turn % 3 else "sell"
            assert check.admit(order(name, side, 1.0, 2.0, f"{turn % 2}")) == ADMITTED
            check.on_fill(name, 0.5, 2.0)
            check.on_fill(name, 0.5, 2.0)

    race(work)
    assert check.exposure() == Exposure(0, 0.0, 0.0, {"0": 10.0 * THREADS, "1": 10.0 * THREADS})


def test_racing_profits_lose_nothing(factory: Callable[[Limits], RiskCheck], eager_switching: None) -> None:
    """Every thread closes a position of its own, piece by piece, and loses 1 each time."""
    check = factory(WIDE)
    for number in range(THREADS):
        assert check.admit(order(f"{number}", "buy", 40.0, 2.0, f"{number}")) == ADMITTED
        check.on_fill(f"{number}", 40.0, 2.0)
        for turn in range(40):
            assert check.admit(order(f"{number}-{turn}", "sell", 1.0, 1.0, f"{number}")) == ADMITTED

    def work(number: int) -> None:
        for turn in range(40):
            check.on_fill(f"{number}-{turn}", 1.0, 1.0)

    race(work)
    assert check.exposure() == Exposure(0, 0.0, -40.0 * THREADS, {})


def test_racing_reports_end_an_order_once(factory: Callable[[Limits], RiskCheck], eager_switching: None) -> None:
    """The same orders are filled in part, cancelled and rejected by all threads at once."""
    count = 60
    check = factory(Limits(order_quantity=1e6, open_orders=10**6, daily_loss=1.0, position=4.0 * count, notional=1e6))
    for number in range(count):
        assert check.admit(order(str(number), quantity=4.0)) == ADMITTED

    def work(number: int) -> None:
        for turn in range(count):
            if (turn + number) % THREADS:
                check.on_fill(str(turn), 1.0, 1.0)
            else:
                (check.on_cancel if turn % 2 else check.on_reject)(str(turn))

    race(work)
    left = check.exposure()
    assert (left.open_orders, left.notional, left.realised) == (0, 0.0, 0.0)
    held = left.positions.get("X/USD", 0.0)
    assert 0 <= held <= 3 * count
    # The room is whole again: just as much fits as if there were nothing but the position.
    assert check.admit(order("more", quantity=4.0 * count - held + 0.5)) == contract.POSITION
    assert check.admit(order("all", quantity=4.0 * count - held)) == ADMITTED
    assert check.admit(order("short", "sell", 4.0 * count + held)) == ADMITTED
    assert check.admit(order("shorter", "sell", 0.5)) == contract.POSITION


def test_an_id_is_admitted_once(factory: Callable[[Limits], RiskCheck], eager_switching: None) -> None:
    check = factory(WIDE)
    admitted = Live()
    together = threading.Barrier(THREADS)

    def work(_: int) -> None:
        for turn in range(60):
            together.wait()
            answer = check.admit(order(str(turn)))
            assert answer in {ADMITTED, contract.DUPLICATE}
            admitted.add(int(answer == ADMITTED))

    race(work)
    assert admitted.ever == 60
    assert check.exposure() == Exposure(60, 60.0, 0.0, {})


def test_a_position_closed_in_parts_is_flat(factory: Callable[[Limits], RiskCheck]) -> None:
    """0.3 less three times 0.1 is not 0.0 in floats."""
    check = factory(WIDE)
    assert check.admit(order("a", quantity=0.3)) == ADMITTED
    check.on_fill("a", 0.3, 1.0)
    for name in "bcd":
        assert check.admit(order(name, "sell", 0.1)) == ADMITTED
        check.on_fill(name, 0.1, 1.0)
    assert check.exposure().positions == {}
