"""What the page of a history carries: columns of whole numbers, the tables, and where it stands beside a report."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

pytest.importorskip("jinja2", reason="the page is a template of Jinja's")

from tailgate.cli import main
from tailgate.history.figures import commits_known
from tailgate.history.store import History
from tailgate.history.trend import trend_of, trends_of
from tailgate.machine.identity import machine_of
from tailgate.report.history_data import UNIT, Line, columns, line_of, packed, tag_of
from tailgate.report.history_page import About, history_html
from tests.unit.history.made import made_commit, made_entry, made_gate, made_link, made_result

if TYPE_CHECKING:
    from pathlib import Path

NAME = "book/bisect"
LINE = [made_commit(n) for n in range(12)]


@pytest.fixture
def kept(tmp_path: Path) -> History:
    """Gates of twelve commits but for two neighbours, a bench of each and one of a branch that was squashed."""
    history = History.open(f"sqlite:///{tmp_path / 'history.sqlite3'}")
    for n in range(12):
        history.add(made_entry(n, results=(made_result(NAME, 1.0 + n / 100),)))
        if n not in {0, 5, 6}:
            history.add(made_gate(n, n / 1000))
    squashed = replace(LINE[3], id="f" * 40)
    history.add(made_entry(3, digest="squashed", head=squashed, results=(made_result(NAME, 2.0),)))
    away = replace(LINE[3], id="e" * 40, tree="d" * 40)
    history.add(made_entry(3, digest="away", head=away, results=(made_result(NAME, 3.0),)))
    return history


def drawn(history: History, line: list[Any]) -> tuple[dict[str, Any], Line]:
    trend = trend_of(history, "books", NAME, "reproducible", 0.99, line)
    of, same = line_of(commits_known(history, "books"), line)
    plain = columns(trend, of, same)
    unpacked = json.loads(gzip.decompress(base64.b64decode(packed(trend, of, same))))
    assert unpacked == plain
    return plain, of


def test_the_chain_is_carried_in_steps_of_a_thousandth_of_a_percent(kept: History) -> None:
    found, line = drawn(kept, LINE)
    trend = trend_of(kept, "books", NAME, "reproducible", 0.99, LINE)
    assert [place for each in found["pieces"] for place in each] == [0, 4, 6, 11]
    assert found["gaps"] == [[4, 6]]
    for steps, point in zip(found["ratio"], trend.chain, strict=True):
        assert steps is None if point.log_ratio is None else abs(steps * UNIT - point.log_ratio) <= UNIT / 2
    assert found["links"]["head"] == [1, 2, 3, 4, 7, 8, 9, 10, 11]
    assert set(found["links"]["back"]) == {1}
    assert [line.verdicts[n] for n in found["links"]["verdict"]] == ["PASS"] * 9


def test_a_run_stands_at_its_commit_and_a_squashed_branch_at_what_it_became(kept: History) -> None:
    found, _ = drawn(kept, LINE)
    (level,) = found["levels"]
    assert level["at"] == [0, 1, 2, 3, 3, *range(4, 12)]
    assert level["note"] == ["1 runs are of no commit of this line, and are not drawn"]
    p99 = level["ladder"][2]
    assert p99[4] == pytest.approx(2 * p99[0], rel=1e-3)


def test_a_line_begins_with_the_first_commit_that_was_measured(kept: History) -> None:
    before = [made_commit(n) for n in range(500, 503)]
    line, same = line_of(commits_known(kept, "books"), [*before, *LINE])
    assert [each.id for each in line.commits] == [each.id for each in LINE]
    assert same == {"f" * 40: LINE[3].id}


def test_without_a_repository_the_commits_are_those_of_the_runs(kept: History) -> None:
    known = commits_known(kept, "books")
    trend = trend_of(kept, "books", NAME, "reproducible", 0.99, known)
    line, same = line_of(known, [])
    found = columns(trend, line, same)
    assert len(line.commits) == 14
    assert len(found["levels"][0]["at"]) == 14
    assert found["start"] == 0


@pytest.mark.parametrize(
    ("name", "path", "implementation"),
    [("book/heap[read_every=1]", "book", "heap"), ("pipeline/recommended", "pipeline", "recommended"), ("one", "", "")],
)
def test_filters_know_a_benchmark_by_its_name(name: str, path: str, implementation: str) -> None:
    assert (tag_of(name).path, tag_of(name).implementation) == (path, implementation)


def test_all_trends_are_those_of_each(kept: History) -> None:
    kept.add(made_gate(1, digest="two of them", links=(made_link(NAME, 0.01), made_link("book/heap", 0.02))))
    for figure in (("reproducible", 0.99), ("raw", 0.5)):
        every = list(trends_of(kept, "books", *figure, LINE))
        assert every == [trend_of(kept, "books", each.benchmark, *figure, LINE) for each in every]
        assert {each.benchmark for each in every} >= {NAME}


def test_the_tables_stand_in_the_page_and_no_name_ends_a_script(kept: History) -> None:
    evil = "book/</script><b>"
    machine = machine_of({"CPU": "</script>"})
    kept.add(made_gate(1, digest="evil", links=(made_link(evil, 0.01),), machine=machine))
    about = About("<books>", "reproducible", 0.99, 24, commits_known(kept, "books"), LINE)
    text = history_html(about, trends_of(kept, "books", "reproducible", 0.99, LINE), "report.html")
    assert text.count("</script>") == text.count("<script") == 5  # head, script, two benchmarks, the call
    assert "<b>" not in text
    assert "History of &lt;books&gt;" in text
    assert '<a href="report.html">Report</a>' in text
    assert "12 commits" in text


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "books"
    root.mkdir()
    (root / "pyproject.toml").write_text('[project]\nname = "books"\n\n[tool.tailgate]\nbenchmarks = "bench"\n')
    subprocess.run(["git", "init", "-q", root], check=True)
    monkeypatch.chdir(root)
    monkeypatch.setenv("TAILGATE_HISTORY", str(root / "kept.sqlite3"))
    return root


def run(*words: str, status: int = 0) -> str:
    done = CliRunner().invoke(main, list(words), catch_exceptions=False)
    assert done.exit_code == status, done.output
    return done.output


def fill(root: Path) -> None:
    history = History.open(f"sqlite:///{root / 'kept.sqlite3'}")
    for n in range(3):
        history.add(made_entry(n))


def test_the_command_writes_the_page_and_overwrites_none_outside_of_build(project: Path) -> None:
    assert "there is no history yet" in run("history", "page", status=2)
    fill(project)
    assert "build/history.html" in run("history", "page")
    assert "book/bisect" in (project / "build" / "history.html").read_text()
    run("history", "page")
    run("history", "page", "-o", "mine.html")
    assert "exists and is not under build" in run("history", "page", "-o", "mine.html", status=2)
    run("history", "page", "-o", "mine.html", "--force", "--kind", "raw", "--percentile", "p50")
    assert "raw p50" in (project / "mine.html").read_text()


def test_a_report_of_all_that_was_measured_has_the_history_beside_it(project: Path, root: Path) -> None:
    import shutil

    shutil.copytree(root / "tests" / "golden" / "reports" / "gate", project / "build" / "gate")
    run("report")
    assert not (project / "build" / "history.html").exists()
    assert "history.html" not in (project / "build" / "report.html").read_text()
    fill(project)
    assert "build/history.html" in run("report")
    assert '<a href="history.html">History</a>' in (project / "build" / "report.html").read_text()
    assert '<a href="report.html">Report</a>' in (project / "build" / "history.html").read_text()
    (project / "build" / "history.html").unlink()
    run("report", "build/gate/verdict.json")  # one file is not all
    assert not (project / "build" / "gate" / "history.html").exists()


def test_a_history_that_cannot_be_read_costs_a_report_one_line(project: Path, root: Path) -> None:
    import shutil

    shutil.copytree(root / "tests" / "golden" / "reports" / "gate", project / "build" / "gate")
    (project / "kept.sqlite3").write_bytes(b"no database" * 100)
    said = run("report")
    assert "no page of the history" in said
    assert (project / "build" / "report.html").is_file()
