"""What a command measured is kept, by what stands in its folder; what goes wrong costs one line and not the run."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner

from documents.ledger import Ledger
from documents.wire.document import Wire
from tailgate.cli import main
from tailgate.commands import history_measuring
from tailgate.commands.history import history
from tailgate.commands.history_measuring import fill
from tailgate.commands.history_measuring import gate as level_gate
from tailgate.documents.comparison import KINDS, Series, Shift
from tailgate.documents.duel import DuelDocument, DuelFigure
from tailgate.documents.envelope import load, save
from tailgate.documents.gate import Beside, GateBlocks, GatedBenchmark, GatedFigure, GateDocument
from tailgate.documents.provenance import FILE, Provenance
from tailgate.errors import TailgateError
from tailgate.history import keeping
from tailgate.history.figures import levels_of, links_of
from tailgate.history.keeping import keep
from tailgate.history.place import place_of, url_of
from tailgate.history.provenance import Origin, read_provenance, write_provenance
from tailgate.history.queries import histogram_of, runs_of
from tailgate.history.reading import Keeps, entry_of, unpacked
from tailgate.history.store import History
from tailgate.history.whole import entries_of
from tailgate.results.histogram import percentiles
from tailgate.results.load import load_results
from tailgate.results.summary import figures
from tests.unit.history.made import made_entry, made_gate

if TYPE_CHECKING:
    from collections.abc import Sequence

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "reports"


def git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@t.invalid", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two commits, its history in its own folder."""
    monkeypatch.delenv("TAILGATE_HISTORY", raising=False)
    root = tmp_path / "books"
    root.mkdir()
    (root / "pyproject.toml").write_text('[project]\nname = "books"\n\n[tool.tailgate]\nbenchmarks = "bench"\n')
    (root / ".gitignore").write_text("build/\n")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "the first")
    git(root, "commit", "-q", "--allow-empty", "-m", "the second")
    monkeypatch.chdir(root)
    return root


def unwanted(line: str) -> None:
    raise AssertionError(line)


def bench(root: Path) -> Path:
    shutil.copytree(GOLDEN / "bench", root / "build" / "bench")
    return root / "build" / "bench"


def kept(root: Path) -> History:
    return History.read(place_of(root))


def run(*words: str, command: Any = history) -> str:
    done = CliRunner().invoke(command, list(words), standalone_mode=False, catch_exceptions=False)
    return done.output


def test_a_bench_is_kept_with_its_commit_percentiles_and_histograms(project: Path) -> None:
    said: list[str] = []
    folder = bench(project)
    assert keep(project, folder, Origin(("results.json",), settings={"seed": 7}), said.append)
    assert said == []
    (found,) = runs_of(kept(project))
    assert (found.kind, found.project, found.fitness, found.dirty) == ("bench", "books", "fit", False)
    assert found.head == git(project, "rev-parse", "HEAD")
    assert found.title == "the second"
    assert found.when == datetime.fromtimestamp(1_790_000_000, UTC)
    results = load_results(folder / "results.json")
    for each in results.benchmarks:
        (level,) = levels_of(kept(project), "books", each.name, "raw", 0.99)
        assert level.value == figures(each).raw[2]
        merged = unpacked(histogram_of(kept(project), found.id, each.name, "reproducible"))
        (whole,) = percentiles(each.reproducible(), [37.5])
        assert percentiles(merged, [37.5]) == [pytest.approx(whole, rel=0.005, abs=1)]  # any percentile, later too
    assert len(results.benchmarks) == len(entry_of(folder).results) == 9
    assert "is whole: 1 runs, 9 benchmarks, 9 results" in run("check")


def test_a_tree_with_changes_is_said_to_be_one(project: Path) -> None:
    (project / "new.py").write_text("x = 1\n")
    keep(project, bench(project), Origin(("results.json",)), print)
    assert runs_of(kept(project))[0].dirty
    assert f"{git(project, 'rev-parse', 'HEAD')[:10]}*" in run("list")


def shift(value: float) -> Shift:
    return Shift(value, value - 0.01, value + 0.01, 0.99)


