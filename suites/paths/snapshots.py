"""Snapshots: one update of one symbol's book, and its best ten levels taken after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from suites.paths.inputs import declare, frame_labels, make, numbered_books, tape_of
from tailgate.benchmark import Workload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from implementations.snapshots.contract import Snapshot, Snapshots
    from tailgate.benchmark import Benchmark, Operation

LEVELS: Final = 10


def benchmarks() -> list[Benchmark]:
    """Declare every source of snapshots."""
    return declare("snapshots", prepare)


def prepare(name: str, settings: Mapping[str, Any]) -> Workload:
    """Return the updates of the tape to one ladder a symbol; an operation answers with the snapshot."""
    tape = tape_of(settings)
    numbered = numbered_books(tape)
    slots: dict[str, int] = {}
    inputs = [(slots.setdefault(message.symbol, len(slots)), message) for _, message in numbered]

    def start() -> Operation:
        sources: list[Snapshots] = [make("snapshots", name, LEVELS) for _ in slots]

        def update(item: tuple[int, Any]) -> object:
            slot, message = item
            source = sources[slot]
            source.apply(message)
            return source.snapshot()

        return update

    return Workload(inputs, start, answer=_answer, labels=frame_labels(tape.frames, [n for n, _ in numbered]))


def _answer(snapshot: Snapshot) -> bytes:
    sides = (snapshot.bids[: snapshot.bid_count], snapshot.asks[: snapshot.ask_count])
    return repr([[(level.price, level.size) for level in side] for side in sides]).encode()
