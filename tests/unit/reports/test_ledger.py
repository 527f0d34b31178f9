from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from reports.blocks import Ranges
from reports.ledger import ledger_markdown, ledger_of, load_ledger, main, tally
from reports.ledger_tables import factor
from reports.sections.ledger import ledger_section
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def plain(golden: Path) -> dict[str, Any]:
    return dict(json.loads((golden / "ledger" / "ledger.json").read_text(encoding="utf-8")))


def test_page_is_the_golden_one(golden: Path) -> None:
    page = ledger_markdown(load_ledger(golden / "ledger" / "ledger.json"))
    assert page == (golden / "ledger" / "ledger.md").read_text(encoding="utf-8")


def test_verdict_of_an_id_is_its_first_rows(plain: dict[str, Any]) -> None:
    plain["rows"][1]["verdict"] = "not kept"
    assert tally(ledger_of(plain)) == "1 exceeded, 1 not kept, 1 not measurable here"


def test_later_rows_of_an_id_do_not_repeat_it(plain: dict[str, Any]) -> None:
    lines = [line for line in ledger_markdown(ledger_of(plain)).splitlines() if line.startswith("| B3 |")]
    assert lines[0].count("heap rebuilt") == 1
    assert lines[1].count("heap rebuilt") == 0


def test_priorities_begin_with_the_greatest_gain(plain: dict[str, Any]) -> None:
    text = ledger_markdown(ledger_of(plain))
    matrix = text[text.index("## Priorities") :]
    assert matrix.index("| B3 |") < matrix.index("| B2 |")


def test_budget_that_is_broken_fails(plain: dict[str, Any]) -> None:
    lines = ledger_markdown(ledger_of(plain)).splitlines()
    verdicts = {line.split(" |")[0]: line for line in lines if line.endswith(("pass |", "FAIL |"))}
    assert verdicts["| WebSocket message"].endswith("5.3x | pass |")
    assert verdicts["| book update"].endswith("0.8x | FAIL |")


@pytest.mark.parametrize(("times", "text"), [(0.7, "0.70x"), (9.994, "9.99x"), (12.34, "12.3x"), (240.4, "240x")])
def test_factor_has_the_digits_a_person_needs(times: float, text: str) -> None:
    assert factor(times) == text


@pytest.mark.parametrize("key", ["command", "rows", "cumulated", "matrix", "machine"])
def test_missing_key_is_named(plain: dict[str, Any], key: str, tmp_path: Path) -> None:
    del plain[key]
    path = tmp_path / "ledger.json"
    path.write_text(json.dumps(plain), encoding="utf-8")
    with pytest.raises(TailgateError, match=key):
        load_ledger(path)


def test_unknown_verdict_is_refused(plain: dict[str, Any], tmp_path: Path) -> None:
    plain["rows"][0]["verdict"] = "splendid"
    path = tmp_path / "ledger.json"
    path.write_text(json.dumps(plain), encoding="utf-8")
    with pytest.raises(TailgateError, match="splendid"):
        load_ledger(path)


def test_other_schema_is_refused(plain: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    path.write_text(json.dumps(plain | {"schema": 2}), encoding="utf-8")
    with pytest.raises(TailgateError, match="no ledger of schema 1"):
        load_ledger(path)


def test_a_reason_of_several_lines_stays_in_its_cell(plain: dict[str, Any]) -> None:
    plain["rows"][0]["why"] = "operation 7 differs\n  run it again"
    text = ledger_markdown(ledger_of(plain))
    assert "| operation 7 differs run it again |" in text


def test_a_row_judged_by_another_figure_than_the_drawn_one_says_by_which(plain: dict[str, Any]) -> None:
    row = dict(plain["rows"][0], promised="2-3x throughput", promised_times=None, why="throughput 1.6x")
    others = [dict(row, benchmark=f"4 threads, {build}: locked \u2192 lock-free") for build in ("GIL", "free-threaded")]
    picture = ledger_section(ledger_of(plain | {"rows": [row, *others]})).blocks[0]
    assert isinstance(picture, Ranges)
    assert [span.band for span in picture.rows] == [None] * 3
    assert all(span.text.endswith("(promised 2-3x throughput): throughput 1.6x") for span in picture.rows)
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
