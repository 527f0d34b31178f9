from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from documents.ledger import Ledger
from documents.times import factor
from reports.ledger import ledger_markdown, main
from reports.sections.ledger import ledger_section
from tailgate.documents.envelope import load
from tailgate.report.blocks import Ranges

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def ledger(golden: Path) -> Ledger:
    return load(golden / "ledger" / "ledger.json", Ledger)


def test_page_is_the_golden_one(golden: Path) -> None:
    page = ledger_markdown(load(golden / "ledger" / "ledger.json", Ledger))
    assert page == (golden / "ledger" / "ledger.md").read_text(encoding="utf-8")


def test_verdict_of_an_id_is_its_first_rows(ledger: Ledger) -> None:
    second = replace(ledger.rows[1], verdict="not met")
    assert replace(ledger, rows=(ledger.rows[0], second, *ledger.rows[2:])).tally == ledger.tally
    assert ledger.tally == "1 exceeded, 1 not met, 1 not measurable here"


def test_later_rows_of_an_id_do_not_repeat_it(ledger: Ledger) -> None:
    lines = [line for line in ledger_markdown(ledger).splitlines() if line.startswith("| B3 |")]
    assert lines[0].count("heap rebuilt") == 1
    assert lines[1].count("heap rebuilt") == 0


def test_priorities_begin_with_the_greatest_gain(ledger: Ledger) -> None:
    text = ledger_markdown(ledger)
    matrix = text[text.index("## Priorities") :]
    assert matrix.index("| B3 |") < matrix.index("| B2 |")


def test_budget_that_is_broken_says_so(ledger: Ledger) -> None:
    lines = ledger_markdown(ledger).splitlines()
    verdicts = {line.split(" |")[0]: line for line in lines if line.endswith(("kept |", "BROKEN |"))}
    assert verdicts["| WebSocket message"].endswith("| 81% | kept |")
    assert verdicts["| book update"].endswith("~12.1 µs | -21% | BROKEN |")


@pytest.mark.parametrize(("times", "text"), [(0.7, "0.70x"), (9.994, "9.99x"), (12.34, "12.3x"), (240.4, "240x")])
def test_factor_has_the_digits_a_person_needs(times: float, text: str) -> None:
    assert factor(times) == text


def test_a_reason_of_several_lines_stays_in_its_cell(ledger: Ledger) -> None:
    first = replace(ledger.rows[0], why="operation 7 differs\n  run it again")
    text = ledger_markdown(replace(ledger, rows=(first,)))
    assert "| operation 7 differs run it again |" in text


def test_a_row_judged_by_another_figure_than_the_drawn_one_says_by_which(ledger: Ledger) -> None:
    row = replace(ledger.rows[0], claimed="2-3x throughput", claimed_times=None, why="throughput 1.6x")
    names = [f"4 threads, {build}: locked \u2192 lock-free" for build in ("GIL", "free-threaded")]
    rows = (row, *(replace(row, benchmark=name) for name in names))
    picture = ledger_section(replace(ledger, rows=rows)).blocks[0]
    assert isinstance(picture, Ranges)
    assert [span.band for span in picture.rows] == [None] * 3
    assert all(span.text.endswith("(claimed 2-3x throughput): throughput 1.6x") for span in picture.rows)
    assert [span.name.rpartition(", ")[2] for span in picture.rows[1:]] == ["GIL", "free-threaded"]


def test_command_writes_the_document(golden: Path, tmp_path: Path) -> None:
    output = tmp_path / "docs" / "ledger.md"
    done = CliRunner().invoke(main, [str(golden / "ledger" / "ledger.json"), "-o", str(output)])
    assert done.exit_code == 0, done.output
    assert output.read_text(encoding="utf-8").startswith("# The ledger")


def test_command_says_what_is_missing(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, [str(tmp_path / "ledger.json")])
    assert done.exit_code == 2
    assert "there is no" in done.output
