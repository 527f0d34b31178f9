"""`pytest --tailgate-base REV`: what is chosen, what a verdict makes of a test, and that nothing is loaded without it.

The gate itself stands in here: it answers at once. tests/adapters/test_commits.py judges for real.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).resolve().parents[2]

TESTS = """
    import pytest

    @pytest.mark.parametrize("n", [1, 2])
    def test_steady(benchmark, n):
        raise AssertionError("a gate runs no test")

    def test_slower(benchmark): pass
    def test_open(benchmark): pass
    def test_dies(benchmark): pass
    def test_fresh(benchmark): pass

    @pytest.mark.tailgate(inputs=[1])
    def test_unit(): pass
"""
STANDS_IN = """
    import json
    from pathlib import Path
    from tailgate.judge import change
    from tailgate.documents.comparison import Shift
    from tailgate.documents.gate import GatedBenchmark, GatedFigure, GateDocument

    SHIFT = Shift(0.1, 0.05, 0.15, 0.95)
    FIGURE = GatedFigure("regression", False, 100.0, 110.0, SHIFT, 0.01, 0.0, SHIFT, SHIFT, True, True, 0.0)
    WORDS = {"test_slower": "REGRESSION", "test_open": "UNDECIDED", "test_dies": "ERROR"}

    def judged(name):
        word = next((word for part, word in WORDS.items() if part in name), "PASS")
        failure = "side 'worktree' died" if word == "ERROR" else ""
        return GatedBenchmark(name, word, failure, "yes", 8, 1.0, 100, 1, {} if failure else {"raw": FIGURE})

    def judge_change(project, options, folder, say):
        chosen = sorted(options.chosen)
        Path("asked.json").write_text(json.dumps({
            "chosen": chosen, "spec": project.config.benchmarks, "subject": project.config.subject,
            "asked": {name: getattr(options, name) for name in ("base", "head", "margin", "allocations", "suites")},
        }))
        found = [judged(name) for name in chosen if "fresh" not in name]
        new = tuple(name for name in chosen if "fresh" in name)
        word, status = ("REGRESSION", 1) if any(b.verdict == "REGRESSION" for b in found) else ("PASS", 0)
        word, status = ("UNDECIDED", 3) if [b.verdict for b in found] == ["UNDECIDED"] else (word, status)
        return GateDocument(
            word, status, f"{word}: so it is", "main", "worktree", 0.02, 0.99, 1.0, "3.11", tuple(found),
            skipped={name: "it is new" for name in new}, new=new,
        ), None

    change.judge_change = judge_change
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_bench.py").write_text(textwrap.dedent(TESTS))
    (tmp_path / "stands_in.py").write_text(textwrap.dedent(STANDS_IN))
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '--strict-markers'\n")
    return tmp_path


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{project}", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    env.pop("PYTEST_ADDOPTS", None)
    command = [sys.executable, "-m", "pytest", "-p", "tailgate.pytest_plugin", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, check=False)


