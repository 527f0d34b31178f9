"""What `tailgate init` sees of a project, and what it writes for it."""

from __future__ import annotations

import os
import subprocess
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner

from tailgate.commands.init import init
from tailgate.config import load_config
from tailgate.errors import TailgateError
from tailgate.project.surroundings import look_around

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Return what writes files into a git repository, by path and text, and gives its folder."""

    def write(files: dict[str, str], remote: str = "") -> Path:
        git(tmp_path, "init", "-q", "-b", "main")
        if remote:
            git(tmp_path, "remote", "add", "origin", remote)
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return tmp_path

    return write


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@t.invalid", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def started(folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(init, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


NAMED = '[project]\nname = "Word-Count"\nversion = "1"\n'
TEST = "def test_words(benchmark):\n    benchmark(str.split, 'a b')\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {
                "pyproject.toml": NAMED,
                "src/word_count/__init__.py": "",
                "src/other/__init__.py": "",
                "tests/test_a.py": "",
            },
            {"package": "word_count", "subject": "src/word_count", "tests": "tests", "suite": "", "manager": "pip"},
        ),
        (
            {"pyproject.toml": NAMED, "word_count.py": "", "test/test_b.py": TEST, "uv.lock": ""},
            {"package": "word_count", "subject": "word_count.py", "suite": "pytest:test/test_b.py", "manager": "uv"},
        ),
        (
            {
                "setup.py": "",
                "words/__init__.py": "",
                "tests/bench/test_b.py": TEST,
                "tests/bench/more/test_c.py": TEST,
            },
            {"package": "words", "suite": "pytest:tests/bench", "installable": True},
        ),
        (
            {"words.py": "", "asv.conf.json": '{\n// where\n"benchmark_dir": "perf",\n}', "perf/bench.py": ""},
            {"suite": "asv:perf", "installable": False},
        ),
        (
            {"words.py": "", "perf/bench_a.py": "import pyperf\nrunner = pyperf.Runner()\n", "poetry.lock": ""},
            {"suite": "pyperf:perf/bench_*.py", "manager": "poetry"},
        ),
        (
            {
                "pyproject.toml": NAMED
                + '[build-system]\nrequires = ["setuptools", "Cython>=3"]\n'
                + '[project.optional-dependencies]\ntest = ["x"]\ngui = ["y"]\n[dependency-groups]\ndev = ["z"]\n',
                "word_count/__init__.py": "",
                "requirements-dev.txt": "",
                "requirements-gui.txt": "",
            },
            {"compiles": True, "extras": ("test",), "groups": ("dev",), "requirements": ("requirements-dev.txt",)},
        ),
    ],
)
def test_a_project_is_seen_as_it_lies_there(
    project: Callable[..., Path], files: dict[str, str], expected: dict[str, Any]
) -> None:
    seen = look_around(project(files))
    assert {name: getattr(seen, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("remote", "files", "forge"),
    [
        ("git@github.com:a/b.git", {}, "github"),
        ("https://gitlab.example.org/a/b.git", {}, "gitlab"),
        ("", {".gitlab-ci.yml": ""}, "gitlab"),
        ("", {".github/x": ""}, "github"),
        ("/srv/github/b.git", {}, "pre-push"),
    ],
)
def test_the_forge_is_that_of_its_remote_or_of_what_lies_there(
    project: Callable[..., Path], remote: str, files: dict[str, str], forge: str
) -> None:
    assert look_around(project({"words.py": "", **files}, remote)).forge == forge


def test_a_folder_without_code_is_told(project: Callable[..., Path]) -> None:
    with pytest.raises(TailgateError, match="there is no package or module in"):
        look_around(project({"tests/test_a.py": "", "setup.py": ""}))


def test_a_suite_that_exists_is_taken_and_nothing_is_written_over(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project(
        {"pyproject.toml": NAMED.rstrip(), "word_count.py": "", "tests/test_b.py": TEST}, "git@github.com:a/b"
    )
    assert "Written: .github/workflows/p99-gate.yml" in started(root, monkeypatch)
    assert load_config(root).benchmarks == "pytest:tests/test_b.py"
    assert tomllib.loads((root / "pyproject.toml").read_text())["project"]["name"] == "Word-Count"
    assert not (root / "tests" / "bench_word_count.py").exists()
    workflow = root / ".github" / "workflows" / "p99-gate.yml"
    workflow.write_text("mine")
    before = (root / "pyproject.toml").read_text()
    said = started(root, monkeypatch)
    assert "Kept: .github/workflows/p99-gate.yml is there already; --force replaces it" in said
    assert workflow.read_text() == "mine"
    assert "Replaced: .github/workflows/p99-gate.yml" in started(root, monkeypatch, "--force")
    assert (root / "pyproject.toml").read_text() == before  # it has its table


def test_a_dry_run_writes_nothing(project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    root = project({"words.py": ""})
    said = started(root, monkeypatch, "--dry-run", "--ci", "gitlab")
    assert "--- pyproject.toml" in said
    assert "--- .gitlab-ci.yml" in said
    assert not (root / "pyproject.toml").exists()


MANAGED = {
    "pip": (
        {"requirements.txt": ""},
        ["python -m pip install -r requirements.txt", "python -m pip install -e '.'"],
        "",
    ),
    "uv": ({"uv.lock": ""}, ["uv sync --all-extras --all-groups"], "uv run --no-sync "),
    "poetry": ({"poetry.lock": ""}, ["poetry install --all-extras"], "poetry run "),
}


@pytest.mark.parametrize("manager", MANAGED)
@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_the_workflow_is_yaml_that_installs_the_projects_own_dependencies(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, manager: str, forge: str
) -> None:
    more, lines, run = MANAGED[manager]
    root = project({"pyproject.toml": NAMED, "word_count.py": "", "tests/test_b.py": TEST, **more})
    started(root, monkeypatch, "--ci", forge, "--from", "git+https://example.org/tailgate")
    tailgate = "tailgate[allocations,report,pytest] @ git+https://example.org/tailgate"
    if forge == "github":
        whole = yaml.safe_load((root / ".github/workflows/p99-gate.yml").read_text())
        assert whole["permissions"] == {"contents": "read", "pull-requests": "write"}
        steps = whole["jobs"]["gate"]["steps"]
        assert "fetch-depth" not in steps[0]["with"]  # a shallow clone will do
        commands = "\n".join(step.get("run", "") for step in steps).splitlines()
        assert f"{run}tailgate comment" in commands
        assert any(f'{run}tailgate gate --base "$base"' in line for line in commands)
        assert "build/gate/report.html" in steps[-1]["with"]["path"]
    else:
        job = yaml.safe_load((root / ".gitlab-ci.yml").read_text())["p99 gate"]
        assert job["allow_failure"] == {"exit_codes": [3, 4]}
        commands = "\n".join(job["script"]).splitlines()
        assert f'{run}tailgate gate --base "$CI_MERGE_REQUEST_DIFF_BASE_SHA"' in commands
    assert [line for line in lines if line not in commands] == []
    assert any(line.endswith(f"pip install '{tailgate}'") for line in commands)


def test_a_gitlab_pipeline_that_exists_is_left_alone(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project({"words.py": "", ".gitlab-ci.yml": "stages: [test]\n"})
    assert "include: [{local: .gitlab/p99-gate.yml}]" in started(root, monkeypatch)
    assert (root / ".gitlab-ci.yml").read_text() == "stages: [test]\n"
    assert yaml.safe_load((root / ".gitlab" / "p99-gate.yml").read_text())


def stubbed(folder: Path, status: int) -> dict[str, str]:
    """Return an environment whose `tailgate` says what it was asked, and answers with this status."""
    stubs = folder / "stubs"
    stubs.mkdir(exist_ok=True)
    (stubs / "tailgate").write_text(f'#!/bin/sh\necho "asked: $*"\nexit {status}\n')
    (stubs / "tailgate").chmod(0o755)
    return {**os.environ, "PATH": f"{stubs}:{os.environ['PATH']}", "GITHUB_BASE_REF": "main"}


@pytest.mark.parametrize(("status", "job"), [(0, 0), (1, 1), (3, 0), (4, 0), (137, 137)])
def test_the_step_of_a_shallow_clone_fetches_what_it_needs(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: int, job: int
) -> None:
    origin = project({"words.py": ""})
    started(origin, monkeypatch, "--ci", "github")
    git(origin, "add", "-A")
    git(origin, "commit", "-q", "-m", "where the branch left")
    left = git(origin, "rev-parse", "HEAD")
    git(origin, "checkout", "-q", "-b", "change")
    git(origin, "commit", "-q", "--allow-empty", "-m", "one")
    git(origin, "commit", "-q", "--allow-empty", "-m", "two")
    git(origin, "checkout", "-q", "main")
    git(origin, "commit", "-q", "--allow-empty", "-m", "somebody else's")
    git(origin, "config", "uploadpack.allowAnySHA1InWant", "true")  # as GitHub does
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--depth=1", "--branch=change", f"file://{origin}", str(clone)], check=True)
    git(clone, "checkout", "-q", "--detach")
    workflow = yaml.safe_load((clone / ".github/workflows/p99-gate.yml").read_text())
    (step,) = (each for each in workflow["jobs"]["gate"]["steps"] if "tailgate gate" in each.get("run", ""))
    command = ["bash", "-e", "-c", step["run"]]
    done = subprocess.run(
        command, cwd=clone, env=stubbed(tmp_path, status), capture_output=True, text=True, check=False
    )
    assert f"asked: gate --base {left}" in done.stdout, done.stderr
    assert done.returncode == job
    assert ("::warning::" in done.stdout) == (status in {3, 4})


@pytest.mark.parametrize(("status", "push"), [(0, 0), (4, 0), (1, 1)])
def test_the_hook_judges_what_is_pushed_against_what_the_remote_has(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: int, push: int
) -> None:
    root = project({"words.py": ""})
    started(root, monkeypatch)
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "remote")], check=True)
    git(root, "remote", "add", "origin", str(tmp_path / "remote"))
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "first")
    env = stubbed(tmp_path, status)
    first = subprocess.run(
        ["git", "push", "-q", "origin", "main"], cwd=root, env=env, capture_output=True, text=True, check=True
    )
    assert "asked" not in first.stdout + first.stderr  # there is nothing to hold it against
    base = git(root, "rev-parse", "HEAD")
    git(root, "commit", "-q", "--allow-empty", "-m", "second")
    for branch in ("main", "main:new"):
        done = subprocess.run(
            ["git", "push", "-q", "origin", branch], cwd=root, env=env, capture_output=True, text=True, check=False
        )
        head = git(root, "rev-parse", "HEAD")
        assert done.returncode == push
        told = f"asked: gate --quick --base {base} --head {head}"
        assert (told in done.stdout + done.stderr) == (branch == "main" or push == 1)
