"""A walk of one book gives the same books in every format that it is written in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from implementations.registry import load
from suites.paths.inputs import messages_of
from suites.tapes import open_tape
from tests.unit.tapes.makers import books, walks

if TYPE_CHECKING:
    from pathlib import Path

UPDATES = 40
NAMES = (
    *("Alpaca frames", "recording", "Bitstamp order book", "Bybit order book", "Coinbase Advanced Trade"),
    *("Deribit book", "Gemini l2", "Kraken Futures book", "Kraken v2 book", "Tardis CSV", "Databento DBN"),
    *("hftbacktest npz", "LOBSTER"),
)


@pytest.fixture(scope="module")
def written() -> dict[str, Any]:
    pytest.importorskip("databento_dbn", reason="databento-dbn is not installed")
    return walks(UPDATES)


@pytest.mark.parametrize("name", NAMES)
def test_a_walk_is_the_same_in_every_format(written: dict[str, Any], tmp_path: Path, name: str) -> None:
    walk = written[name]
    for file, content in walk.files.items():
        (tmp_path / file).write_bytes(content)
    tape = open_tape(capture=str(tmp_path / next(iter(walk.files))), seed=0, messages=0, cache=None)
    factory: Any = load("book", "reference").factory
    book, found = factory(), []
    for message in messages_of(tape.frames):
        book.apply(message)
        found.append(book.depth(10))
    assert found[-UPDATES - 1 :] == books(UPDATES)
    assert tape.notes == ()


def test_every_walk_is_tested(written: dict[str, Any]) -> None:
    assert set(NAMES) == set(written)
