"""Book: one update of one symbol's book, and its top read after every or every tenth update of the tape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from suites.paths.inputs import declare, frame_labels, make, numbered_books, tape_of
from tailgate.benchmark import Workload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from implementations.book.contract import OrderBook
    from tailgate.benchmark import Benchmark, Operation

READ_EVERY: Final = ("1", "10")


def benchmarks() -> list[Benchmark]:
    """Declare every book for each frequency of reading."""
    return [each for read_every in READ_EVERY for each in declare("book", prepare, {"read_every": read_every})]


def prepare(name: str, settings: Mapping[str, Any], read_every: str) -> Workload:
    """Return the updates of the tape to one book a symbol; an operation answers with the top it read, or None.

    An input is (number of the symbol's book, message, whether the top is read), so that nothing is looked up or counted
    in the timed call that the path itself would not.
    """
    tape = tape_of(settings)
    numbered = numbered_books(tape)
    slots: dict[str, int] = {}
    inputs = [
        (slots.setdefault(message.symbol, len(slots)), message, n % int(read_every) == 0)
        for n, (_, message) in enumerate(numbered)
    ]

    def start() -> Operation:
        books: list[OrderBook] = [make("book", name) for _ in slots]
        return _reading_each(books) if read_every == "1" else _reading_some(books)

    return Workload(inputs, start, labels=frame_labels(tape.frames, [n for n, _ in numbered]))


def _reading_each(books: list[OrderBook]) -> Operation:
    def update(item: tuple[int, Any, bool]) -> object:
        slot, message, _ = item
        book = books[slot]
        book.apply(message)
        return book.top()

    return update


def _reading_some(books: list[OrderBook]) -> Operation:
    def update(item: tuple[int, Any, bool]) -> object:
        slot, message, read = item
        book = books[slot]
        book.apply(message)
        return book.top() if read else None

    return update