def gate_folder(root: Path, verdict: Any = "PASS") -> Path:
    figure = GatedFigure(
        "pass", False, 1000.0, 1010.0, shift(0.01), 0.02, 0.5, shift(0.0), shift(0.05), True, True, 0.1
    )
    beside = Beside("reproducible", 0.5, 500.0, 505.0, shift(0.01))
    each = GatedBenchmark(
        "a/b", verdict, "", "", 3, 9.0, 20_000, 1, {"reproducible": figure, "raw": figure}, beside=(beside,)
    )
    folder = root / "build" / "gate"
    save(folder / "verdict.json", GateDocument(verdict, 0, "", "main", "HEAD", 0.02, 0.99, 9.0, "3.11.7", (each,)))
    series = Series(operations=20_000, recorded=20_000)
    for kind in KINDS:
        series.rows[kind] = {
            "base": [(500.0, 800.0, 1000.0 + n, 2000.0) for n in range(3)],
            "head": [(505.0, 810.0, 1010.0, 2000.0)] * 3,
        }
    save(folder / "blocks.json", GateBlocks({"a/b": series}))
    return folder


def keep_gate(root: Path, verdict: str = "PASS") -> Path:
    folder = gate_folder(root, verdict)
    origin = Origin(("verdict.json", "blocks.json"), "HEAD", "HEAD~1", chained=True)
    assert keep(root, folder, origin, unwanted)
    return folder


def test_a_gate_is_a_link_of_the_chain_with_the_spread_of_its_blocks(project: Path) -> None:
    keep_gate(project)
    (link,) = links_of(kept(project), "books", "a/b", "reproducible", 0.99)
    assert (link.base.id, link.head.id) == (git(project, "rev-parse", "HEAD~1"), git(project, "rev-parse", "HEAD"))
    assert link.head.parent == link.base.id
    assert link.spread == pytest.approx(0.000999, rel=0.01)  # of log(1010 / 1000, 1001, 1002)
    assert len(links_of(kept(project), "books", "a/b", "raw", 0.99)) == 1
    assert len(links_of(kept(project), "books", "a/b", "reproducible", 0.5)) == 1  # what stands beside, too
    told = run("show", "a/b")
    assert "the chain of 1 comparisons, over all machines" in told
    assert f"{git(project, 'rev-parse', 'HEAD')[:10]} (" in told
    assert json.loads(run("show", "--json", "a/b"))["document"]["chain"][1]["log_ratio"] == pytest.approx(0.01)
    assert "\u25cf" in run("plot", "a/b")


def test_a_duel_of_revisions_is_one_too_and_one_of_implementations_is_not(project: Path) -> None:
    series = Series(operations=20_000, recorded=20_000)
    for kind in KINDS:
        series.rows[kind] = {
            "main": [(1.0, 1.0, 100.0 + n, 1.0) for n in range(4)],
            "HEAD": [(1.0, 1.0, 110.0, 1.0)] * 4,
        }
    figure = DuelFigure("reproducible", 0.99, 100.0, 110.0, shift(0.09), 0.02, False)
    folder = project / "build" / "duel"
    save(folder / "duel.json", DuelDocument("main", "HEAD", "slower", (figure,), 4, 5.0, series))
    keep(project, folder, Origin(("duel.json",), "HEAD", "HEAD~1", chained=True, benchmark="a/b"), print)
    keep(project, folder, Origin(("duel.json",)), print)  # the same content: it is there already
    assert [each.log_ratio for each in links_of(kept(project), "books", "a/b", "reproducible", 0.99)] == [0.09]
    save(folder / "duel.json", DuelDocument("main", "HEAD", "slower", (figure,), 5, 5.0, series))
    keep(project, folder, Origin(("duel.json",)), print)
    assert len(runs_of(kept(project), kind="duel")) == 2
    assert len(links_of(kept(project), "books", "a/b", "reproducible", 0.99)) == 1


