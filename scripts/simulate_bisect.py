"""Is the bisection right, and what does it cost beside `git bisect run` over the gate? Simulated, and for real.

`python scripts/simulate_bisect.py` searches 64 commits with one slowdown of 3 % many times, over blocks of known
scatter, by the code that searches real ones, and bisects the same ranges by halves with the gate's own decision. What
is counted is started processes: each replays the tape as often in both. `--real N` does N of each over a repository
that it makes.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from tailgate.documents.bisection import Commit
from tailgate.documents.comparison import KINDS, Series
from tailgate.judge.arms import BASE, HEAD, NEGATIVE_CONTROL, POSITIVE_CONTROL, Arms
from tailgate.judge.bisect import BisectRules, Search
from tailgate.judge.gate import GateRules, Trial, Verdict, run_gate
from tailgate.measure.lockstep import Plan
from tailgate.measure.sides import Side
from tailgate.results.table import Table
from tailgate.statistics.sequential import Plan as Looks

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMITS: Final = 64
STEP: Final = math.log(1.03)
SCOUTING: Final = 4
"""Processes that a gate starts before its first block: three sides, and one for the size of the positive control."""


def draw(rng: np.random.Generator, noise: str, sd: float, count: int) -> np.ndarray:
    """Return the scatter of so many processes: the ratio of two of them scatters by `sd`."""
    normal = noise == "normal"
    made = rng.normal(0.0, 1.0, count) if normal else rng.standard_t(3, count) / math.sqrt(3.0)
    return made * sd / math.sqrt(2.0)


def search(rng: np.random.Generator, at: int, noise: str, sd: float) -> tuple[bool, int]:
    """Return whether a bisection names commit `at` alone, and the processes that it started."""
    started = 0

    def measure(sides: Sequence[Side]) -> list[float]:
        nonlocal started
        started += len(sides)
        errors = draw(rng, noise, sd, len(sides)) + rng.normal(0.0, 0.1)
        return [
            5_000.0 * math.exp(STEP * (int(each.name) >= at) + error) for each, error in zip(sides, errors, strict=True)
        ]

    commits = [Commit(n, f"{n:040x}", str(n)) for n in range(COMMITS + 1)]
    one = Search(commits, BisectRules(), lambda commit: Side(str(commit.place), ""), measure)
    one.run()
    return [each.place for each in one.guilty] == [at] and not one.open, started


def halving(rng: np.random.Generator, at: int, noise: str, sd: float) -> tuple[bool, int]:
    """Return the same of `git bisect run`, which gates each commit against the good end; an open verdict is skipped."""
    low, high, started = 0, COMMITS, 0
    while high - low > 1:
        middle = (low + high) // 2
        verdict, processes = gate(rng, STEP * (middle >= at), noise, sd)
        started += processes
        if verdict is Verdict.REGRESSION:
            high = middle
        elif verdict is Verdict.PASS:
            low = middle
        else:
            return False, started
    return high == at, started


def gate(rng: np.random.Generator, shift: float, noise: str, sd: float) -> tuple[Verdict, int]:
    """Gate one commit of a benchmark with one figure that matters: both kinds scatter alike."""
    nobody = Side("", "")
    trial = Trial("path/name", Arms(nobody, nobody, nobody, nobody), Plan("", Path(), {}))
    levels = {BASE: 0.0, NEGATIVE_CONTROL: 0.0, HEAD: shift, POSITIVE_CONTROL: shift + math.log(1.05)}

    def measure(_: Sequence[Trial]) -> None:
        made = Series(operations=20_000)
        for kind in KINDS:
            errors = draw(rng, noise, sd, len(levels))
            for (arm, level), error in zip(levels.items(), errors, strict=True):
                made.rows[kind][arm] = [(5_000.0 * math.exp(level + error),) * 4]
        trial.series.take(made, 0)

    verdict = run_gate([trial], GateRules(Looks((8, 11, 14, 18, 24)), 0.02, 1e9), measure)
    return verdict, SCOUTING + 4 * len(trial.series)


def simulated(searches: int) -> Table:
    """Return right answers and processes of both, by kind and width of the scatter."""
    rows = []
    rng = np.random.default_rng(1)
    for noise in ("normal", "t3"):
        for sd in (0.012, 0.02):
            places = rng.integers(1, COMMITS + 1, searches)
            ours, theirs = (
                np.array([how(rng, int(at), noise, sd) for at in places], dtype=np.float64) for how in (search, halving)
            )
            cells = [f"{each[:, 0].mean():.1%}, {each[:, 1].mean():.0f}" for each in (ours, theirs)]
            rows.append((noise, f"{100 * sd:g} %", *cells, f"{ours[:, 1].mean() / theirs[:, 1].mean():.2f}"))
    columns = ("noise", "spread of identical code", "bisect: right, processes", "by halves: right, processes", "ratio")
    return Table(f"{searches} searches over {COMMITS} commits, one of them 3 % slower", columns, tuple(rows))


SUITE: Final = """
    import random
    from subject import work
    from tailgate import Workload, benchmark

    @benchmark("sort/plain", role="recommended")
    def plain(settings):
        rng = random.Random(1)
        lists = [[rng.random() for _ in range(rng.randrange(20, 60))] for _ in range(2000)]
        return Workload(lists, lambda: work)
