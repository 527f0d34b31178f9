"""`tailgate search` over a real project: known costs, a pair that decides, what dies or lies, Ctrl-C, and --accept."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tailgate.documents.envelope import load
from tailgate.documents.search import Search

ROOT = Path(__file__).resolve().parents[2]

SUITE = """
    import contextlib, os, signal
    from functools import partial
    from pathlib import Path
    from tailgate import Axis, Benchmark, Workload

    OWN = {"parse": "plain", "write": "plain", "keep": "plain"}
    LOOPS = {"parse=fast": 40, "parse=slow": 900, "write=odd": 50, "write=slow": 700, "keep=other": 60}
    TOGETHER = {("parse=fast", "write=odd"): -240}  # each alone is slower than what it replaces

    def axes(name):
        if name != "flow/own":
            return []
        return [
            Axis("parse", ("plain", "fast", "slow", "gone"), {"gone": "it is not installed"}),
            Axis("write", ("plain", "odd", "slow", "dies")),
            Axis("keep", ("plain", "other", "lies")),
            Axis("rare", ("0", "1"), asked=True),
        ]

    def prepare(levels, settings):
        names = [f"{axis}={level}" for axis, level in levels.items()]
        loops = 400 + sum(LOOPS.get(name, 0) for name in names)
        loops += sum(more for pair, more in TOGETHER.items() if set(pair) <= set(names))
        with Path("starts").open("a") as out:
            out.write(".")
        if Path("interrupt-at").exists() and Path("starts").stat().st_size >= int(Path("interrupt-at").read_text()):
            with contextlib.suppress(FileExistsError):
                Path("interrupted").touch(exist_ok=False)
                os.kill(os.getppid(), signal.SIGINT)

        def work(item):
            for _ in range(loops + item % 7):
                pass
            if "write=dies" in names and item == 30:
                os.kill(os.getpid(), signal.SIGKILL)
            return item + (item == 20 and "keep=lies" in names)

        return Workload(list(range(300)), lambda: work)

    def make(levels):
        role = "" if levels else "recommended"
        return Benchmark("flow", "own", partial(prepare, levels), levels, role)

    def benchmarks():
        return [make({})]

    def resolve(name):
        if not name.startswith("flow/own["):
            return None
        return make(dict(part.split("=") for part in name[len("flow/own["):-1].split(",")))

    def accept(levels, note):
        Path("accepted").write_text(repr(dict(levels)) + "\\n" + note + "\\n")
        return Path("accepted")
"""
CONFIG = '[tool.tailgate]\nbenchmarks = "known"\n'
FEW = ("--sides", "8", "--operations", "300", "--passes", "3", "--margin", "0.03", "--objective", "p50")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "known.py").write_text(textwrap.dedent(SUITE))
    (tmp_path / "pyproject.toml").write_text(CONFIG)
    return tmp_path


def search(project: Path, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "tailgate.cli", "search", *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    return done.returncode, done.stdout, done.stderr


def test_the_pair_wins_and_what_dies_or_lies_is_named(project: Path) -> None:
    (project / "interrupt-at").write_text("40")
    status, out, err = search(project, *FEW, "--budget", "100")
    assert status == 130, err
    assert "interrupted: what is known so far" in out
    assert "block 1, alone" in err  # progress without a terminal
    before = load(project / "build" / "search" / "search.json", Search)
    assert before.blocks
    status, out, err = search(project, *FEW, "--budget", "100", "--accept")
    assert status == 0, err + out
    told = load(project / "build" / "search" / "search.json", Search)
    assert told.blocks[: len(before.blocks)] == before.blocks
    assert told.winner is not None
    assert told.space.words(told.winner) == "parse=fast write=odd"
    assert "the winner: parse=fast write=odd" in out
    assert "parse=fast with write=odd saves" in out
    left = {told.space.words(each.composition): each.why for each in told.left_out}
    assert set(left) == {"write=dies", "keep=lies"}
    assert "was killed by SIGKILL" in left["write=dies"]
    assert "operation 20 is the first that differs" in left["keep=lies"]
    assert "unavailable: parse=gone: it is not installed" in out
    levels, note = (project / "accepted").read_text().splitlines()
    assert levels == "{'parse': 'fast', 'write': 'odd'}"
    assert note.startswith("found by `tailgate search` on 20")
    assert "p50 -" in note


def test_only_a_proof_and_a_search_that_proves_nothing_accepts_nothing(project: Path) -> None:
    status, out, err = search(
        project, *FEW, "keep=other", "write=odd", "--prove", "write=odd", "--blocks", "3", "--accept"
    )
    assert (status, "nothing is accepted" in err) == (2, True), out + err
    told = load(project / "build" / "search" / "search.json", Search)
    assert [stage.phase for stage in told.stages] == ["proof"]
    assert {block.phase for block in told.blocks} == {"proof"}
    assert not (project / "accepted").exists()


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (("prase",), "there is no axis 'prase'; did you mean 'parse'?", "parse, write, keep, rare, allocator, python"),
        (("parse=gone",), "there is nothing to exchange", "parse=gone: it is not installed"),
        (("--objective", "p99=much"), "'much' is no weight", "--objective p99=2"),
        (("--prove", "parse=best"), "'parse=best' is nothing that is searched over", "parse=plain|fast|slow"),
    ],
)
def test_what_is_wrong_is_said_with_the_way_out(
    project: Path, arguments: tuple[str, ...], message: str, hint: str
) -> None:
    status, out, err = search(project, *arguments)
    assert status == 2, out
    assert message in err
    assert hint in err
    assert "Traceback" not in err
