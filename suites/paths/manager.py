"""Manager: one message applied and one top read in one thread, which is what the manager itself costs.

What it is worth when readers and writers meet is a matter of threads: `suites.contention`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from suites.paths.inputs import declare, frame_labels, make, numbered_books, tape_of
from tailgate.benchmark import Workload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from implementations.manager.contract import BookManager
    from tailgate.benchmark import Benchmark, Operation

BOOK: Final = "near-window"


def benchmarks() -> list[Benchmark]:
    """Declare every manager of books."""
    return declare("manager", prepare)


def prepare(name: str, settings: Mapping[str, Any]) -> Workload:
    """Return the book messages of the tape to a manager; an operation answers with the top it read."""
    tape = tape_of(settings)
    numbered = numbered_books(tape)

    def start() -> Operation:
        manager: BookManager = make("manager", name, lambda: make("book", BOOK))
        apply, top = manager.apply, manager.top

        def update(message: Any) -> object:
            apply(message)
            return top(message.symbol)

        return update

    return Workload(
        [message for _, message in numbered], start, labels=frame_labels(tape.frames, [n for n, _ in numbered])
    )