def gate(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(project, "-p", "stands_in", "--tailgate-base", "main", *arguments)


def outcomes(file: Path) -> dict[str, str]:
    """Return what a JUnit file says of each test: the tag, and how its message begins."""
    found = {}
    for case in ET.parse(file).iter("testcase"):
        said = next(iter(case), None)
        found[case.attrib["name"]] = "passed" if said is None else f"{said.tag}: {said.attrib['message'][:40]}"
    return found


def test_a_verdict_is_a_test_that_passed_failed_was_skipped_or_broke(project: Path) -> None:
    done = gate(project, "--junitxml", "junit.xml")
    assert done.returncode == 1, done.stdout + done.stderr
    said = outcomes(project / "junit.xml")
    assert {name: text.partition(":")[0] for name, text in said.items()} == {
        "test_steady[1]": "passed",
        "test_steady[2]": "passed",
        "test_slower": "failure",
        "test_open": "skipped",
        "test_dies": "error",
        "test_fresh": "skipped",
    }
    assert said["test_slower"].startswith("failure: REGRESSION; raw +10.52 %")
    assert said["test_open"].startswith("skipped: UNDECIDED, yes: raw")
    assert "it is new" in said["test_fresh"]
    assert done.stdout.count("REGRESSION: so it is") == 1
    assert done.stdout.count("Gate: worktree against main") == 1
    assert "1 failed, 2 passed, 2 skipped, 1 deselected, 1 error" in done.stdout


def test_quiet_says_the_verdict_in_one_line(project: Path) -> None:
    done = gate(project, "-q", "-k", "steady")
    assert done.returncode == 0
    assert "PASS: so it is" in done.stdout
    assert "Gate: " not in done.stdout


def test_an_open_question_is_no_failure_and_has_the_status_of_the_gate(project: Path) -> None:
    done = gate(project, "-k", "open")
    assert done.returncode == 3
    assert "1 skipped" in done.stdout
    assert "failed" not in done.stdout


def test_what_pytest_chooses_is_judged_and_base_is_asked_for_the_same(project: Path) -> None:
    done = gate(
        project, "tests/test_bench.py::test_steady", "-k", "not 2", "-m", "not tailgate", "--tailgate-margin", "0.1"
    )
    assert done.returncode == 0, done.stdout
    asked = json.loads((project / "asked.json").read_text())
    assert asked["chosen"] == ["tests/test_bench.py::test_steady[1]"]
    assert asked["spec"].startswith("pytest:tests/test_bench.py::test_steady '-knot 2' '-mnot tailgate'")
    assert asked["subject"] == ["."]
    assert asked["asked"] == {
        "base": "main",
        "head": "worktree",
        "margin": 0.1,
        "allocations": False,
        "suites": "each",
    }


def test_without_the_option_tests_are_tests_and_nothing_of_the_instrument_is_loaded(project: Path) -> None:
    (project / "tests" / "test_bench.py").write_text(
        textwrap.dedent("""
            import sys

            def test_called(benchmark):
                assert benchmark(divmod, 7, 2) == (3, 1)
                loaded = {name.partition(".")[0] for name in sys.modules}
                assert not loaded & {"numpy", "click", "rich", "msgspec", "pyperf", "greenlet"}
                assert not [name for name in sys.modules if name.startswith(("tailgate.judge", "tailgate.commands"))]
        """)
    )
    done = run(project)
    assert done.returncode == 0, done.stdout


def test_what_cannot_be_judged_is_told_with_status_two(project: Path) -> None:
    done = run(project, "--tailgate-base", "main")  # it is no repository
    assert done.returncode == 2
    assert "is no git repository, so there is no revision 'main'" in done.stdout
    assert "1 deselected" in done.stdout


CONFTEST = """
    import pytest

    def pytest_addoption(parser):
        group = parser.getgroup("shop")
        group.addoption("--size", default="small")
        group.addoption("--sizes", type=lambda text: text.split(","), default=None)
        parser.addoption("--slow", action="store_true")
        parser.addoption("--tag", action="append", default=[])
        parser.addoption("--pair", nargs=2)

    @pytest.fixture
    def size(request):
        return request.config.getoption("--size")
"""


def test_the_options_of_the_project_itself_reach_the_workers(project: Path) -> None:
    (project / "conftest.py").write_text(textwrap.dedent(CONFTEST))
    gate(project, "--size=big", "--sizes", "1,2", "--slow", "--tag=a", "--tag", "b b")
    asked = json.loads((project / "asked.json").read_text())
    words = shlex.split(asked["spec"].partition(":")[2])
    assert [word for word in words if word.startswith("--")] == [
        "--size=big",
        "--sizes=1,2",
        "--slow",
        "--tag=a",
        "--tag=b b",
    ]


def test_an_option_of_several_words_is_refused(project: Path) -> None:
    (project / "conftest.py").write_text(textwrap.dedent(CONFTEST))
    done = gate(project, "--pair", "1", "2")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--pair of this project cannot be handed on" in done.stdout + done.stderr
