"""Text, Markdown, HTML and JSON of one result say the same: the same figures, marks and words of a verdict."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tailgate.documents.allocations import Allocations
from tailgate.documents.allocators import Allocators
from tailgate.documents.anatomy import Anatomy
from tailgate.documents.bench import BenchSummary
from tailgate.documents.bisection import Bisection, Commit, Guilty, Round
from tailgate.documents.calibration import Calibrated, Calibration, Noise, OtherTool, Tally
from tailgate.documents.comparison import Shift
from tailgate.documents.doctor import Diagnosis
from tailgate.documents.duel import DuelDocument
from tailgate.documents.envelope import load, save
from tailgate.documents.explanation import Explanation, Part, sentences
from tailgate.documents.gate import GateDocument
from tailgate.documents.profile import Line, ProfileDocument, Unit
from tailgate.documents.run import RunFacts
from tailgate.report.gather import Found, gather
from tailgate.report.html import render
from tailgate.report.page import build_page
from tailgate.results.allocations_report import allocations_table, allocator_table
from tailgate.results.anatomy_report import anatomy_markdown, tail_table, why_table
from tailgate.results.bench_report import bench_markdown, bench_tables, percentile_table
from tailgate.results.bisect_report import bisect_lines, bisect_markdown, bisect_table, bisect_text
from tailgate.results.calibration_report import calibration_page, calibration_tables
from tailgate.results.doctor_report import condition_table, doctor_text, jitter_table
from tailgate.results.duel_report import duel_markdown, duel_sentence, duel_table
from tailgate.results.gate_report import count_table, gate_markdown, gate_table, gate_text
from tailgate.results.load import load_results
from tailgate.results.profile_report import comparison_table, profile_table
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


def test_bisection(tmp_path: Path) -> None:
    commits = tuple(Commit(n, f"{n}" * 40, f"change {n}", skipped="it cannot be built" * (n == 3)) for n in range(9))
    near, far = Shift(0.001, -0.009, 0.011, 0.95), Shift(0.031, 0.021, 0.041, 0.95)
    rounds = (
        Round(
            (0, 4, 8), ((1e3, 1e3, 1.03e3),) * 5, (Shift(0.0, -0.01, 0.01, 0.95), near, far), "steps", (1,), 0.99, True
        ),
        Round((4, 6, 8), ((1e3, 1.03e3, 1.03e3),) * 6, (near, far, far), "steps", (0,), 0.98, True),
    )
    part = Part("stage", "book", 1_000.0, 1_160.0, 0.01, share=0.84)
    why = Explanation("path/name", 0.99, 8, far, 5_000.0, 5_190.0, rises=True, alpha=0.05, parts=(part,))
    made = Bisection(
        "found",
        "path/name",
        0.99,
        0.01,
        0.02,
        commits,
        rounds,
        (Guilty(4, 6, far, 0.98),),
        seconds=90.0,
        explanations=(why,),
        batch=16,
    )
    told, plain, page = written(made, tmp_path / "bisect.json")
    assert told == made
    table, markdown = bisect_table(told), bisect_markdown(told)
    assert_same(table, bisect_text(told), markdown, page)
    assert [(row[0], row[2], row[3], row[5], row[6]) for row in table.rows] == [
        ("0" * 10, "-", "-", "5", ""),
        ("4" * 10, "0" * 10, "+0.10 %", "5", ""),
        ("6" * 10, "4" * 10, "+3.15 %", "6", "steps"),
        ("8" * 10, "4" * 10, "+3.15 %", "6", ""),
    ]
    assert table.notes[-1].startswith("path/name: a step of the clock is too much of one operation: 16 at a time")
    assert len(re.findall("one of 5555555555, 6666666666 makes it slower", page)) == 2, "the card and the list"
    for line in (*bisect_lines(told), *sentences(why)):
        assert all(line in whole for whole in (bisect_text(told), markdown, page))
    assert plain["verdict"] in page
    spans = [row[3:5] for row in table.rows if row[3] != "-"]
    assert all(f"{shift} {interval}" in page for shift, interval in spans), "the picture says what the table says"


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


def test_calibration(tmp_path: Path) -> None:
    tallies = (Tally("identical", 0.0, {"PASS": 19, "UNFIT": 1}), Tally("every 5 %", 0.049, {"REGRESSION": 20}))
    figures = (
        (Noise("raw", 0.02, -0.1),),
        (OtherTool("a t-test", (3, 20), (17, 20)),),
        40,
        {"slower": 5, "faster": 0},
        0.015,
    )
    judged = Calibrated("book/bisect", "as it was", 480, 9, 4.5, tallies, tallies[:1], *figures)
    made = Calibration("tailgate calibrate", "a CPU", (judged,))
    found, plain, page = written(made, tmp_path / "calibration.json")
    assert found == made
    markdown = calibration_page(found, "2026-11-22")
    for table in calibration_tables(judged):
        assert_same(table, table.text(), markdown, page)
    whole, resampled, _ = calibration_tables(judged)
    (one,) = plain["recordings"]
    assert [[int(cell) for cell in row[3:7]] for row in whole.rows] == [
        [each["verdicts"].get(verdict, 0) for verdict in ("REGRESSION", "PASS", "UNDECIDED", "UNFIT")]
        for each in one["whole"]
    ]
    assert "given these blocks" in resampled.columns[-1]
    assert "given these blocks" not in whole.columns[-1]
    assert "`tailgate calibrate`, 2026-11-22, a CPU." in markdown


def test_doctor(root: Path, tmp_path: Path) -> None:
    path = root / "tests" / "golden" / "documents" / "first" / "doctor.json"
    found, plain, page = written(load(path, Diagnosis), tmp_path / "doctor.json")
    text = doctor_text(found)
    for table in (jitter_table(found), condition_table(found)):
        assert_same(table, table.text(), table.markdown(), page)
    assert [row[0] for row in jitter_table(found).rows] == [str(each["cpu"]) for each in plain["jitter"]]
    for each in plain["conditions"]:
        assert all(each[key] in text for key in ("name", "state", "advice"))
    for whole in (text, page):
        assert all(reason in whole for reason in (f"This machine is {plain['verdict']}.", *plain["reasons"]))
        assert "not measured" in whole


@pytest.mark.parametrize("unit", ["ns", "bytes", "allocations"])
def test_profile(tmp_path: Path, unit: Unit) -> None:
    lines = (Line("a.py:3 hot", 0.75), Line("(waiting: on no CPU)", 0.2))
    made = ProfileDocument(
        "py-spy",
        "book/bisect",
        unit,
        300,
        40.0,
        1_000.0,
        0.2,
        0.9,
        lines,
        {"hot (a.py)": 30.0},
        ("a note",),
        ("x.svg",),
    )
    found, plain, page = written(made, tmp_path / "profile.json")
    assert found == made
    table = profile_table(found)
    assert_same(table, table.text(), table.markdown(1), page)
    assert [row[1] for row in table.rows] == [*(f"{100 * each['share']:.1f} %" for each in plain["lines"]), "5.0 %"]
    assert table.rows[0][2] == {"ns": "30 ns", "bytes": "30.0 B", "allocations": "30.00"}[unit]
    assert "(faster: other work" in table.notes[0]
    assert "waits for 20 % of it" in table.notes[0]
    row = comparison_table(found, replace(found, functions={})).rows[1]
    assert row == ("hot (a.py)", table.rows[0][2], {"ns": "0 ns", "bytes": "0.0 B", "allocations": "0.00"}[unit])


@pytest.mark.parametrize("kind", ["unreadable"])
def test_what_could_not_be_read_is_on_the_page(tmp_path: Path, kind: str) -> None:
    page = render(build_page([Found(kind, tmp_path / "x.json", "x.json is damaged: it ends early")], tmp_path))
    assert "left out: x.json is damaged: it ends early" in page


def test_the_lines_of_an_explanation_stand_on_the_page_as_in_the_text(tmp_path: Path) -> None:
    part = Part("stage", "book", 1_000.0, 1_160.0, 0.01, share=0.84)
    shift = Shift(0.034, 0.02, 0.05, 0.95)
    told = Explanation("path/name", 0.99, 8, shift, 5_000.0, 5_190.0, rises=True, alpha=0.05, parts=(part,))
    gate = GateDocument("REGRESSION", 1, "REGRESSION: it is", "a", "b", 0.02, 0.99, 1.0, "3", (), explanations=(told,))
    page = page_of(save(tmp_path / "verdict.json", gate))
    for line in sentences(told):
        assert line in gate_text(gate)
        assert line in page


LOSS = "left out of the capture: 12 book updates before the first snapshot (BTC/USD 12)"


def test_what_the_inputs_lack_stands_under_every_table_of_every_form(build: Path, golden: Path, tmp_path: Path) -> None:
    folder = build / "bench"
    facts = replace(load(folder / "run.json", RunFacts), inputs=(LOSS,))
    save(folder / "run.json", facts)
    summary = summarise(load_results(folder / "results.json"), facts.budgets, facts.inputs)
    assert all(LOSS in table.text() for table in bench_tables(summary))
    assert bench_markdown(summary, facts).count(LOSS) == len(bench_tables(summary))
    page = page_of(folder / "results.json")
    assert page.count(LOSS) == page.count("<table") > 3  # the summary, percentiles, tails, stages
    duel = replace(load(golden / "duel" / "duel.json", DuelDocument), inputs=(LOSS,))
    gate = replace(load(golden / "gate" / "verdict.json", GateDocument), inputs=(LOSS,))
    found = replace(load(golden / "allocations" / "allocations.jsonl", Allocations), inputs=(LOSS,))
    allocators = replace(load(golden / "allocations" / "allocators.jsonl", Allocators), inputs=(LOSS,))
    lines = (Line("a.py:3 hot", 0.75),)
    profiled = ProfileDocument(
        "py-spy", "book/bisect", "ns", 3, 4.0, 1.0, 0.0, 1.0, lines, {"hot": 3.0}, (), (), (LOSS,)
    )
    assert comparison_table(profiled, profiled).notes.count(LOSS) == 1
    forms = (
        (profiled, profile_table(profiled).text(), profile_table(profiled).markdown()),
        (allocators, allocator_table(allocators).text(), allocator_table(allocators).markdown()),
        (duel, duel_table(duel).text(), duel_markdown(duel)),
        (gate, gate_text(gate), gate_markdown(gate)),
        (found, allocations_table(found).text(), allocations_table(found).markdown()),
    )
    for of, text, markdown in forms:
        _, plain, page = written(of, tmp_path / f"{type(of).__name__}.json")
        assert plain["inputs"] == [LOSS]
        assert page.count(LOSS) >= page.count("<table") > 0
        assert all(LOSS in form for form in (text, markdown, page))
    assert gate_text(gate).count(LOSS) == 2