"""
CONFIG: Final = """
[tool.tailgate]
benchmarks = "known"
subject = ["subject.py"]

[tool.tailgate.gate]
operations = 2000
passes = 5
"""


def repository(root: Path, at: int) -> None:
    """Make a repository of 64 commits behind the first; commit `at` makes the operation about 3 % slower."""
    (root / "known.py").write_text(textwrap.dedent(SUITE))
    (root / "pyproject.toml").write_text(CONFIG)
    git = ("git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@t.invalid")
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    for number in range(COMMITS + 1):
        more = "    sorted(values[:6])\\n".replace("\\n", "\n") if number >= at else ""
        (root / "subject.py").write_text(f"def work(values):\n{more}    return sorted(values)\n# {number}\n")
        subprocess.run([*git, "add", "-A"], check=True)
        subprocess.run([*git, "commit", "-q", "-m", f"change {number}"], check=True)


def really(at: int) -> str:
    """Bisect a real repository in both ways, one after the other; return what each said, and the seconds."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        repository(root, at)
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
        tailgate = [sys.executable, "-m", "tailgate.cli"]
        began = time.monotonic()
        command = [*tailgate, "bisect", "--good", f"HEAD~{COMMITS}", "--no-explain"]
        subprocess.run(command, cwd=root, env=env, check=False, capture_output=True)
        told = json.loads((root / "build" / "bisect" / "bisect.json").read_text())["document"]
        named = [told["commits"][each["place"]]["title"] for each in told["guilty"]]
        shift = [round(100 * each["shift"]["log_ratio"], 2) for each in told["guilty"]]
        ours, began = time.monotonic() - began, time.monotonic()
        low, high, said = 0, COMMITS, []
        while high - low > 1:
            middle = (low + high) // 2
            revisions = ["--base", f"HEAD~{COMMITS}", "--head", f"HEAD~{COMMITS - middle}"]
            gate_command = [*tailgate, "gate", "--no-allocations", "--no-explain", *revisions]
            status = subprocess.run(gate_command, cwd=root, env=env, check=False, capture_output=True).returncode
            said.append(status)
            if status not in {0, 1}:
                break
            low, high = (low, middle) if status == 1 else (middle, high)
        theirs = time.monotonic() - began
        return (
            f"change {at}: bisect names {', '.join(named) or told['verdict']} ({shift} %) in {ours:.0f} s; by halves "
            f"{f'change {high}' if high - low == 1 else 'open'} (statuses {said}) in {theirs:.0f} s"
        )


def main() -> None:
    """Simulate, or do it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--searches", type=int, default=400)
    parser.add_argument("--real", type=int, default=0, metavar="N", help="Do N of each over a repository, instead.")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    if not options.real:
        sys.stdout.write(simulated(options.searches).markdown() + "\n")
    for _ in range(options.real):
        sys.stdout.write(really(int(rng.integers(1, COMMITS + 1))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
