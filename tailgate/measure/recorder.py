"""The timed loop: one raw integer of nanoseconds per operation, and nothing else."""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from tailgate.benchmark import Operation

if TYPE_CHECKING:
    from collections.abc import Iterable

Replay = Callable[[Operation, Sequence[Any], "array[int]", int, int, Callable[[], int]], None]
"""A timed loop: operation, inputs, the row for its samples, first operation, one past the last, clock."""


def blank_row(operations: int) -> array[int]:
    """Return an array of that many signed 64-bit zeros; filling it touches every page before anything is timed."""
    return array("q", bytes(8 * operations))


def replay(
    operation: Operation, inputs: Sequence[Any], row: array[int], start: int, stop: int, clock: Callable[[], int]
) -> None:
    """Time each operation of [start, stop) into `row`, in ns: two clock reads each, no branch, no allocation kept."""
    for index in range(start, stop):
        item = inputs[index]
        began = clock()
        operation(item)
        row[index] = clock() - began


def replay_stages(
    operation: Operation,
    inputs: Sequence[Any],
    row: array[int],
    start: int,
    stop: int,
    clock: Callable[[], int],
    keep: Callable[[Any], None],
) -> None:
    """Time as `replay` does, and keep the stage durations that each operation returns, outside its sample."""
    for index in range(start, stop):
        item = inputs[index]
        began = clock()
        durations = operation(item)
        row[index] = clock() - began
        keep(durations)


def check(
    operation: Operation, inputs: Sequence[Any], stop: int, answer: Callable[[Any], bytes]
) -> tuple[str, array[int]]:
    """Replay untimed and return the digest of all answers, and a CRC-32 of each to find the first that differs."""
    digest = blake2b(digest_size=16)
    marks = array("I")
    for index in range(stop):
        text = answer(operation(inputs[index]))
        marks.append(zlib.crc32(text))
        digest.update(len(text).to_bytes(4, "little"))
        digest.update(text)
    return digest.hexdigest(), marks


def without_switches(row: array[int], edges: Iterable[int], discard: int, stop: int) -> array[int]:
    """Copy [0, stop) of a row without the `discard` operations after each edge, where the caches are still cold."""
    kept = array("q")
    last = 0
    for edge in sorted(edges):
        kept.extend(row[last:edge])
        last = max(last, edge + discard)
    kept.extend(row[last:stop])
    return kept


def minima(rows: Sequence[array[int]], stop: int) -> array[int]:
    """Return for each operation of [0, stop) its least duration over the passes: the reproducible part."""
    if len(rows) == 1:
        return rows[0][:stop]
    return array("q", map(min, *(row[:stop] for row in rows)))
