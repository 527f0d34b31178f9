"""`tailgate duel` and `tailgate gate` as a user meets them who presses Ctrl-C, or whose tree is not committed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tailgate.documents.duel import DuelDocument
from tailgate.documents.envelope import load
from tailgate.documents.gate import GateBlocks, GateDocument
from tailgate.project.folders import claimed

ROOT = Path(__file__).resolve().parents[2]

BENCHMARKS = """
    import contextlib, os, signal
    from pathlib import Path
    from subject import work
    from tailgate import Benchmark, Workload, benchmark

    PIDS = Path("pids")
    STARTS, INTERRUPTED = Path("starts"), Path("interrupted")  # a letter for each process that was started
    ITEMS = list(range(600))

    @benchmark("sum/plain", role="recommended")
    def plain(settings):
        with STARTS.open("a") as out:
            out.write(".")
        if STARTS.stat().st_size >= int(Path("interrupt-at").read_text()):
            with contextlib.suppress(FileExistsError):  # once, though other processes come as far
                INTERRUPTED.touch(exist_ok=False)
                os.kill(os.getppid(), signal.SIGINT)  # as Ctrl-C that only the coordinator hears
        PIDS.open("a").write(f"plain {os.getpid()}\\n")
        return Workload(ITEMS, lambda: work)

    @benchmark("sum/more")
    def more(settings):
        PIDS.open("a").write(f"more {os.getpid()}\\n")
        return Workload(ITEMS, lambda: lambda item: work(item + 1))
"""
CONFIG = """
[tool.tailgate]
benchmarks = "known"
subject = ["subject.py"]

[tool.tailgate.gate]
benchmarks = ["sum/plain"]
operations = 600
passes = 2
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "known.py").write_text(textwrap.dedent(BENCHMARKS))
    (tmp_path / "interrupt-at").write_text("1000000")
    (tmp_path / "subject.py").write_text("def work(item):\n    return sum(range(item % 40 + 20))\n")
    (tmp_path / "pyproject.toml").write_text(CONFIG)
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "all")
    return tmp_path


def git(root: Path, *arguments: str) -> None:
    command = ["git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@t.invalid", *arguments]
    subprocess.run(command, check=True, capture_output=True)


def run(project: Path, *arguments: str) -> tuple[int, str, str]:
    for name in ("starts", "interrupted"):
        (project / name).unlink(missing_ok=True)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "tailgate.cli", *arguments],
        cwd=project,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    return done.returncode, done.stdout, done.stderr


def test_an_interrupted_duel_writes_what_its_blocks_say(repository: Path) -> None:
    (repository / "interrupt-at").write_text("7")  # in the fourth block of two
    status, out, err = run(repository, "duel", "--identical", "sum", "--operations", "600", "--passes", "2")
    assert status == 130, err
    assert "UNDECIDED: interrupted after 3 blocks; so far" in out
    found = load(repository / "build" / "duel" / "duel.json", DuelDocument)
    assert (found.verdict, found.interrupted, found.blocks) == ("undecided", True, 3)
    assert "interrupted after 3 blocks" in (repository / "build" / "duel" / "duel.md").read_text()


def test_an_interrupted_gate_writes_its_blocks_and_passes_nothing(repository: Path) -> None:
    (repository / "interrupt-at").write_text("20")  # four of the scouting, four a block
    status, out, err = run(repository, "gate", "--base", "HEAD", "--no-allocations")
    assert status == 130, err
    assert "UNDECIDED: interrupted before the gate was through" in out
    folder = repository / "build" / "gate"
    blocks = load(folder / "blocks.json", GateBlocks).benchmarks["sum/plain"].rows
    counts = {len(rows) for kind in blocks.values() for rows in kind.values()}
    assert len(counts) == 1
    assert counts.pop() >= 1
    found = load(folder / "verdict.json", GateDocument)
    assert (found.verdict, found.interrupted, found.exit_status) == ("UNDECIDED", True, 130)
    assert "interrupted" in (folder / "verdict.md").read_text()


