"""Every order book gives the answers of the reference."""

from __future__ import annotations

import random
import tracemalloc
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from implementations import registry
from implementations.messages import Book, Level

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from implementations.book.contract import OrderBook
    from implementations.messages import BookLike

PATH = "book"
EMPTY = (0.0, 0.0, 0.0, 0.0)

# Few prices, so that levels meet: an eighth apart, where many decimals are not exact.
prices = st.integers(1, 160).map(lambda tick: tick / 8)
sizes = st.one_of(st.just(0.0), st.integers(1, 9).map(lambda lots: lots / 10))
levels = st.builds(Level, prices, sizes)
sides = st.lists(levels, max_size=12)
snapshots = st.lists(levels, max_size=160)


def message(bids: Sequence[object] = (), asks: Sequence[object] = (), *, reset: bool = False) -> BookLike:
    def typed(side: Sequence[object]) -> list[Level]:
        return [level if isinstance(level, Level) else Level(*level) for level in side]  # type: ignore[misc]  # pairs

    return Book("X/USD", "2026-01-02T03:04:05Z", typed(bids), typed(asks), reset)


def machine(factory: Callable[[], OrderBook]) -> type[RuleBasedStateMachine]:
    class BookMachine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.book = factory()
            self.oracle = registry.load(PATH, "reference").factory()

        def apply(self, sent: BookLike) -> None:
            self.book.apply(sent)
            self.oracle.apply(sent)  # type: ignore[attr-defined]  # the registry knows no paths' types

        @rule(bids=sides, asks=sides)
        def update(self, bids: list[Level], asks: list[Level]) -> None:
            self.apply(message(bids, asks))

        @rule(bids=snapshots, asks=snapshots)
        def replace(self, bids: list[Level], asks: list[Level]) -> None:
            self.apply(message(bids, asks, reset=True))

        @rule(count=st.integers(1, 40))
        def take_the_best_away(self, count: int) -> None:
            bids, asks = self.oracle.depth(count)  # type: ignore[attr-defined]  # as above
            self.apply(message([(price, 0.0) for price, _ in bids], [(price, 0.0) for price, _ in asks]))

        @rule(count=st.integers(0, 200))
        def look_deep(self, count: int) -> None:
            assert self.book.depth(count) == self.oracle.depth(count)  # type: ignore[attr-defined]  # as above

        @invariant()
        def the_tops_agree(self) -> None:
            assert self.book.top() == self.oracle.top()  # type: ignore[attr-defined]  # as above

    return BookMachine


def test_it_follows_the_reference_through_any_commands(factory: Callable[[], OrderBook]) -> None:
    run_state_machine_as_test(
        machine(factory), settings=settings(max_examples=20, stateful_step_count=20, deadline=None)
    )


