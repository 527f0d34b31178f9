"""Each `nox -s ...`, `tailgate ...` and `python ...` on a page is one that the program takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs.commands import faults, lines, programs, refusal
from tests.docs.pages import PAGES

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _at_the_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(root))
    monkeypatch.chdir(root)


def test_the_programs_take_every_command_of_the_pages() -> None:
    found = [line for page in PAGES for line in lines(page)]
    assert len(found) > 100
    assert [told for line in found for told in faults(line)] == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nox -s gait -- --base main", "there is no session gait"),
        ("nox -s gate -- --bse main", "--bse"),
        ("nox -s gate", "--base"),
        ("nox -s tests -- tests/contracts -k book", "there is no tests/contracts"),
        ("nox -s interpreters -- make plain", "there is no command make"),
        ("cd examples && tailgate gate --bas main", "--bas"),
        ("tailgate histroy list", "there is no command histroy"),
        ("tailgate isolate run --plaice outside -- true", "--plaice"),
        ("tailgate profile valgrind pipeline", "valgrind"),
        ("sudo python3 scripts/isolate_cpus.py aply", "aply"),
        ("python -m suites.exchnge", "there is no module"),
        ("python scripts/measure_turn.py --blcks 2", "--blcks"),
    ],
)
def test_a_wrong_command_is_seen(tmp_path: Path, text: str, why: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"Do `{text}`.\n\n```console\n$ {text}  # so\n```\n\n    {text}\n")
    named, *whole = lines(page)
    assert len(whole) == 2
    for line in whole:
        assert [why in told for told in faults(line)] == [True]
    assert [why in told for told in faults(named)] == ([True] if why != "--base" else [])


def test_a_right_command_is_taken() -> None:
    for text in ("nox -s gate -- --quick --base REV [--timing]", "TAILGATE_HISTORY=off tailgate bench --list | head"):
        assert [refusal(words) for words in programs(text)] == [None]