def test_a_gate_of_two_benchmarks_carries_both_in_each_process_and_says_where_its_time_went(repository: Path) -> None:
    names = "sum/plain,sum/more"
    status, _, err = run(
        repository, "gate", "--base", "HEAD", "--no-allocations", "--only", names, "--margin", "9", "--timing"
    )
    assert status in {0, 3, 4}, err  # a busy machine may be unfit
    pids: dict[str, list[str]] = {"plain": [], "more": []}
    for line in (repository / "pids").read_text().splitlines():
        name, _, pid = line.partition(" ")
        pids[name].append(pid)
    assert set(pids["plain"][:12]) == set(pids["more"][:12])
    assert len(set(pids["plain"])) == len(pids["plain"]) >= 4 + 4 * 8  # the scouting, and eight blocks of four
    assert {"Where the time went", "prepare", "passes", "counting"} <= set(
        re.findall("Where the time went|[a-z]+", err)
    )
    found = load(repository / "build" / "gate" / "verdict.json", GateDocument).benchmarks
    assert [each.name for each in found] == ["sum/plain", "sum/more"]
    assert all(each.positive_control_turns > 0 for each in found)


def test_a_budget_bounds_the_whole_gate_and_judges_the_blocks_that_it_saw(repository: Path) -> None:
    status, out, err = run(repository, "gate", "--base", "HEAD", "--no-allocations", "--budget", "0.001")
    assert status == 3, err
    assert "1 blocks fitted the budget" in out or "no number of blocks" in out
    blocks = load(repository / "build" / "gate" / "blocks.json", GateBlocks).benchmarks["sum/plain"]
    assert len(blocks.rows["raw"]["head"]) == 1


@pytest.mark.parametrize("command", [("duel", "--identical", "sum"), ("gate", "--base", "HEAD")])
def test_interrupted_before_the_first_block_nothing_is_written(repository: Path, command: tuple[str, ...]) -> None:
    (repository / "interrupt-at").write_text("1")
    status, _, err = run(repository, *command)
    assert status == 2
    assert "interrupted before the first block was whole; nothing was written" in err
    assert not list((repository / "build").glob("*/*.json"))


def test_a_worker_that_is_killed_is_no_contract_that_changed(repository: Path) -> None:
    (repository / "subject.py").write_text("import os\ndef work(item):\n    os.kill(os.getpid(), 9)\n")
    status, _, err = run(repository, "gate", "--base", "HEAD", "--head", "worktree", "--no-allocations")
    assert status == 2
    assert "was killed by SIGKILL" in err
    assert "one suite" not in err
    (repository / "subject.py").write_text("def work(item, more):\n    return 0\n")
    status, _, err = run(repository, "gate", "--base", "HEAD", "--head", "worktree", "--no-allocations")
    assert status == 2
    assert "one suite cannot drive both revisions: side 'worktree'" in err


def test_a_duel_of_revisions_says_what_it_leaves_out(repository: Path) -> None:
    with (repository / "subject.py").open("a") as code:
        code.write("# not committed\n")
    (repository / "interrupt-at").write_text("1")  # what it says before it measures is enough
    words = ("duel", "sum", "--identical", "--base", "HEAD")
    said = [run(repository, *words, *more)[2] for more in ((), ("--head", "HEAD"), ("--head", "worktree"))]
    assert [line.partition(";")[0] for line in said[0].splitlines()][:1] == [
        "not compared: what is not committed in subject.py"
    ]
    assert "--head worktree" in said[0]
    assert ["not compared" in each for each in said] == [True, True, False]


@pytest.mark.parametrize(
    ("folder", "command"),
    [
        ("build/gate/sides", ("gate", "--base", "HEAD")),
        ("build/sides", ("duel", "sum", "--identical", "--base", "HEAD")),
    ],
)
def test_two_runs_do_not_lay_out_their_revisions_in_one_folder(
    repository: Path, folder: str, command: tuple[str, ...]
) -> None:
    with claimed(repository / folder):
        status, _, err = run(repository, *command)
    assert status == 2
    assert f"another run is at work in {repository / folder}" in err
    (repository / "interrupt-at").write_text("1")
    assert "interrupted" in run(repository, *command)[2]  # the lock is gone with the run that held it
