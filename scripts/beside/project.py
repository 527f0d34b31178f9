"""The project that all tools measure: one operation over one tape, at two revisions that differ by a known work."""

from __future__ import annotations

import random
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

OPERATIONS: Final = 10_000
_RANDOM = random.Random(7)
TURNS: Final = tuple(min(2_000, int(_RANDOM.lognormvariate(5, 0.7))) for _ in range(OPERATIONS))
"""Turns of a loop that each operation takes: 148 at the median, 720 at the p99."""

P99_TURNS: Final = sorted(TURNS)[OPERATIONS * 99 // 100]


@dataclass(frozen=True, slots=True)
class Problem:
    """What head does more than base: `every` turns on each operation, `some` on one in fifty."""

    name: str
    told: str
    every: int = 0
    some: int = 0

    @property
    def slower(self) -> bool:
        """Whether head is slower than base."""
        return bool(self.every or self.some)


PROBLEMS: Final = (
    Problem("identical", "identical code"),
    Problem("p99", "3 % of the p99 on every operation", every=round(0.03 * P99_TURNS)),
    Problem("fiftieth", "one operation in fifty slower by 20 % of the p99", some=round(0.20 * P99_TURNS)),
)

_WORK: Final = '''"""One operation: a loop of so many turns."""

EVERY, SOME = {every}, {some}


def operation(item):
    number, turns = item
    for _ in range(turns + EVERY + (0 if number % 50 else SOME)):
        pass
    return turns
'''

_TAPE: Final = '''"""The tape, and a whole pass over it."""

from work import operation

TAPE = list(enumerate({turns}))


def replay():
    for item in TAPE:
        operation(item)
'''

_FILES: Final = {
    "bench_work.py": """from tape import TAPE
from work import operation

from tailgate import Workload, benchmark


@benchmark("work/tape", role="recommended")
def tape(settings):
    return Workload(inputs=TAPE, start=lambda: operation)
""",
    "pyproject.toml": """[project]
name = "work"
version = "1"

[tool.tailgate]
benchmarks = "bench_work"
subject = ["work.py"]

[tool.tailgate.gate]
benchmarks = ["work/tape"]
operations = 10_000
margin = 0.02
""",
    "pyperf_work.py": """import pyperf
from tape import replay

pyperf.Runner().bench_func("replay", replay)
""",
    "test_work.py": """from tape import replay


def test_replay(benchmark):
    benchmark(replay)
""",
    "run_work.py": """from tape import replay

for _ in range(10):
    replay()
""",
    "suite/__init__.py": "",
    "suite/work.py": """from tape import replay


class Work:
    def time_replay(self):
        replay()
""",
    "asv.conf.json": """{
    "version": 1,
    "project": "work",
    "repo": ".",
    "branches": ["main"],
    "environment_type": "virtualenv",
    "benchmark_dir": "suite",
    "env_dir": "build/asv/env",
    "results_dir": "build/asv/results",
    "html_dir": "build/asv/html",
    "build_command": ["python -c pass"],
    "uninstall_command": ["python -c pass"],
    "install_command": ["in-dir={build_dir} python place.py"]
}
""",
    "place.py": """import shutil
import sysconfig

for name in ("work.py", "tape.py"):  # what a package's installation would do
    shutil.copy(name, sysconfig.get_path("purelib"))
""",
    ".gitignore": "build/\n__pycache__/\n.benchmarks/\n",
}


def lay_out(problem: Problem, folder: Path) -> Path:
    """Write the project anew, base as `main` and head as `head`; return its folder, at head.

    Beside it stand `base` and `head`: the files of both revisions, for tools that compare two commands.
    """
    shutil.rmtree(folder, ignore_errors=True)
    project = folder / "project"
    project.mkdir(parents=True)
    for name, text in {**_FILES, "tape.py": _TAPE.format(turns=TURNS)}.items():
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(text, encoding="utf-8")
    git(project, "init", "-q", "-b", "main")
    for revision, every, some in (("base", 0, 0), ("head", problem.every, problem.some)):
        if revision == "head":
            git(project, "switch", "-q", "-c", "head")
        (project / "work.py").write_text(_WORK.format(every=every, some=some), encoding="utf-8")
        git(project, "add", "-A")
        git(project, "commit", "-q", "--allow-empty", "-m", revision)
        shutil.copytree(project, folder / revision, ignore=shutil.ignore_patterns(".git"))
    return project


def git(project: Path, *words: str) -> None:
    """Run git in the project, as nobody in particular."""
    who = ("-c", "user.name=nobody", "-c", "user.email=nobody@nobody.invalid")
    subprocess.run(["/usr/bin/env", "git", "-C", str(project), *who, *words], check=True, capture_output=True)
