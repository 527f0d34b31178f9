"""Every manager of books gives the reference's tops, and no reader sees half a change or an older one."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from implementations import registry
from implementations.book.reference import ReferenceBook
from implementations.manager.contract import EMPTY
from implementations.messages import Book, Level

if TYPE_CHECKING:
    from collections.abc import Callable

    from implementations.manager.contract import BookManager, Top
    from implementations.registry import Implementation

PATH = "manager"
SYMBOLS = ("A/USD", "B/USD", "C/USD")

levels = st.lists(
    st.builds(Level, st.integers(1, 20).map(float), st.sampled_from([0.0, 1.0, 2.5])),
    max_size=4,
)
messages = st.builds(Book, st.sampled_from(SYMBOLS), st.just("2026-01-02T03:04:05Z"), levels, levels, st.booleans())


def make(implementation: Implementation) -> BookManager:
    factory: Any = implementation.factory
    manager: BookManager = factory(ReferenceBook)
    return manager


@given(sent=st.lists(messages, max_size=30))
def test_it_follows_the_reference(implementation: Implementation, sent: list[Book]) -> None:
    manager, oracle = make(implementation), make(registry.load(PATH, "reference"))
    for message in sent:
        manager.apply(message)
        oracle.apply(message)
        assert [manager.top(symbol) for symbol in SYMBOLS] == [oracle.top(symbol) for symbol in SYMBOLS]
    assert manager.symbols() == oracle.symbols()


def test_a_symbol_that_nobody_named_is_empty(implementation: Implementation) -> None:
    manager = make(implementation)
    assert manager.top("X/USD") == EMPTY
    assert manager.symbols() == []


def numbered(symbol: str, number: int) -> Book:
    """Return a change whose top tells its number four times: prices move with it, and so do the sizes."""
    bids, asks = [Level(1000.0 + number, float(number))], [Level(9000.0 - number, float(number))]
    return Book(symbol, "2026-01-02T03:04:05Z", bids, asks, reset=True)


def number_of(top: Top) -> int:
    """Read the number back; a mixture of two changes has none."""
    if top == EMPTY:
        return 0
    bid_price, bid_size, ask_price, ask_size = top
    assert bid_price - 1000.0 == bid_size == ask_size == 9000.0 - ask_price
    return int(bid_size)


def run_together(jobs: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.usefixtures("eager_switching")
def test_readers_see_whole_changes_in_their_order(implementation: Implementation) -> None:
    """Two writers of two symbols each and two readers; what a reader is given only ever moves on."""
    manager = make(implementation)
    symbols = [f"S{n}/USD" for n in range(4)]
    changes = 60
    writing = threading.Barrier(4)
    faults: list[str] = []

    def guarded(job: Callable[[], None]) -> None:
        writing.wait()
        try:
            job()
        except BaseException as error:  # noqa: BLE001  told by the test, not by the thread
            faults.append(repr(error))

    def write(mine: list[str]) -> None:
        for number in range(1, changes + 1):
            for symbol in mine:
                manager.apply(numbered(symbol, number))

    def read() -> None:
        seen = dict.fromkeys(symbols, 0)
        looks = 0
        while min(seen.values()) < changes and looks < 200_000:
            for symbol in symbols:
                number = number_of(manager.top(symbol))
                assert number >= seen[symbol]
                seen[symbol] = number
            looks += 1

    jobs: list[Callable[[], None]] = [lambda: write(symbols[:2]), lambda: write(symbols[2:]), read, read]
    run_together([partial(guarded, job) for job in jobs])
    assert not faults
    assert {symbol: number_of(manager.top(symbol)) for symbol in symbols} == dict.fromkeys(symbols, changes)


@pytest.mark.usefixtures("eager_switching")
def test_new_symbols_of_two_threads_are_all_kept(implementation: Implementation) -> None:
    """Each of 40 symbols is brought by one of two threads; none is lost, none is made twice."""
    manager = make(implementation)
    names = [f"S{n}/USD" for n in range(40)]

    def bring(mine: list[str]) -> None:
        for symbol in mine:
            manager.apply(numbered(symbol, 7))

    run_together([partial(bring, names[half::2]) for half in range(2)])
    assert sorted(manager.symbols()) == sorted(names)
    assert {number_of(manager.top(symbol)) for symbol in names} == {7}
