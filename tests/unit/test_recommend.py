"""What the searches of several tapes recommend together."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from suites import recommend
from suites.recommend import decide, page
from tailgate.documents.comparison import Shift
from tailgate.documents.envelope import save
from tailgate.documents.search import FILE, Composition, Search, SearchAxis, Space, Term

if TYPE_CHECKING:
    from pathlib import Path

SPACE = Space((SearchAxis("book", ("near-window", "bisect")), SearchAxis("codec", ("struct", "msgpack", "json"))))


def search(winner: Composition = (1, 0), high: float | None = -0.01) -> Search:
    """Return a proved search whose winner is at most so much above the declared composition."""
    against = Shift(-0.03, -0.05, high, 0.95) if any(winner) else None
    return Search(
        "proved", "pipeline/recommended", (Term("p99"),), SPACE, 8, 0.01, 0.05, 0, (), (), (), winner, against
    )


def test_a_winner_of_every_tape_is_what_recommended_must_be() -> None:
    found = {"generated": search(), "coinbase": search(high=0.005)}  # there it is not slower by more than the margin
    decision = decide(found)
    assert (decision.verdict, decision.changes) == ("changes", {"book": "bisect"})
    told = page(found, decision, datetime(2026, 1, 2, tzinfo=UTC))
    assert "book=bisect" in told
    assert "2026-01-02" in told
    assert "| coinbase | book=bisect |" in told


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (search(high=0.02), "may be slower by more than the margin on coinbase"),
        (search(high=None), "may be slower by more than the margin on coinbase"),
    ],
)
def test_what_may_be_slower_on_one_tape_is_not_recommended(other: Search, why: str) -> None:
    decision = decide({"generated": search(), "coinbase": other})
    assert (decision.verdict, decision.changes) == ("stands", {})
    assert why in decision.why


def test_what_is_faster_on_no_tape_is_not_recommended() -> None:
    decision = decide({"generated": search(high=0.004), "coinbase": search(high=0.009)})
    assert decision.verdict == "stands"
    assert "not told apart" in decision.why


def test_tapes_that_do_not_agree_decide_nothing() -> None:
    decision = decide({"generated": search(), "coinbase": search((0, 1))})
    assert decision.verdict == "open"
    assert "coinbase: codec=msgpack is better there" in decision.why


def test_an_open_search_decides_nothing() -> None:
    decision = decide({"generated": search(), "coinbase": replace(search(), verdict="open")})
    assert decision.verdict == "open"
    assert "--budget" in decision.why


def test_the_declared_one_stands_where_it_is_proved() -> None:
    decision = decide({"generated": search((0, 0)), "coinbase": search((0, 0))})
    assert (decision.verdict, decision.changes) == ("stands", {})


def test_the_command_decides_again_by_what_is_there_and_says_so_by_its_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[tuple[object, str]] = []
    monkeypatch.setattr(recommend, "write", lambda changes, note: written.append((changes, note)))
    for tape in ("coinbase", "generated"):
        (tmp_path / tape).mkdir()
        save(tmp_path / tape / FILE, search())
    arguments = ["--document-only", "--output", str(tmp_path)]
    assert CliRunner().invoke(recommend.main, arguments).exit_code == 1
    assert "| generated |" in (tmp_path / "recommendation.md").read_text(encoding="utf-8")
    assert written == []
    assert CliRunner().invoke(recommend.main, [*arguments, "--accept"]).exit_code == 0
    assert written[0][0] == {"book": "bisect"}
    assert "coinbase" in written[0][1]


def test_without_a_search_it_says_what_to_run(tmp_path: Path) -> None:
    done = CliRunner().invoke(recommend.main, ["--document-only", "--output", str(tmp_path)])
    assert done.exit_code == 2
    assert "python -m suites.recommend" in done.output
