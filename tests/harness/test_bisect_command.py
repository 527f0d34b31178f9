"""`tailgate bisect` over a real repository: a slow commit between others, one that cannot be imported, and Ctrl-C."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tailgate.documents.bisection import Bisection
from tailgate.documents.envelope import load

ROOT = Path(__file__).resolve().parents[2]

SUITE = """
    import contextlib, os, signal
    from pathlib import Path
    from subject import work
    from tailgate import Workload, benchmark

    @benchmark("sum/plain", role="recommended")
    def plain(settings):
        with Path("starts").open("a") as out:
            out.write(".")
        if Path("interrupt-at").exists() and Path("starts").stat().st_size >= int(Path("interrupt-at").read_text()):
            with contextlib.suppress(FileExistsError):  # once, though other processes come as far
                Path("interrupted").touch(exist_ok=False)
                os.kill(os.getppid(), signal.SIGINT)
        return Workload(list(range(300)), lambda: work)
"""
CONFIG = """
[tool.tailgate]
benchmarks = "known"
subject = ["subject.py"]

[tool.tailgate.gate]
operations = 300
passes = 3
"""
FAST = "def work(item):\n    return sum(range(item % 20 + 200))\n# {}\n"
SLOW = "def work(item):\n    return sum(range(item % 20 + 300))\n# {}\n"


def git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@t.invalid", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return five commits behind the first; the third is slow, the first of them cannot be imported."""
    (tmp_path / "known.py").write_text(textwrap.dedent(SUITE))
    (tmp_path / "pyproject.toml").write_text(CONFIG)
    git(tmp_path, "init", "-q", "-b", "main")
    for number in range(6):
        text = "raise RuntimeError('half done')\n" if number == 1 else (SLOW if number >= 3 else FAST)
        (tmp_path / "subject.py").write_text(text.format(number))
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-q", "-m", f"change {number}")
    return tmp_path


def bisect(project: Path, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "tailgate.cli", "bisect", "--good", "HEAD~5", *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    return done.returncode, done.stdout, done.stderr


def test_the_slow_commit_is_named_and_an_interrupted_run_is_gone_on_with(repository: Path) -> None:
    (repository / "interrupt-at").write_text("24")  # six that fail, each alone, then in the third block of five
    status, out, err = bisect(repository, "--no-explain", "--sides", "6", "--margin", "0.1")
    assert status == 130, err
    assert "interrupted: what is known so far" in out
    before = load(repository / "build" / "bisect" / "bisect.json", Bisection)
    assert sum(len(each.rows) for each in before.rounds) >= 1
    status, out, err = bisect(repository, "--no-explain", "--sides", "6", "--margin", "0.1")
    assert status == 0, err + out
    told = load(repository / "build" / "bisect" / "bisect.json", Bisection)
    assert [told.commits[each.place].title for each in told.guilty] == ["change 3"]
    assert "'change 3' makes it slower: +" in out
    assert "skipped: " in out
    assert "'change 1': " in out
    kept = {each.places: each.rows for each in told.rounds}
    assert all(kept[each.places][: len(each.rows)] == each.rows for each in before.rounds)


def test_a_range_that_is_none_is_refused_with_the_way_out(repository: Path) -> None:
    git(repository, "checkout", "-q", "-b", "other", "HEAD~3")
    git(repository, "commit", "-q", "--allow-empty", "-m", "elsewhere")
    status, _, err = bisect(repository, "--good", "main", "--bad", "other")
    assert status == 2
    assert "main is no ancestor of other" in err
    assert f"--good {git(repository, 'merge-base', 'main', 'other')[:10]}" in err
