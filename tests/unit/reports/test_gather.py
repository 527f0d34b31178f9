from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tailgate.errors import TailgateError
from tailgate.report import page
from tailgate.report.bench import write
from tailgate.report.gather import beside, gather, recognise
from tailgate.report.html import render

if TYPE_CHECKING:
    from pathlib import Path

KINDS = {
    "bench/results.json": "bench",
    "gate/verdict.json": "gate",
    "duel/duel.json": "duel",
    "ledger/ledger.json": "ledger",
    "anatomy/pipeline-recommended.json": "anatomy",
    "allocations/allocations.jsonl": "allocations",
    "allocations/allocators.jsonl": "allocators",
    "wire/results.json": "wire",
    "contention/contention.json": "contention",
    "sizes/sizes.json": "sizes",
    "interpreter-comparison/interpreters.json": "interpreters",
}


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_each_commands_results_are_recognised(golden: Path, name: str, kind: str) -> None:
    assert recognise(golden / name).kind == kind


def test_a_folder_stands_for_all_results_in_it(build: Path) -> None:
    (build / "profile").mkdir()
    assert sorted(each.kind for each in gather([build])) == sorted([*KINDS.values(), "profiles"])


def test_a_bench_folder_stands_for_its_neighbours_too(build: Path) -> None:
    assert {each.kind for each in gather([build / "bench"])} >= {"bench"}


def test_a_file_named_twice_counts_once(golden: Path) -> None:
    assert len(gather([golden / "duel" / "duel.json", golden / "duel" / ".." / "duel" / "duel.json"])) == 1


def test_neighbours_that_cannot_be_read_are_named_and_cost_nothing_else(build: Path) -> None:
    (build / "gate" / "verdict.json").write_text("{", encoding="utf-8")
    (build / "duel" / "duel.json").write_text(
        '{"base": "a", "head": "b", "shifts": [], "series": {}}', encoding="utf-8"
    )
    (build / "wire" / "results.json").write_text('{"runs": [{}], "capacities": {}, "conditions": {}}', encoding="utf-8")
    written = write(build / "bench")
    page = (build / "bench" / "report.html").read_text(encoding="utf-8")
    assert build / "bench" / "report.html" in written
    assert "verdict.json is damaged: " in page
    assert "duel.json is damaged: " in page
    assert "results.json is a result of the wire of schema 1, which is no longer read" in page
    assert 'id="anatomy"' in page
    assert [each.path.name for each in beside(build / "bench") if each.kind == "unreadable"] == [
        "verdict.json",
        "duel.json",
        "results.json",
    ]


@pytest.mark.parametrize(("text", "says"), [("{", "is damaged"), ("{}", "no result file"), ("[1]", "no result file")])
def test_a_named_file_that_is_no_result_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TailgateError, match=says):
        gather([path])


def test_a_missing_file_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TailgateError, match="there is no"):
        gather([tmp_path / "absent.json"])
    with pytest.raises(TailgateError, match="holds no results"):
        gather([tmp_path])


def test_a_pyperf_file_without_a_run_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"version": "1.0", "benchmarks": [{"runs": []}], "metadata": {"name": "x"}}', encoding="utf-8")
    with pytest.raises(TailgateError, match="no pyperf suite"):
        gather([path])


def test_a_neighbour_that_can_be_read_and_not_drawn_is_named_too(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise ValueError("no axis holds it")

    monkeypatch.setattr(page, "duel_section", broken)
    text = render(page.build_page(gather([build]), build))
    assert "duel.json is damaged: ValueError(&#39;no axis holds it&#39;)" in text
    with pytest.raises(TailgateError, match="no axis holds it"):
        page.build_page(gather([build / "duel" / "duel.json"]), build)
