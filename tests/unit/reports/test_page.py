from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

pytest.importorskip("jinja2", reason="the page is a template of Jinja's")

from reports.__main__ import main
from tailgate.errors import TailgateError
from tailgate.files import slug
from tailgate.report.blocks import Chart, Ranges
from tailgate.report.curves import Curves, curves, groups_of
from tailgate.report.gather import gather
from tailgate.report.html import render
from tailgate.report.page import build_page, write_page
from tailgate.report.sections.percentiles import percentiles_section
from tailgate.report.sections.summary import summary_section
from tailgate.report.sections.tails import tails_section
from tailgate.report.tables import figure_columns, markdown
from tailgate.results.bench_report import percentile_table
from tailgate.results.histogram import merge
from tailgate.results.load import Results, load_results
from tailgate.results.summary import figures, summarise
from tailgate.results.table import Table, duration

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VOID = {"meta", "link", "br", "path", "polyline", "img"}


class Outline(HTMLParser):
    """Reads a page: its elements, the cells of its tables, and whether every element is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.cells: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in {"href", "src", "srcset", "action"}:
                self.addresses.append(value or "")
        if tag == "tr":
            self.cells.append([])
        if tag in {"td", "th"}:
            self.cells[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in {"td", "th"}:
            self.cells[-1][-1] += data


def readings_of(page: str) -> dict[str, Any]:
    found = re.search(r'id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


@pytest.fixture
def page(build: Path) -> str:
    profile = build / "profile" / "py-spy"
    profile.mkdir(parents=True)
    (profile / "flame graph.svg").write_text("<svg/>", encoding="utf-8")
    return write_page(gather([build]), build / "report.html").read_text(encoding="utf-8")


@pytest.fixture
def outline(page: str) -> Outline:
    read = Outline()
    read.feed(page)
    assert read.open == []
    return read


def test_every_section_is_there_verdicts_first(outline: Outline) -> None:
    keys = "summary gate duel percentiles tails stages anatomy allocations allocators wire contention sizes"
    keys += " interpreters ledger machine"
    assert [each for each in outline.ids if each in keys.split()] == keys.split()


def test_ids_are_unique(outline: Outline) -> None:
    assert len(outline.ids) == len(set(outline.ids))


def test_what_is_advisory_of_a_curve_is_thin_be_it_raw_or_reproducible(page: str) -> None:
    for part, strokes in (("raw", ("solid", "thin")), ("reproducible", ("dashed", "dashed thin"))):
        for stroke in strokes:
            assert f'data-part="{part}" class="{stroke}"' in page


def curves_of(results: Results) -> dict[str, list[Curves]]:
    return groups_of(results, summarise(results, {}))


def test_nothing_is_fetched_from_anywhere(page: str, outline: Outline) -> None:
    outside = [a for a in outline.addresses if not a.startswith(("#", "data:", "profile/"))]
    assert outside == []
    assert not re.search(r"url\(|@import|https?://", page)


def test_flame_graphs_are_linked(outline: Outline) -> None:
    assert "profile/py-spy/flame%20graph.svg" in outline.addresses


def test_tables_have_the_very_figures_of_the_results(outline: Outline, build: Path) -> None:
    results = load_results(build / "bench" / "results.json")
    for group, members in summarise(results, {}).groups().items():
        for row in percentile_table(group, members).rows:
            assert list(row) in outline.cells


def test_readings_under_the_pointer_are_those_of_the_histograms(page: str, build: Path) -> None:
    data = readings_of(page)
    results = load_results(build / "bench" / "results.json")
    decode = data["curves-decode"]
    place = {label: i for i, (_, label) in enumerate(decode["stops"])}
    for series, member in zip(decode["series"], results.groups()["decode"], strict=True):
        known = curves(member, figures(member))
        for kind, points in (("raw", known.raw), ("reproducible", known.reproducible)):
            by_percent = {round(point.percent, 6): duration(point.ns) for point in points}
            for label, percent in (("p50", 50), ("p90", 90), ("p99", 99), ("p99.9", 99.9), ("max", 100)):
                assert series["readings"][kind][place[label]] == by_percent[percent]


@pytest.mark.parametrize("titles", [("\u65e5\u672c", "\ud55c\uad6d"), ("a[b=1]", "a-b-1")])
def test_groups_of_like_names_have_readings_of_their_own(build: Path, titles: tuple[str, str]) -> None:
    results = load_results(build / "bench" / "results.json")
    members = results.groups()["decode"]
    groups = curves_of(replace(results, benchmarks=tuple(members)))["decode"]
    section = percentiles_section({titles[0]: groups[:1], titles[1]: groups[1:]})
    keys = [block.key for block in section.blocks if isinstance(block, Chart)]
    assert len(set(keys)) == 2


def test_a_slug_keeps_the_letters_of_every_language() -> None:
    assert slug("\u65e5\u672c/\u8a9e[a=1]") == "\u65e5\u672c-\u8a9e@a=1"
    assert slug("book/bisect[read_every=10]") == "book-bisect@read_every=10"


def test_labels_of_stops_tell_neighbours_apart(page: str) -> None:
    data = readings_of(page)
    for chart in data.values():
        labels = [label for _, label in chart["stops"]]
        assert len(labels) == len(set(labels))


def test_what_results_say_cannot_become_markup(page: str) -> None:
    assert "not installed &lt;here&gt;" in page
    assert "<here>" not in page


def test_failed_runs_of_the_wire_are_named_and_not_drawn(page: str, outline: Outline) -> None:
    assert ["bottleneck", "20,000", "1.2", "achieved 71.0% of the offered rate"] in outline.cells
    data = readings_of(page)["wire-rates"]
    readings = {series["name"]: series["readings"]["p99"] for series in data["series"]}
    assert readings["bottleneck"][2] == ""
    assert readings["recommended"][2] != ""


def test_interpreter_gain_is_the_median_of_the_blocks(outline: Outline) -> None:
    row = next(row for row in outline.cells if row and row[0] == "pgo-both")
    assert float(row[1].split("x")[0]) == pytest.approx(1.14, abs=0.01)
    assert "free-threaded: unavailable" not in row


def test_verdicts_stand_in_the_summary(page: str) -> None:
    summary = page[page.index('id="summary"') : page.index('id="gate"')]
    assert "1 of 2" in summary
    for words in ("REGRESSION", "faster", "1 exceeded, 1 not met, 1 not measurable here", "broken", "book update"):
        assert words in summary


def test_budgets_of_the_run_are_held_against_its_p99(outline: Outline, build: Path) -> None:
    decode = load_results(build / "bench" / "results.json").groups()["decode"]
    p99 = {each.name: duration(figures(each).raw[2]) for each in decode}
    rows = {row[0]: row[1:] for row in outline.cells if len(row) == 5 and row[-1] in {"kept", "BROKEN"}}
    assert rows["decode/msgspec"][:2] == ["1,000 ns", f"~{p99['decode/msgspec']}"]  # of 12,000 different operations
    assert rows["decode/msgspec"][-1] == "BROKEN"
    assert rows["pipeline/recommended"][-1] == "kept"


def test_two_files_of_a_kind_have_addresses_of_their_own(build: Path) -> None:
    found = gather([build]) * 2
    read = Outline()
    read.feed(render(build_page(found, build)))
    assert len(read.ids) == len(set(read.ids))
    assert {"percentiles-2", "curves-decode-2", "wire-2", "wire-rates-2", "duel-2", "gate-2", "ledger-2"} <= set(
        read.ids
    )
    assert {"#duel", "#duel-2", "#ledger-2"} <= set(read.addresses)


def test_two_files_of_a_kind_are_told_apart_in_the_list_of_sections(build: Path) -> None:
    for name in ("b2", "b6"):
        (build / "wire" / name).mkdir()
        (build / "wire" / name / "results.json").write_bytes((build / "wire" / "results.json").read_bytes())
    page = render(build_page(gather([build]), build))
    nav = re.findall(r'<a href="#([^"]+)">([^<]+)</a>', page[page.index("<nav") : page.index("</nav>")])
    assert [text for key, text in nav if key.startswith("wire")] == ["Wire (wire)", "Wire (b2)", "Wire (b6)"]
    assert dict(nav)["percentiles"] == "Percentiles"
    assert '<h2 id="wire-title">Wire: latency against rate (wire/results.json)</h2>' in page


@pytest.mark.parametrize(("operations", "mark"), [(19_999, "~"), (200_000, "")])
def test_a_reproducible_p99_of_few_operations_is_advisory(build: Path, operations: int, mark: str) -> None:
    """Its values are one an operation: more passes record more, and make it no surer."""
    results = load_results(build / "bench" / "results.json")
    members = tuple(
        replace(
            each,
            operations=operations,
            passes=50,
            processes=tuple(replace(one, raw=merge([one.raw] * 6)) for one in each.processes),
        )
        for each in results.groups()["decode"]
    )
    own = mark + duration(figures(members[0]).reproducible[2])
    table = percentile_table("decode", [figures(each) for each in members])
    assert table.rows[0][table.columns.index("reproducible p99")] == own
    assert any("fewer than 200" in note for note in table.notes) == bool(mark)
    groups = curves_of(replace(results, benchmarks=members))
    (picture,) = tails_section(groups).blocks
    assert isinstance(picture, Ranges)
    assert picture.tables[0].table.rows[0][2] == own
    best = min(members, key=lambda each: figures(each).raw[2])
    told = mark + duration(figures(best).reproducible[2])
    assert told in summary_section([], groups, []).blocks[0].table.rows[0]  # type: ignore[union-attr]  # the only block


def test_a_single_file_makes_a_page(build: Path) -> None:
    for name in ("duel/duel.json", "gate/verdict.json", "ledger/ledger.json", "wire/results.json"):
        page = write_page(gather([build / name]), build / "one.html")
        assert '<section id="' in page.read_text(encoding="utf-8")


def test_command_writes_the_page_beside_the_first_file(build: Path) -> None:
    done = CliRunner().invoke(main, [str(build / "duel" / "duel.json"), str(build / "gate" / "verdict.json")])
    assert done.exit_code == 0, done.output
    assert (build / "duel" / "report.html").is_file()


def test_command_refuses_what_it_does_not_know_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}", encoding="utf-8")
    done = CliRunner().invoke(main, [str(tmp_path / "x.json")])
    assert done.exit_code == 2
    assert "no result file" in done.output
    assert not (tmp_path / "report.html").exists()


def test_damaged_results_are_named(build: Path) -> None:
    path = build / "gate" / "verdict.json"
    path.write_text('{"verdict": "PASS", "exit_status": 0, "benchmarks": [{}], "margin": 0}', encoding="utf-8")
    with pytest.raises(TailgateError, match=r"verdict\.json is damaged"):
        build_page(gather([path]), build)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("duel/duel.json", lambda plain: plain.update(shifts=[])),
        ("ledger/ledger.json", lambda plain: plain["document"].update(rows=[{}])),
        ("wire/results.json", lambda plain: plain["document"]["runs"][0].update(turn="x")),
        ("gate/verdict.json", lambda plain: plain.update(benchmarks=[{"name": "x", "figures": []}])),
    ],
)
def test_results_of_another_shape_are_named(build: Path, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    path = build / name
    plain = json.loads(path.read_text(encoding="utf-8"))
    change(plain)
    path.write_text(json.dumps(plain), encoding="utf-8")
    with pytest.raises(TailgateError, match=rf"{path.name} is damaged"):
        build_page(gather([path]), build)


def test_columns_of_words_stand_left_and_figures_right() -> None:
    table = Table("t", ("a", "b", "c"), (("x", "1,234 ns", "why"), ("y", "-", "")))
    assert figure_columns(table) == [False, True, False]


def test_markdown_aligns_figures_and_escapes_bars() -> None:
    table = Table("t", ("a", "b"), (("x|y", "1,234 ns"),), ("a note",))
    assert markdown(table, 3).splitlines() == [
        "### t",
        "",
        "| a | b |",
        "| --- | ---: |",
        "| x\\|y | 1,234 ns |",
        "",
        "- a note",
    ]