@given(seed=st.integers(0, 2**32), read_every=st.sampled_from([1, 7]))
@settings(max_examples=3, deadline=None)
def test_it_follows_the_reference_along_a_moving_market(
    implementation: registry.Implementation, seed: int, read_every: int
) -> None:
    """A market that wanders over thousands of prices: the best levels die, the far ones pile up."""
    chance = random.Random(seed)
    book, oracle = implementation.factory(), registry.load(PATH, "reference").factory()
    middle = 5_000.0
    for number in range(800):
        middle += chance.choice((-2, -1, 0, 1, 2, 2 - 4 * (number // 200 % 2)))
        bids = [(middle - 1 - int(chance.expovariate(0.02)), chance.choice((0.0, 0.0, 1.5))) for _ in range(2)]
        asks = [(middle + 1 + int(chance.expovariate(0.02)), chance.choice((0.0, 2.5))) for _ in range(2)]
        crossed, _ = oracle.depth(3)  # type: ignore[attr-defined]  # the registry knows no paths' types
        bids += [(price, 0.0) for price, _ in crossed if price >= middle]
        for each in (book, oracle):
            each.apply(message(bids, asks))  # type: ignore[attr-defined]  # as above
        if number % read_every == 0:
            assert book.top() == oracle.top()  # type: ignore[attr-defined]  # as above
    assert book.depth(10_000) == oracle.depth(10_000)  # type: ignore[attr-defined]  # as above


def test_an_empty_book_reads_as_zeros(factory: Callable[[], OrderBook]) -> None:
    book = factory()
    assert book.top() == EMPTY
    assert str(book.top()) == str(EMPTY)  # no negative zero either
    assert book.depth(5) == ([], [])
    book.apply(message([(10.0, 1.0)]))
    assert book.top() == (10.0, 1.0, 0.0, 0.0)
    book.apply(message([(10.0, 0.0)], [(11.0, 2.0)]))
    assert str(book.top()) == str((0.0, 0.0, 11.0, 2.0))


def test_removing_what_is_not_held_changes_nothing(factory: Callable[[], OrderBook]) -> None:
    book = factory()
    book.apply(message([(10.0, 1.0)], [(11.0, 2.0)]))
    book.apply(message([(9.0, 0.0), (10.5, 0.0)], [(10.5, 0.0), (12.0, 0.0)]))
    assert book.depth(9) == ([(10.0, 1.0)], [(11.0, 2.0)])


def test_the_last_level_of_a_price_wins(factory: Callable[[], OrderBook]) -> None:
    for reset in (True, False):
        book = factory()
        book.apply(message([(10.0, 1.0), (9.0, 1.0), (10.0, 0.0), (9.0, 3.0)], [(11.0, 0.0), (11.0, 4.0)], reset=reset))
        assert book.depth(9) == ([(9.0, 3.0)], [(11.0, 4.0)])


@pytest.mark.parametrize("size", [29760.1, 0.1 + 0.2, 1e-9, 123456789.12345678])
def test_a_price_and_a_size_come_back_bit_for_bit(factory: Callable[[], OrderBook], size: float) -> None:
    """A book of fixed-point numbers gives 29760.099999999995 for 29760.1."""
    book = factory()
    book.apply(message([(60000.1, size)], [(60000.3, size)]))
    assert book.top() == (60000.1, size, 60000.3, size)


def test_a_crossed_book_is_kept_as_it_was_sent(factory: Callable[[], OrderBook]) -> None:
    book = factory()
    book.apply(message([(10.0, 1.0)], [(9.0, 2.0)]))
    assert book.top() == (10.0, 1.0, 9.0, 2.0)


def test_a_message_is_what_has_the_attributes(factory: Callable[[], OrderBook]) -> None:
    book = factory()
    bid = SimpleNamespace(price=10.0, size=1.0)
    book.apply(SimpleNamespace(kind=3, symbol="X", time="", bids=(bid,), asks=(), reset=True))  # type: ignore[arg-type]  # on purpose
    assert book.top() == (10.0, 1.0, 0.0, 0.0)


@pytest.mark.parametrize("edge", [1.0, 4_000.0])
@pytest.mark.parametrize("lag", [0, 100])
def test_what_was_removed_is_forgotten_in_the_end(factory: Callable[[], OrderBook], edge: float, lag: int) -> None:
    """Twelve thousand prices come and go, before or behind a level that stays: the book does not grow with them.

    Holding them all would take 48 bytes each for two floats alone. The memory is CPython's to count, since a compiled
    book need not say what it holds: what C code allocates past CPython is not seen.
    """
    book = factory()
    book.apply(message([(edge, 1.0)]))
    tracemalloc.start()
    try:
        for tick in range(12_000 + lag):
            if tick < 12_000:
                book.apply(message([(2.0 + tick / 64, 1.0)]))
            if tick >= lag:
                book.apply(message([(2.0 + (tick - lag) / 64, 0.0)]))
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert book.depth(9) == ([(edge, 1.0)], [])
    assert grown < 100_000
