"""Text, Markdown, HTML and JSON of one result say the same: the same figures, marks and words of a verdict."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tailgate.documents.allocations import Allocations
from tailgate.documents.allocators import Allocators
from tailgate.documents.anatomy import Anatomy
from tailgate.documents.bench import BenchSummary
from tailgate.documents.duel import DuelDocument
from tailgate.documents.envelope import load, save
from tailgate.documents.gate import GateDocument
from tailgate.documents.run import RunFacts
from tailgate.report.gather import Found, gather
from tailgate.report.html import render
from tailgate.report.page import build_page
from tailgate.results.allocations_report import allocations_table, allocator_table
from tailgate.results.anatomy_report import anatomy_markdown, tail_table, why_table
from tailgate.results.bench_report import bench_markdown, bench_tables, percentile_table
from tailgate.results.duel_report import duel_markdown, duel_sentence, duel_table
from tailgate.results.gate_report import count_table, gate_markdown, gate_table, gate_text
from tailgate.results.load import load_results
from tailgate.results.summary import summarise

if TYPE_CHECKING:
    from pathlib import Path

    from tailgate.results.table import Table


def page_of(path: Path) -> str:
    """Return the page of one file, its tags and white space taken out between cells."""
    found = gather([path])
    return html.unescape(render(build_page(found, path.parent)))


def row_of(cells: tuple[str, ...]) -> str:
    return re.sub(r"\s+", r"\\s*", r"\s*<[^>]*>\s*".join(map(re.escape, cells)))


def assert_same(table: Table, text: str, markdown: str, page: str) -> None:
    assert table.rows
    for row in table.rows:
        shown = [cell for cell in row if cell]
        line = next(line for line in text.splitlines() if line.strip().startswith(shown[0]) and shown[-1] in line)
        assert all(cell in line for cell in shown)
        assert "| " + " | ".join(row) + " |" in markdown
        cells = re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", page)
        assert any(tuple(cells[at : at + len(row)]) == row for at in range(len(cells))), row
    for note in table.notes:
        assert note in text
        assert note in markdown
        assert note in page


def written(of: Any, path: Path) -> tuple[Any, dict[str, Any], str]:
    """Write a document, read it back; return it, its JSON and its page."""
    save(path, of)
    return load(path, type(of)), json.loads(path.read_text(encoding="utf-8"))["document"], page_of(path)


def test_duel(golden: Path, tmp_path: Path) -> None:
    duel, plain, page = written(load(golden / "duel" / "duel.json", DuelDocument), tmp_path / "duel.json")
    table, markdown = duel_table(duel), duel_markdown(duel)
    assert_same(table, table.text(), markdown, page)
    assert duel_sentence(duel) in markdown
    assert duel_sentence(duel) in page
    marked = [row[0].startswith("~") for row in table.rows]
    assert marked == [each["advisory"] for each in plain["figures"]]
    assert any(marked)
    assert plain["verdict"].upper() in duel_sentence(duel)


def test_gate(golden: Path, tmp_path: Path) -> None:
    gate, plain, page = written(load(golden / "gate" / "verdict.json", GateDocument), tmp_path / "verdict.json")
    text, markdown = gate_text(gate), gate_markdown(gate)
    counts = count_table(gate)
    assert counts is not None
    for table in (gate_table(gate), counts):
        assert_same(table, text, markdown, page)
    for whole in (text, markdown, page):
        assert plain["sentence"] in whole
    figures = [figure for trial in plain["benchmarks"] for figure in trial["figures"].values()]
    assert [row[-1] for row in gate_table(gate).rows] == [each["verdict"] for each in figures]
    marked = [row[0].startswith("~") for row in gate_table(gate).rows]
    assert marked == [each["advisory"] for each in figures]
    assert any(marked)


def test_anatomy(golden: Path, tmp_path: Path) -> None:
    path = golden / "anatomy" / "pipeline-recommended.json"
    anatomy, plain, page = written(load(path, Anatomy), tmp_path / "anatomy.json")
    markdown = anatomy_markdown(anatomy)
    for table in (tail_table(anatomy, anatomy.raw), tail_table(anatomy, anatomy.reproducible), why_table(anatomy)):
        assert_same(table, table.text(), markdown, page)
    assert plain["sentences"]
    for sentence in plain["sentences"]:
        assert sentence in markdown
        assert sentence in page


def test_allocations(golden: Path, tmp_path: Path) -> None:
    path = golden / "allocations" / "allocations.jsonl"
    found, plain, page = written(load(path, Allocations), tmp_path / "allocations.json")
    table = allocations_table(found)
    assert_same(table, table.text(), table.markdown(), page)
    assert [row[1] for row in table.rows] == [f"{each['per_operation']:,.2f}" for each in plain["counts"]]


def test_bench(build: Path) -> None:
    folder = build / "bench"
    facts = load(folder / "run.json", RunFacts)
    summary = summarise(load_results(folder / "results.json"), facts.budgets)
    path = save(build / "summary.json", summary)
    assert load(path, BenchSummary) == summary
    plain = json.loads(path.read_text(encoding="utf-8"))["document"]
    page, markdown = page_of(folder / "results.json"), bench_markdown(summary, facts)
    for table in bench_tables(summary):
        assert_same(table, table.text(), markdown, page)
    spent = {each["name"]: ("BROKEN" if each["p99_ns"] > each["budget_ns"] else "kept") for each in plain["budgets"]}
    assert {row[0]: row[-1] for row in bench_tables(summary)[-1].rows} == spent
    pipeline = percentile_table("pipeline", summary.groups()["pipeline"])
    advisory = [each["advisory"] for each in plain["benchmarks"] if each["group"] == "pipeline"]
    assert [[cell.startswith("~") for cell in row[1:5]] for row in pipeline.rows] == advisory


def test_allocators(root: Path, tmp_path: Path) -> None:
    path = root / "tests" / "golden" / "documents" / "first" / "allocators.jsonl"
    found, plain, page = written(load(path, Allocators), tmp_path / "allocators.json")
    table = allocator_table(found)
    assert_same(table, table.text(), table.markdown(), page)
    assert [row[1] for row in table.rows] == [f"{each['rss_bytes'] / 2**20:,.1f}" for each in plain["weighed"]]


@pytest.mark.parametrize("kind", ["unreadable"])
def test_what_could_not_be_read_is_on_the_page(tmp_path: Path, kind: str) -> None:
    page = render(build_page([Found(kind, tmp_path / "x.json", "x.json is damaged: it ends early")], tmp_path))
    assert "left out: x.json is damaged: it ends early" in page
