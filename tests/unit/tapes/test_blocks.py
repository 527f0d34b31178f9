"""Many messages read at once are what they are one by one, however a file is cut into blocks, damaged or not."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from suites.tapes import open_tape
from suites.tapes.captures import source
from suites.tapes.captures.events import Numbers, Prices, number
from suites.tapes.captures.reading import events
from suites.tapes.frames import Rfc3339
from suites.tapes.writing import TapeWriter
from tailgate.errors import TailgateError
from tests.unit.tapes.test_formats import NAMES
from tests.unit.tapes.test_importers_damaged import EDITS, damaged

if TYPE_CHECKING:
    from collections.abc import Callable

WHOLE = 1 << 18
"""Of a small sample all is one block then; Binance's has a snapshot in it, so that it is read message by message."""


def outcome(content: bytes, block_bytes: int, **options: Any) -> tuple[object, ...]:
    """Return what an import comes to: a tape with its notes, or an error."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "_CHUNK_BYTES", block_bytes)
        path = Path(folder, "a.capture")
        path.write_bytes(content)
        try:
            tape = open_tape(capture=str(path), seed=0, messages=0, cache=None, **options)
        except TailgateError as error:
            return "refused", error.message
    return tape.frames, list(tape.times_ns), tape.digest, tape.notes


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=st.just([]) | EDITS, block_bytes=st.integers(1, 700), on_gap=st.sampled_from(["resync", "stop"]))
@example(edits=[], block_bytes=1, on_gap="stop")
def test_a_file_gives_the_same_however_it_is_cut_into_blocks(
    samples: dict[str, bytes], name: str, edits: list[tuple[float, str, int]], block_bytes: int, on_gap: str
) -> None:
    content = damaged(samples[name], edits)
    assert outcome(content, block_bytes, on_gap=on_gap) == outcome(content, WHOLE, on_gap=on_gap)


LINES = st.lists(
    st.tuples(st.sampled_from(["drop", "double", "swap"]), st.integers(0, 30), st.integers(0, 30)), max_size=3
)


@pytest.mark.parametrize("name", ["Binance depth", "Binance depth, futures"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=LINES, block_bytes=st.integers(1, 700), messages=st.integers(0, 5))
def test_lines_lost_doubled_or_swapped_are_the_same_gaps_in_blocks(
    samples: dict[str, bytes], name: str, edits: list[tuple[str, int, int]], block_bytes: int, messages: int
) -> None:
    lines = samples[name].splitlines(keepends=True) * 2
    for what, first, second in edits:
        a, b = first % len(lines), second % len(lines)
        if what == "swap":
            lines[a], lines[b] = lines[b], lines[a]
        elif what == "double":
            lines.insert(b, lines[a])
        else:
            del lines[a]
    content = b"".join(lines)
    assert outcome(content, block_bytes) == outcome(content, WHOLE)
    assert first_of(content, block_bytes, messages) == first_of(content, WHOLE, messages)


def first_of(content: bytes, block_bytes: int, messages: int) -> tuple[object, ...]:
    """Return the same of the first messages, by which no loss behind them may be counted."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "_CHUNK_BYTES", block_bytes)
        path = Path(folder, "a.capture")
        path.write_bytes(content)
        try:
            tape = open_tape(capture=str(path), seed=0, messages=messages, cache=None)
        except TailgateError as error:
            return "refused", error.message
    return tape.frames, tape.notes


def test_the_real_capture_is_written_in_blocks_as_it_is_event_by_event(captures: Path) -> None:
    path = captures / "binance_spot_btcusdt_20240808.gz"
    tape = open_tape(capture=str(path), seed=0, messages=0, cache=None)
    writer, clock, first_ns = TapeWriter(), Rfc3339(), 0
    for event in events(path):
        first_ns = first_ns or event.received_ns
        writer.add(event.received_ns - first_ns, event.frame(clock))
    assert writer.tape(tape.name).digest == tape.digest


DECIMALS = st.from_regex(r"\A(0|[1-9][0-9]{0,9})(\.[0-9]{0,12})?\Z") | st.from_regex(r"\A[0-9.\-+eE\n ]{0,6}\Z")


@pytest.mark.parametrize("numbers", [Numbers, Prices])
@given(texts=st.lists(DECIMALS, max_size=8))
@example(texts=["1\n2", "x"])
@example(texts=["0.0", "5", "0.5000"])
@example(texts=["1" * 65])
def test_numbers_that_are_learnt_together_are_those_that_are_read_alone(
    numbers: Callable[[], Numbers], texts: list[str]
) -> None:
    found = numbers()
    found.learn(texts)
    for text, value in dict(found).items():
        assert value == number(text)
        assert value != "0" or numbers is Numbers


@given(st.lists(st.integers(10**9, 250_000_000_000 * 10**9), min_size=1, max_size=6))
@example([10**9, 1_700_000_000_000_000_000, 1_700_000_000_100_000_000])
def test_times_that_are_written_together_are_those_that_are_written_alone(epochs_ns: list[int]) -> None:
    alone = Rfc3339()
    assert Rfc3339().write_all(epochs_ns) == [alone.write(each) for each in epochs_ns]


def test_a_wrong_message_among_many_is_named_by_its_line_and_byte(samples: dict[str, bytes]) -> None:
    lines = samples["Bybit order book"].splitlines(keepends=True)
    wrong = b"".join([*lines[:2], lines[2].replace(b'"u": 7', b'"v": 7'), *lines[3:]])
    refused, message = outcome(wrong, WHOLE)
    assert refused == "refused"
    assert f"line 3, byte {len(lines[0]) + len(lines[1])}: expected a message of Bybit" in str(message)
