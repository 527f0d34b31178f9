"""The documents of the subject: read back as written; text, Markdown, page and JSON of one say the same; old files."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

import reports.kinds  # noqa: F401  the page draws the wire and the ledger too
from documents.contention.document import Contention
from documents.contention.tables import contention_tables
from documents.interpreters import Interpreters, compared_table
from documents.ledger import Ledger
from documents.sizes.document import Sizes
from documents.sizes.tables import sizes_tables
from documents.wire.document import Wire
from documents.wire.summary import P50, P99
from documents.wire.tables import wire_tables
from reports.ledger import ledger_markdown
from reports.ledger_tables import ledger_tables
from reports.wire import wire_markdown
from suites.contention.__main__ import markdown as contention_markdown
from suites.sizes.__main__ import markdown as sizes_markdown
from suites.wire.report import markdown
from tailgate.documents.envelope import load, read, save
from tailgate.errors import TailgateError
from tailgate.report.gather import gather
from tailgate.report.html import render
from tailgate.report.page import build_page

if TYPE_CHECKING:
    from pathlib import Path

    from tailgate.results.table import Table

GOLDEN = {
    "ledger/ledger.json": Ledger,
    "wire/results.json": Wire,
    "contention/contention.json": Contention,
    "sizes/sizes.json": Sizes,
    "interpreter-comparison/interpreters.json": Interpreters,
}


@pytest.fixture
def golden(root: Path) -> Path:
    return root / "tests" / "golden" / "reports"


@pytest.mark.parametrize(("name", "of"), GOLDEN.items())
def test_what_is_read_can_be_written_and_read_again(golden: Path, tmp_path: Path, name: str, of: type[Any]) -> None:
    found = load(golden / name, of)
    assert load(save(tmp_path / "again.json", found), of) == found
    assert isinstance(read(golden / name)[1], of)


@pytest.mark.parametrize(("name", "of"), [("ledger.json", Ledger), ("wire.json", Wire)])
def test_what_lacks_what_is_judged_now_is_named_in_one_line(root: Path, name: str, of: type[Any]) -> None:
    path = root / "tests" / "golden" / "documents" / "first" / name
    with pytest.raises(TailgateError, match=rf"{name} is a .* of schema 1, which is no longer read") as error:
        load(path, of)
    assert "\n" not in error.value.message
    assert error.value.hint.startswith("make it again: nox -s ")


def test_an_old_comparison_of_interpreters_is_brought_up_to_date(golden: Path) -> None:
    path = golden / "interpreter-comparison" / "interpreters.json"
    assert "kind" not in json.loads(path.read_text())
    (compared,) = load(path, Interpreters).compared
    assert (compared.base, list(compared.times)) == ("plain", ["pgo-both", "twin of the base"])
    assert compared.times["pgo-both"][1].times == pytest.approx(1.14, abs=0.01)


def page_of(path: Path) -> tuple[list[str], str]:
    text = html.unescape(render(build_page(gather([path]), path.parent)))
    return [" ".join(cell.split()) for cell in re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", text)], text


def assert_same(table: Table, page: list[str], text: str, *pages: str) -> None:
    """Hold that every row stands in the page and in each Markdown, and every note too."""
    for row in table.rows:
        assert any(tuple(page[at : at + len(row)]) == row for at in range(len(page))), row
        for each in (*pages, table.markdown()):
            assert "| " + " | ".join(row) + " |" in each, row
        assert all(cell in table.text() for cell in row)
    for note in table.notes:
        assert all(note in each for each in (text, table.text(), *pages))


def test_wire(golden: Path) -> None:
    path = golden / "wire" / "results.json"
    wire = load(path, Wire)
    cells, text = page_of(path)
    for table in wire_tables(wire):
        assert_same(table, cells, text, markdown(wire), wire_markdown(path.parent))
    plain = json.loads(path.read_text())["document"]
    rows = wire_tables(wire)[0].rows
    for row, each in zip(rows, plain["summaries"], strict=True):
        for column, place in ((5, P50), (7, P99)):
            figures = each["latency"]
            assert row[column].startswith("~") == figures["advisory"][place]
            assert f"{figures['ns'][place] / 1e3:,.1f}" in row[column]
    assert {row[7][0] == "~" for row in rows} == {True, False}
    claims = next(table for table in wire_tables(wire) if table.title == "Claims")
    assert [row[2] for row in claims.rows] == [each["holds"] for each in plain["claims"]]
    assert {"yes", "no", "not shown"} >= {row[2] for row in claims.rows} > {"yes"}


def test_contention(golden: Path) -> None:
    path = golden / "contention" / "contention.json"
    found = load(path, Contention)
    cells, text = page_of(path)
    tables = contention_tables(found)
    assert [table.title for table in tables] == ["counters", "Not run"]
    for table in tables:
        assert_same(table, cells, text, contention_markdown(found))
    shown = json.loads(path.read_text())["document"]["contended"]
    for row, each in zip(tables[0].rows, shown, strict=True):
        assert row[3].startswith(f"{each['throughput']['value']:,.0f} [")
        assert f"{each['write']['percentiles'][1]['value']:,} ns [" in row[6]


def test_sizes(golden: Path) -> None:
    path = golden / "sizes" / "sizes.json"
    found = load(path, Sizes)
    cells, text = page_of(path)
    for table in sizes_tables(found):
        assert_same(table, cells, text, sizes_markdown(found))
    rows = {row[0]: row for row in sizes_tables(found)[0].rows}
    assert rows["near-window"][-2:] == ("constant", "")
    assert rows["heap-rebuild"][-2].endswith("+ 60 ns · n")
    assert rows["bisect"][-1] == "1,000 (n^0.00 → n^1.00)"
    tails = sizes_tables(found)[1]
    assert {row[-2] for row in tails.rows} == {"-"}  # 300 operations: a snapshot would be its p99
    assert "fewer than 400 operations" in tails.notes[1]


def test_ledger(golden: Path) -> None:
    path = golden / "ledger" / "ledger.json"
    ledger = load(path, Ledger)
    cells, text = page_of(path)
    for table in ledger_tables(ledger):
        assert_same(table, cells, text, ledger_markdown(ledger))
    assert ledger.tally in text
    assert ledger.tally in ledger_markdown(ledger)
    plain = json.loads(path.read_text())["document"]
    assert [row[8] for row in ledger_tables(ledger)[0].rows] == [each["verdict"] for each in plain["rows"]]


def test_interpreters(golden: Path, tmp_path: Path) -> None:
    found = load(golden / "interpreter-comparison" / "interpreters.json", Interpreters)
    path = save(tmp_path / "interpreters.json", found)
    cells, text = page_of(path)
    for each in found.compared:
        assert_same(compared_table(each), cells, text)
    (plain,) = json.loads(path.read_text())["document"]["compared"]
    row = compared_table(found.compared[0]).rows[0]
    assert row[1].startswith(f"{plain['times'][row[0]][0]['times']:.3f}x")
