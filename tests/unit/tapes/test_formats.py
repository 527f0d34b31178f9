"""Every format: recognised by one importer alone, brought to the right books, and never to a wrong one in silence."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from implementations.registry import load
from suites.paths.inputs import messages_of
from suites.tapes import open_tape
from suites.tapes.captures import registry
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Callable

OLDER = ("Coinbase level2", "Kraken v1 book", "Binance depth")
EXACT = (
    *("Kraken v1 book", "Binance depth", "Binance depth, futures", "OKX books", "Kraken v2 book"),
    *("Kraken Futures book", "Bybit order book", "Deribit book", "Coinbase Advanced Trade"),
)
"""Their messages are numbered or have a checksum: no loss can go unseen, but for that of the last."""
NAMES = (
    *(*EXACT, "Coinbase level2", "Bybit order book, before v5", "Bitstamp order book", "Gemini l2"),
    *("Alpaca frames", "Tardis CSV", "LOBSTER"),
)
FINAL = ([(9.75, 1.0), (9.5, 2.0)], [(10.5, 3.0)])

Books = tuple[list[tuple[float, float]], list[tuple[float, float]]]


def states(content: bytes, **options: Any) -> tuple[list[Books], tuple[str, ...]]:
    """Import a capture; give the book after each of its book messages, and what was left out."""
    factory: Any = load("book", "reference").factory
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.capture")
        path.write_bytes(content)
        tape = open_tape(capture=str(path), seed=0, messages=0, cache=None, **options)
    books: dict[str, Any] = {}
    found = []
    for message in messages_of(tape.frames):
        if message.kind == 3:
            book = books.setdefault(message.symbol, factory())  # type: ignore[union-attr]  # a book's own
            book.apply(message)
            found.append(book.depth(100))
    return found, tape.notes


@pytest.mark.parametrize("name", NAMES)
def test_one_importer_alone_recognises_a_format(samples: dict[str, bytes], tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.capture"
    path.write_bytes(samples[name])
    head = registry.head_of(path)
    assert [each.NAME for each in registry.importers() if each.recognises(head)] == [name.partition(",")[0]]


@pytest.mark.parametrize("name", [each for each in NAMES if each not in OLDER])
def test_a_format_ends_with_the_book_that_was_written(samples: dict[str, bytes], name: str) -> None:
    books, notes = states(samples[name])
    assert books[-1] == FINAL
    assert all("left out" not in note or "control" in note or "LOBSTER" in note for note in notes)


@pytest.mark.parametrize("name", [each for each in EXACT if each not in OLDER])
def test_a_lost_line_is_a_gap_that_is_counted(samples: dict[str, bytes], name: str) -> None:
    lines = samples[name].splitlines(keepends=True)
    whole, _ = states(samples[name])
    snapshot = next(
        n for n, line in enumerate(lines) if b"snapshot" in line or b"lastUpdateId" in line or b'"as"' in line
    )
    update = next(n for n in range(snapshot + 1, len(lines)) if b"10" in lines[n] or b"u" in lines[n])
    left = lines[:update] + lines[update + 1 :]
    books, notes = states(b"".join(left))
    assert all(book in whole for book in books)
    assert any("gaps in the books" in note for note in notes), notes
    with pytest.raises(TailgateError, match="a gap in the book of"):
        states(b"".join(left), on_gap="stop")


def test_okx_s_numbers_show_a_loss_where_there_is_no_checksum(samples: dict[str, bytes]) -> None:
    lines = [re.sub(rb'"checksum": -?[0-9]+', b'"checksum": 0', line) for line in samples["OKX books"].splitlines(True)]
    assert states(b"".join(lines))[0][-1] == FINAL
    _, notes = states(b"".join(lines[:1] + lines[2:]))
    assert any("gaps in the books" in note for note in notes), notes


HEALED = [each for each in EXACT if "Binance" not in each and "Coinbase" not in each]
"""A capture behind itself begins anew, but for Binance, whose snapshot is then older than what it has, and Coinbase."""


@pytest.mark.parametrize("name", HEALED)
def test_the_next_snapshot_heals_a_gap(samples: dict[str, bytes], name: str) -> None:
    lines = samples[name].splitlines(keepends=True)
    broken = b"".join(line for n, line in enumerate(lines) if n != len(lines) - 2)
    books, notes = states(broken + samples[name])
    assert books[-1] == states(samples[name])[0][-1]
    assert notes


@pytest.mark.parametrize("name", EXACT)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    edits=st.lists(
        st.tuples(st.sampled_from(["drop", "double", "swap"]), st.integers(0, 30), st.integers(0, 30)), max_size=3
    )
)
def test_lines_that_are_lost_doubled_or_in_another_order_make_no_book_that_never_was(
    samples: dict[str, bytes], name: str, edits: list[tuple[str, int, int]]
) -> None:
    lines = samples[name].splitlines(keepends=True)
    whole, _ = states(samples[name])
    for what, first, second in edits:
        a, b = first % len(lines), second % len(lines)
        if what == "swap":
            lines[a], lines[b] = lines[b], lines[a]
        elif what == "double":
            lines.insert(b, lines[a])
        elif len(lines) > 1:
            del lines[a]
    try:
        books, _ = states(b"".join(lines))
    except TailgateError:
        return
    assert all(book in whole for book in books)


def test_alpacas_frames_are_the_captures_own_bytes_in_every_form(samples: dict[str, bytes], tmp_path: Path) -> None:
    frames = [line for line in samples["Alpaca frames"].splitlines() if b"success" not in line]
    forms: dict[str, Callable[[int, bytes], bytes]] = {
        "bare": lambda n, frame: frame,
        "seconds": lambda n, frame: b"%d.25 %b" % (1_700_000_000 + n, frame),
        "milliseconds": lambda n, frame: b"%d,%b" % (1_700_000_000_000 + n, frame),
        "nanoseconds": lambda n, frame: b"%d %b" % (1_700_000_000_000_000_000 + n, frame),
        "RFC 3339": lambda n, frame: b"2023-11-14T22:13:2%d.5Z\t%b" % (n, frame),
        "an object": lambda n, frame: b'{"received": %d, "frame": %b}' % (1_700_000_000_000 + n, frame),
        "a text in an object": lambda n, frame: json.dumps(
            {"frame": frame.decode(), "received": "2023-11-14T22:13:20Z"}
        ).encode(),
    }
    for form, write in forms.items():
        path = tmp_path / "a.capture"
        path.write_bytes(b"\n".join(write(n, frame) for n, frame in enumerate(frames)))
        tape = open_tape(capture=str(path), seed=0, messages=0, cache=None)
        assert list(tape.frames) == frames, form


def test_only_what_is_asked_for_is_read(samples: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "a.capture"
    path.write_bytes(samples["Bybit order book"] + b"1700000009 broken\n")
    options = {"capture": str(path), "seed": 0, "cache": None}
    assert len(open_tape(messages=2, **options).frames) == 2  # type: ignore[arg-type]  # of several types
    assert len(open_tape(messages=0, end="+0.2", **options).frames) == 2  # type: ignore[arg-type]
    late = open_tape(messages=2, start="2023-11-14T22:13:20.2Z", **options)  # type: ignore[arg-type]
    assert [len(m["b"]) for m in map(json.loads, late.frames) for m in m] == [2, 0]  # the book as it stood, then on
    with pytest.raises(TailgateError, match="line 5"):
        open_tape(messages=0, **options)  # type: ignore[arg-type]
    path.write_bytes(samples["Bybit order book"])
    with pytest.raises(TailgateError, match="--symbols, --from or --to leave nothing"):
        open_tape(messages=2, symbols="BBB", **options)  # type: ignore[arg-type]
    with pytest.raises(TailgateError, match="--from yesterday"):
        open_tape(messages=2, start="yesterday", **options)  # type: ignore[arg-type]


def test_several_files_and_a_folder_are_one_capture(samples: dict[str, bytes], tmp_path: Path) -> None:
    content = samples["Deribit book"]
    half = content.index(b"\n") + 1
    (tmp_path / "2.raw").write_bytes(content[half:])
    (tmp_path / "1.raw").write_bytes(content[:half])
    named = open_tape(capture=f"{tmp_path}/1.raw,{tmp_path}/2.raw", seed=0, messages=0, cache=None)
    assert named.frames == open_tape(capture=str(tmp_path), seed=0, messages=0, cache=None).frames
    assert len(named.frames) == 4
    (tmp_path / "3.raw").write_bytes(samples["Gemini l2"])
    with pytest.raises(TailgateError, match="of several formats: Deribit book, Gemini l2"):
        open_tape(capture=str(tmp_path), seed=0, messages=0, cache=None)


def test_rows_of_tardis_in_another_order_are_a_gap_until_the_next_snapshot(samples: dict[str, bytes]) -> None:
    rows = samples["Tardis CSV"].splitlines(keepends=True)
    swapped = b"".join([*rows[:-2], rows[-1], rows[-2]])
    books, notes = states(swapped)
    assert all(book in states(b"".join([*rows[:-2], rows[-1]]))[0] for book in books)
    assert any("1 gaps in the books" in note for note in notes), notes
    with pytest.raises(TailgateError, match="a gap in the book of AAA/USDT: expected a row received at"):
        states(swapped, on_gap="stop")
