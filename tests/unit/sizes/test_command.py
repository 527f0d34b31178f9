"""The command: which leagues it asks for, tapes that differ in one thing, and what stays after an interruption."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from documents.sizes.document import NAME, Sizes
from suites.sizes import __main__ as command
from suites.sizes.dimensions import DIMENSIONS, broad, deep, wide
from suites.tapes.anatomy import dissect
from suites.tapes.generator import generate
from tailgate.documents.comparison import KINDS, Series
from tailgate.documents.envelope import load
from tailgate.judge.league import League
from tailgate.statistics.quantiles import LADDER

if TYPE_CHECKING:
    from pathlib import Path


def test_depth_is_that_of_the_books_and_of_nothing_else() -> None:
    for depth in (10, 300):
        books: Any = {}
        for _ in dissect(generate(1, 400, deep(depth)).frames, books):
            pass
        (bids, asks) = next(iter(books.values()))
        assert all(0.85 * depth <= len(side.keys) <= depth for side in (bids, asks))


def test_levels_are_those_of_an_update() -> None:
    updates = [each for each in dissect(generate(1, 400, wide(10)).frames) if each.kind == "update"]
    assert sum(each.levels == 10 for each in updates) > 0.8 * len(updates)


def test_symbols_are_as_many_as_were_asked_for() -> None:
    seen = {each.symbol for each in dissect(generate(1, 2_000, broad(30)).frames)}
    assert len(seen) == 30


def test_snapshots_are_fewer_than_one_in_a_hundred() -> None:
    symbols = DIMENSIONS["symbols"]
    for size in symbols.sizes:
        assert size <= symbols.messages(size) / 100


@pytest.fixture
def leagues(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Answer each league with 100 ns for each unit of size; the fourth one is interrupted where a test asks for it."""
    asked: list[tuple[Any, ...]] = []

    def league(name: str, path: str, names: tuple[str, ...], size: int, _place: Any, blocks: int) -> League:
        asked.append((name, path, names, size, blocks))
        rows = {side: [tuple(100.0 * size for _ in LADDER)] * blocks for side in names}
        return League(names[0], Series(dict.fromkeys(KINDS, rows), 20_000, 20_000), {}, 1.0)

    monkeypatch.setattr(command, "_league", league)
    return asked


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        command.main([*arguments])
    status = ended.value.code
    assert isinstance(status, int)
    return status


def test_each_size_is_a_league_of_all_implementations_the_recommended_one_first(
    leagues: list[tuple[Any, ...]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("depth", "--path", "book=bisect,near-window", "--blocks", "3", "--output", str(tmp_path / "out")) == 0
    assert leagues == [("depth", "book", ("near-window", "bisect"), size, 3) for size in DIMENSIONS["depth"].sizes]
    found = load(tmp_path / "out" / NAME, Sizes)
    assert [curve.implementation for curve in found.curves] == ["near-window", "bisect"]
    growth = found.curves[0].growth
    assert growth is not None
    assert growth.law == "n"
    assert growth.each_ns == pytest.approx(100.0)
    assert "book against depth: p99" in capsys.readouterr().out


def test_an_interruption_keeps_every_size_that_was_measured(
    leagues: list[tuple[Any, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = command._league

    def league(*arguments: Any) -> League:
        if len(leagues) == 2:
            raise KeyboardInterrupt
        return before(*arguments)

    monkeypatch.setattr(command, "_league", league)
    assert call("burst", "--output", str(tmp_path / "out")) == 130
    assert {curve.sizes for curve in load(tmp_path / "out" / NAME, Sizes).curves} == {(1, 4)}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("width",), "'width' is not one of"),
        (("depth", "--path", "codec"), "'codec' is no path of depth"),
        (("depth", "--path", "book=abacus"), "there is no book implementation 'abacus'"),
        (("depth", "--size", "10,many"), "sizes are whole numbers"),
        (("depth", "--size", "0"), "a size is between 1 and 100,000"),
        (("burst", "--size", "7"), "burst is not measured at 7"),
    ],
)
def test_a_wrong_word_is_one_error(
    arguments: tuple[str, ...], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*arguments, "--output", str(tmp_path / "out")) == 2
    assert told in capsys.readouterr().err