@pytest.mark.parametrize(("kind", "of"), [("ledger", Ledger), ("wire", Wire)])
def test_the_subjects_documents_say_themselves_what_is_kept(project: Path, kind: str, of: Any) -> None:
    folder = project / "build" / kind
    shutil.copytree(GOLDEN / kind, folder)
    name = "ledger.json" if kind == "ledger" else "results.json"
    assert keep(project, folder, Origin((name,)), unwanted)
    (entry,) = entries_of(kept(project))
    document = load(folder / name, of)
    assert isinstance(document, Keeps)
    assert entry.kind == kind
    assert sorted(map(repr, entry.measures)) == sorted(map(repr, document.rows_kept()))
    assert len(entry.measures) > 3


def broken(project: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    if how == "a file where the folder should be":
        (project / ".tailgate").write_text("")
    elif how == "no database":
        (project / ".tailgate").mkdir()
        (project / ".tailgate" / "history.sqlite3").write_text("something else " * 400)
    elif how == "no server":
        monkeypatch.setenv("TAILGATE_HISTORY", "postgresql://me:secret@127.0.0.1:1/none")
    elif how == "no extra":

        def absent(*_: object) -> None:
            raise ModuleNotFoundError("No module named 'sqlalchemy'", name="sqlalchemy")

        monkeypatch.setattr(keeping, "_add", absent)
        monkeypatch.setenv("TAILGATE_HISTORY", ".tailgate/history.sqlite3")
    else:
        monkeypatch.setattr(keeping, "_add", lambda *_: 1 / 0)


@pytest.mark.parametrize(
    "how", ["a file where the folder should be", "no database", "no server", "no extra", "a defect of ours"]
)
def test_a_history_that_fails_costs_one_line_and_add_brings_the_run_in_later(
    project: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    folder = bench(project)
    before = {each.name: each.read_bytes() for each in folder.iterdir()}
    with monkeypatch.context() as patch:
        broken(project, patch, how)
        said: list[str] = []
        assert not keep(project, folder, Origin(("results.json",)), said.append)
    assert len(said) == 1
    assert said[0].startswith("history: not kept")
    assert "\n" not in said[0]
    assert "secret" not in said[0]
    assert "tailgate history add build/bench" in said[0]
    assert before.items() <= {each.name: each.read_bytes() for each in folder.iterdir()}.items()
    if how == "no database":
        (project / ".tailgate" / "history.sqlite3").unlink()
    if (project / ".tailgate").is_file():
        (project / ".tailgate").unlink()
    git(project, "commit", "-q", "--allow-empty", "-m", "meanwhile")
    assert "1 added" in run("add", "build/bench")
    assert "0 added, 1 were there already" in run("add", "build")
    assert [each.title for each in runs_of(kept(project))] == ["the second"]  # the commit that was measured


def test_without_the_extra_nothing_is_said_where_nobody_asked(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(project, monkeypatch, "no extra")
    monkeypatch.delenv("TAILGATE_HISTORY")
    said: list[str] = []
    assert not keep(project, bench(project), Origin(("results.json",)), said.append)
    assert said == []


def test_a_history_in_the_project_is_no_change_of_its_tree(project: Path) -> None:
    keep(project, bench(project), Origin(("results.json",)), unwanted)
    assert (project / ".tailgate" / "history.sqlite3").is_file()
    assert ".tailgate" not in git(project, "status", "--porcelain", "--untracked-files=all")


def test_off_keeps_nothing_and_says_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAILGATE_HISTORY", "off")
    said: list[str] = []
    assert not keep(project, bench(project), Origin(("results.json",)), said.append)
    assert said == []
    assert not (project / ".tailgate").exists()
    with pytest.raises(TailgateError, match="no history is kept"):
        run("list")


def test_the_place_is_the_variable_then_the_configuration_then_a_file(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert place_of(project) == f"sqlite:///{project}/.tailgate/history.sqlite3"
    with (project / "pyproject.toml").open("a") as out:
        out.write('history = "kept/all.sqlite3"\n')
    assert place_of(project) == f"sqlite:///{project}/kept/all.sqlite3"
    monkeypatch.setenv("TAILGATE_HISTORY", "postgresql://host/books")
    assert place_of(project) == "postgresql+psycopg://host/books"
    assert url_of("/absolute.db", project) == "sqlite:////absolute.db"


def test_a_provenance_of_other_files_is_refused(project: Path) -> None:
    folder = bench(project)
    write_provenance(project, folder, Origin(("results.json",)))
    assert read_provenance(folder).project == "books"
    with (folder / "results.json").open("a") as out:
        out.write("\n")
    with pytest.raises(TailgateError, match=r"speaks of another results\.json than the one that stands there"):
        run("add", "build/bench")
    assert "1 added" in run("add", "--revision", "HEAD~1", "build/bench")
    assert [each.title for each in runs_of(kept(project))] == ["the first"]


def test_results_that_do_not_say_where_they_come_from_want_a_revision(project: Path) -> None:
    bench(project)
    with pytest.raises(TailgateError, match="does not say where its results come from"):
        run("add", "build/bench")
    with pytest.raises(TailgateError, match="there is no revision 'nowhere'"):
        run("add", "--revision", "nowhere", "build/bench")


def test_the_provenance_of_this_machine_names_no_host(project: Path) -> None:
    import platform

    folder = bench(project)
    path = write_provenance(project, folder, Origin(("results.json",)))
    assert path.name == FILE
    told = load(path, Provenance)
    assert platform.node() not in path.read_text()
    assert told.machine.facts["CPUs"]
    assert told.interpreter.version.endswith(platform.python_version())


def test_histories_of_parallel_jobs_are_merged_without_loss(project: Path, tmp_path: Path) -> None:
    for job in range(3):
        own = History.open(f"sqlite:///{tmp_path / f'job{job}.sqlite3'}")
        for each in (made_entry(0), made_entry(10 + job), made_gate(20 + job)):
            own.add(each)
    assert "3 added" in run("add", str(tmp_path / "job0.sqlite3"))
    assert "2 added, 1 were there already" in run("add", str(tmp_path / "job1.sqlite3"))
    run("add", str(tmp_path / "job2.sqlite3"))
    assert {each.digest for each in entries_of(kept(project))} == {
        "run 0",
        *(f"run 1{n}" for n in range(3)),
        *(f"gate 2{n}" for n in range(3)),
    }
    assert "is whole: 7 runs" in run("check")


def test_the_recipe_of_ci_puts_the_files_of_its_jobs_together(project: Path, root: Path) -> None:
    text = (root / "docs" / "history.md").read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    jobs = yaml.safe_load(text)["jobs"]
    uploads = [
        step["with"] for job in jobs.values() for step in job["steps"] if "upload-artifact" in step.get("uses", "")
    ]
    assert all(each["include-hidden-files"] for each in uploads if ".tailgate" in each["path"])
    for name in jobs["bench"]["strategy"]["matrix"]["part"]:
        own = History.open(f"sqlite:///{project / 'jobs' / f'history-{name}' / 'history.sqlite3'}")
        own.add(made_entry(0))
        own.add(made_entry(len(name), digest=name))
    lines = [step["run"] for step in jobs["keep"]["steps"] if step.get("run", "").startswith("tailgate")]
    assert len(lines) == 3
    for line in lines:
        words = [word for each in shlex.split(line)[2:] for word in sorted(map(str, Path().glob(each))) or [each]]
        run("history", *words, command=main)
    assert {each.digest for each in entries_of(kept(project))} == {"run 0", "book", "codec"}


def filled(project: Path, entries: Sequence[Any]) -> History:
    made = History.open(place_of(project))
    for each in entries:
        made.add(each)
    return made


def test_an_export_has_every_figure(project: Path) -> None:
    import csv

    import pyarrow.parquet

    filled(project, [made_entry(1), made_gate(2, 0.03)])
    for form in ("csv", "jsonl", "parquet"):
        run("export", "--format", form, "--output", f"build/all.{form}")
    rows = list(csv.DictReader((project / "build" / "all.csv").read_text().splitlines()))
    assert len(rows) == 2 * 10 + 1 + 1
    found = {(row["run"], row["benchmark"], row["measure"]): row for row in rows}
    assert float(found["gate 2", "book/bisect", "p99-reproducible-shift"]["value"]) == 0.03
    assert found["gate 2", "book/bisect", "p99-reproducible-shift"]["verdict"] == "PASS"
    assert found["run 1", "book/bisect", "allocations"]["value"] == "4.5"
    table = pyarrow.parquet.read_table(project / "build" / "all.parquet")
    assert table.num_rows == len(rows)
    assert [str(each or "") for each in table["low"].to_pylist()] == [row["low"] for row in rows]
    lines = [json.loads(line) for line in (project / "build" / "all.jsonl").read_text().splitlines()]
    assert [line["digest"] for line in lines] == ["run 1", "gate 2"]
    assert lines[0]["results"][0]["histograms"][0][1].startswith("HISTFAAAA")
    with pytest.raises(TailgateError, match="exists and is not under build/"):
        run("export", "--output", "pyproject.toml")


def test_prune_says_what_it_would_do_and_leaves_the_chain(project: Path) -> None:
    filled(project, [made_entry(1), made_gate(2), made_entry(60 * 24)])
    assert "1 runs would be removed; --yes removes them" in run("prune", "--before", "2026-02-01")
    assert len(runs_of(kept(project))) == 3
    assert "1 runs removed" in run("prune", "--before", "2026-02-01", "--yes")
    assert {each.kind for each in runs_of(kept(project))} == {"gate", "bench"}
    assert "1 runs removed" in run("prune", "--before", "2026-02-01", "--chain", "--yes")


def test_the_level_gate_is_written_and_its_status_is_the_verdict(project: Path) -> None:
    filled(project, [made_entry(n) for n in range(9)])
    done = CliRunner().invoke(level_gate, ["--kind", "raw"], standalone_mode=False, catch_exceptions=False)
    assert done.return_value == 0
    assert "PASS: no benchmark is slower" in done.output
    assert json.loads((project / "build" / "history" / "gate.json").read_text())["document"]["verdict"] == "PASS"


def test_a_name_that_is_not_there_is_told_with_those_that_are_near(project: Path) -> None:
    filled(project, [made_entry(1)])
    with pytest.raises(TailgateError, match=r"no benchmark 'bisect'; near are: book/bisect"):
        run("show", "bisect")


def test_a_picture_is_drawn(project: Path) -> None:
    filled(project, [*(made_gate(n, 0.05 * (n == 5)) for n in range(1, 12)), *(made_entry(n) for n in range(12))])
    told = run("plot", "--png", "build", "book/bisect")
    assert (project / "build" / "trend-book-bisect.png").read_bytes().startswith(b"\x89PNG")
    assert told.count("Written") == 2


def test_without_a_history_the_next_command_is_named(project: Path) -> None:
    with pytest.raises(TailgateError, match="there is no history yet") as raised:
        run("list")
    assert "tailgate bench" in raised.value.hint


def test_fill_halves_what_differs_and_leaves_the_rest(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(7):
        git(project, "commit", "-q", "--allow-empty", "-m", f"commit {number}")
    line = git(project, "log", "--reverse", "--format=%H").splitlines()
    ran: list[tuple[int, int]] = []

    def duel(_root: Path, span: Sequence[Any], _benchmark: str, _budget: float) -> DuelDocument:
        ends = line.index(span[0].id), line.index(span[-1].id)
        ran.append(ends)
        verdict: Any = "slower" if ends[0] < 6 <= ends[1] else "undecided"  # the commit at 6 is slower
        figure = DuelFigure("reproducible", 0.99, 100.0, 110.0, shift(0.09), 0.02, False)
        return DuelDocument("a", "b", verdict, (figure,), 8, 4.0, Series())

    monkeypatch.setattr(history_measuring, "_duel", duel)
    told = run(f"{line[0]}..HEAD", "a/b", command=fill)
    assert ran == [(0, 8), (0, 4), (4, 8), (4, 6), (6, 8), (4, 5), (5, 6)]
    assert "7 duels" in told
    ran.clear()
    run("--most", "2", f"{line[0]}..HEAD", "a/b", command=fill)
    assert len(ran) == 2
    for wrong in ("HEAD..HEAD", "HEAD", "..HEAD"):
        with pytest.raises(TailgateError, match="names no part of the main line"):
            run(wrong, "a/b", command=fill)
