"""Damaged files of Databento's and hftbacktest's: a good tape, one error, or a gap that is counted."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

try:
    from compression import zstd  # type: ignore[import-not-found,unused-ignore]  # from 3.14 on
except ImportError:
    from backports import zstd

from implementations.registry import load
from suites.paths.inputs import messages_of
from suites.tapes import open_tape
from tailgate.errors import TailgateError
from tests.unit.tapes import makers
from tests.unit.tapes.test_importers_damaged import EDITS, damaged

BINARY = ("Databento DBN", "Databento DBN, zstd", "hftbacktest npz")
"""Formats that libraries read: DBN has no sum of its own, zstd and zip have one."""


@pytest.fixture(scope="module")
def binaries() -> dict[str, bytes]:
    pytest.importorskip("databento_dbn", reason="databento-dbn is not installed")
    plain = makers.dbn_walk(12)
    return dict(zip(BINARY, (plain, zstd.compress(plain), makers.npz_walk(12)), strict=True))


MOVES = st.lists(st.tuples(*[st.floats(0, 1, exclude_max=True)] * 3), max_size=2)
"""Where a piece begins, where it ends, and where it is put."""


def moved(content: bytes, moves: list[tuple[float, float, float]]) -> bytes:
    for place, end, to in moves:
        first, last = sorted(int(each * len(content)) for each in (place, end))
        rest = content[:first] + content[last:]
        at = int(to * len(rest))
        content = rest[:at] + content[first:last] + rest[at:]
    return content


@pytest.mark.parametrize("name", BINARY)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS, moves=MOVES)
def test_a_damaged_file_of_a_library_gives_a_good_tape_or_one_clear_error(
    binaries: dict[str, bytes], name: str, edits: list[tuple[float, str, int]], moves: list[tuple[float, float, float]]
) -> None:
    decoder = load("decode", "reference").factory()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "damaged.capture")
        path.write_bytes(moved(damaged(binaries[name], edits), moves))
        try:
            tape = open_tape(capture=str(path), seed=1, messages=0, cache=None)
        except TailgateError:
            return
    for frame in tape.frames:
        assert decoder.decode(frame)  # type: ignore[attr-defined]  # a factory is untyped in the registry


def whole_states(content: bytes) -> tuple[list[object], tuple[str, ...]]:
    """Return the book after each message, none where nothing can be replayed, and what was left out."""
    factory: Any = load("book", "reference").factory
    book, found = factory(), []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.capture")
        path.write_bytes(content)
        try:
            tape = open_tape(capture=str(path), seed=0, messages=0, cache=None)
        except TailgateError:
            return [], ("refused",)
    for message in messages_of(tape.frames):
        book.apply(message)
        found.append(book.depth(100))
    return found, tape.notes


PLACES = st.tuples(st.integers(0, 10), st.integers(0, 10)).filter(lambda places: places[0] != places[1])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(what=st.sampled_from(["swap", "splice", "cut"]), places=PLACES)
def test_records_of_databento_in_another_order_are_a_gap_that_is_counted(
    binaries: dict[str, bytes], what: str, places: tuple[int, int]
) -> None:
    content = binaries["Databento DBN"]
    size = len(makers.mbo(((makers.CLEAR, "N", None, 0, 0, 0),) * 2)) - len(
        makers.mbo(((makers.CLEAR, "N", None, 0, 0, 0),))
    )
    head = len(content) - 16 * size  # a clear, three orders of the snapshot, then twelve
    records = [content[at : at + size] for at in range(head, len(content), size)]
    first, second = (4 + place for place in places)
    if what == "swap":
        records[first], records[second] = records[second], records[first]
    elif what == "splice":
        records.insert(max(first, second) + 1, records[min(first, second)])
    else:
        records = records[: max(first, second)]
    found, notes = whole_states(content[:head] + b"".join(records))
    whole, nothing = whole_states(content)
    assert nothing == ()
    if what == "cut":
        assert found == whole[: len(found)]
    else:
        assert found[: min(first, second) - 3] == whole[: min(first, second) - 3]
        assert any("gaps in the books" in note for note in notes), notes
        assert sum(book not in whole for book in found) <= 1  # what came too early, until the next shows that it did


@settings(max_examples=60, deadline=None)
@given(places=st.tuples(st.integers(3, 14), st.integers(3, 14)).filter(lambda places: places[0] != places[1]))
def test_rows_of_an_array_in_another_order_are_a_gap_that_is_counted(places: tuple[int, int]) -> None:
    with np.load(io.BytesIO(makers.npz_walk(12))) as arrays:
        rows = arrays["data"]
    rows[list(places)] = rows[list(places[::-1])]
    packed = io.BytesIO()
    np.savez_compressed(packed, data=rows)
    found, notes = whole_states(packed.getvalue())
    whole, _ = whole_states(makers.npz_walk(12))
    assert any("gaps in the books" in note for note in notes), notes
    assert found[: min(places) - 2] == whole[: min(places) - 2]


def test_an_array_shorter_than_it_says_is_no_whole_one(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(makers.npz_walk(12))) as archive:
        array = archive.read("data.npy")
    path = tmp_path / "short.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.npy", array[:-64])
    with pytest.raises(TailgateError, match=r"short\.npz, row \d+, .*expected a whole \.npz .* before row 15"):
        open_tape(capture=str(path), seed=1, messages=0, cache=None)
