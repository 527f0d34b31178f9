"""A project that is not ours gates two of its revisions with the wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tailgate.config import GateConfig
from tailgate.documents.envelope import load
from tailgate.documents.gate import GateDocument
from tailgate.statistics.estimate import ratio_percent

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[2]
SLOWER = "    line = sorted(line, key=line.index)\n    return list(dict.fromkeys(line))\n"


def test_the_wheel_holds_the_instrument_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"tailgate"}
    assert {"tailgate/py.typed", "tailgate/cli.py", "tailgate/measure/worker.py"} <= set(names)
    brought = ("report/templates/page.html.j2", "isolation/__main__.py", "project/templates/pre-push")
    assert {f"tailgate/{name}" for name in brought} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
    told = zipfile.ZipFile(wheel).read(metadata).decode()
    assert {f"Provides-Extra: {extra}" for extra in ("report", "allocations", "pytest", "asv")} <= set(
        told.splitlines()
    )


def test_the_wheel_draws_its_pages_and_shields_without_the_repository(tmp_path: Path, wheel: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    golden = shutil.copytree(ROOT / "tests" / "golden" / "reports", tmp_path / "elsewhere" / "build")
    done = tailgate(tmp_path / "elsewhere", wheel, "report", "--pictures", "build/duel/duel.json", "build/bench")
    assert done.returncode == 0, done.stderr
    written = [Path(line.removeprefix("Written: ")).name for line in done.stdout.splitlines()]
    assert {"report.html", "report.md", "shift.png", "curves-decode.svg"} <= set(written)
    assert "<svg" in (golden / "duel" / "report.html").read_text()
    dry = tailgate(tmp_path / "elsewhere", wheel, "isolate", "status", "--state", str(tmp_path / "none"))
    assert dry.returncode == 0, dry.stderr
    asked = tailgate(tmp_path / "elsewhere", wheel, "isolate", "run", "--help")
    assert "usage: tailgate isolate run" in asked.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    shutil.copytree(ROOT / "examples" / "dedupe", root, ignore=shutil.ignore_patterns("__pycache__", "build"))
    with (root / "pyproject.toml").open("a") as config:  # the verdict is plain: a short gate will do
        config.write("operations = 3_000\npasses = 3\n")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "as it was")
    return root


def git(root: Path, *arguments: str) -> None:
    command = ["git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@t.invalid", *arguments]
    subprocess.run(command, check=True, capture_output=True)


def tailgate(root: Path, wheel: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the wheel's tailgate: it stands before the checkout's on the path."""
    installed = root.parent / "installed"
    if not installed.exists():
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(installed)
    command: Sequence[str] = [sys.executable, "-m", "tailgate.cli", *arguments]
    env = {**os.environ, "PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}
    return subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)


def test_a_much_slower_revision_is_a_regression_and_the_files_say_so(repository: Path, wheel: Path) -> None:
    code = repository / "dedupe.py"
    code.write_text(code.read_text().replace("    return list(dict.fromkeys(line))\n", SLOWER))
    git(repository, "commit", "-q", "-am", "sort first")
    done = tailgate(repository, wheel, "gate", "--base", "HEAD~1", "--no-allocations")
    assert done.returncode == 1, done.stdout + done.stderr
    found = load(repository / "build" / "gate" / "verdict.json", GateDocument)
    assert found.verdict == "REGRESSION"
    (bench,) = found.benchmarks
    assert bench.name == "dedupe/lines"
    assert ratio_percent(bench.figures["reproducible"].shift.log_ratio) > 50
    assert bench.blocks in GateConfig().interim_analyses
    assert "REGRESSION" in (repository / "build" / "gate" / "verdict.md").read_text()


def test_other_answers_are_an_error_and_no_verdict(repository: Path, wheel: Path) -> None:
    code = repository / "dedupe.py"
    code.write_text(code.read_text().replace("list(dict.fromkeys(line))", "sorted(set(line))"))
    git(repository, "commit", "-q", "-am", "another order")
    done = tailgate(repository, wheel, "gate", "--base", "HEAD~1", "--no-allocations")
    assert done.returncode == 2
    assert "do not do equal work" in done.stderr


def test_the_project_has_its_own_benchmarks_and_no_others(repository: Path, wheel: Path) -> None:
    done = tailgate(repository, wheel, "bench", "--list")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "dedupe/lines  (recommended)\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gate", "--base", "nowhere"), "there is no revision 'nowhere'"),
        (("gate", "--base", "main", "--only", "dedupe/line"), "no dedupe implementation 'line'; did you mean 'lines'"),
        (("bench", "--only", "dedup"), "no path 'dedup'; did you mean 'dedupe'"),
        (("duel", "dedupe"), "the two sides are the same"),
    ],
)
def test_wrong_words_end_with_status_two_and_a_hint(
    repository: Path, wheel: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = tailgate(repository, wheel, *arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_a_dirty_tree_is_told_before_anything_runs(repository: Path, wheel: Path) -> None:
    with (repository / "dedupe.py").open("a") as code:
        code.write("# not committed\n")
    done = tailgate(repository, wheel, "gate", "--base", "main")
    assert done.returncode == 2
    assert "the tree is dirty: dedupe.py" in done.stderr
    assert "--head worktree" in done.stderr


def test_a_contract_that_changed_is_told_and_each_side_gets_its_own_suite(repository: Path, wheel: Path) -> None:
    for name in ("dedupe.py", "bench_dedupe.py"):
        text = (repository / name).read_text().replace("def dedupe(", "def drop(")
        (repository / name).write_text(text.replace("import dedupe\n", "import drop\n").replace(": dedupe)", ": drop)"))
    git(repository, "commit", "-q", "-am", "another name")
    shared = tailgate(repository, wheel, "gate", "--base", "HEAD~1", "--suites", "shared")
    assert shared.returncode == 2
    assert "one suite cannot drive both revisions" in shared.stderr
    assert "--suites each" in shared.stderr
    each = tailgate(repository, wheel, "gate", "--base", "HEAD~1", "--suites", "each", "--only", "dedupe/line")
    assert (
        "no dedupe implementation 'line'; did you mean 'lines'" in each.stderr
    )  # both suites were laid out and listed


def test_a_benchmark_on_one_side_only_is_told(repository: Path, wheel: Path) -> None:
    bench = repository / "bench_dedupe.py"
    (repository / "pyproject.toml").write_text(
        (repository / "pyproject.toml").read_text().replace('["dedupe.py"]', '["dedupe.py", "bench_dedupe.py"]')
    )
    bench.write_text(bench.read_text().replace("dedupe/lines", "dedupe/words").replace("return ", "return  "))
    git(repository, "commit", "-q", "-am", "rename the benchmark")
    done = tailgate(repository, wheel, "gate", "--base", "HEAD~1", "--only", "dedupe/words")
    assert done.returncode == 0, done.stderr
    assert "dedupe/words: not judged, it is new" in done.stdout
    assert "PASS: no benchmark is in both revisions; not judged: 1 new" in done.stdout
