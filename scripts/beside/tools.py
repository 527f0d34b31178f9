"""One function a tool: how it is asked, what it says, and whether that is an alarm."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scripts.beside.criterion import compare
from tailgate.documents.envelope import load
from tailgate.documents.gate import GateDocument

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT: Final = Path(__file__).resolve().parents[2]
ENVIRONMENTS: Final = ROOT / "build" / "beside" / "environments"
PACKAGES: Final = {
    "pyperf": ["pyperf"],
    "pytest-benchmark": ["pytest", "pytest-benchmark"],
    "asv": ["asv", "virtualenv"],
}
"""What each environment of its own holds; the others need none."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a tool said of a problem. alarm: it calls head slower; None: it gives figures and no verdict."""

    tool: str
    version: str
    command: str
    words: str
    alarm: bool | None
    seconds: float


def prepare() -> None:
    """Make the environments; the only step that needs a network."""
    for name, packages in PACKAGES.items():
        python = ENVIRONMENTS / name / "bin" / "python"
        if not python.exists():
            _run([sys.executable, "-m", "venv", str(ENVIRONMENTS / name)], ROOT)
            _run([str(python), "-m", "pip", "install", "--quiet", *packages], ROOT)


def pyperf(project: Path) -> Said:
    """Run 20 processes of base, then 20 of head; a t-test over all values."""
    python = _python("pyperf")
    results = project / "build" / "pyperf"
    results.mkdir(parents=True)
    began = time.monotonic()
    for revision in ("base", "head"):
        _run([python, "pyperf_work.py", "--quiet", "-o", str(results / f"{revision}.json")], project.parent / revision)
    words = _run([python, "-m", "pyperf", "compare_to", "base.json", "head.json"], results)
    words = words.strip()
    return Said(
        "pyperf",
        _version("pyperf", "pyperf"),
        "pyperf compare_to base.json head.json",
        words,
        "slower" in words,
        time.monotonic() - began,
    )


def pytest_benchmark(project: Path) -> Said:
    """Store a run of base, hold a run of head against it: its mean may be 5 % higher."""
    python = _python("pytest-benchmark")
    storage = f"--benchmark-storage=file://{project}/build/benchmarks"
    common = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_work.py", storage]
    began = time.monotonic()
    _run([*common, "--benchmark-save=base"], project.parent / "base")
    limit = "--benchmark-compare-fail=mean:5%"
    done = _done([*common, "--benchmark-compare", limit], project.parent / "head")
    seconds = time.monotonic() - began
    told = re.search(r"ERROR: (.*)", done.stdout + done.stderr)
    failing = re.search(r"Performance has regressed:\n(.*)", done.stdout + done.stderr)
    words = failing[0] if failing else told[1] if told else f"{_means(project)}, within 5 %"
    return Said(
        "pytest-benchmark",
        _version("pytest-benchmark", "pytest-benchmark"),
        f"pytest --benchmark-compare {limit}",
        " ".join(words.split()),
        done.returncode != 0,
        seconds,
    )


def _means(project: Path) -> str:
    (stored,) = (project / "build" / "benchmarks").rglob("*_base.json")
    mean = json.loads(stored.read_text(encoding="utf-8"))["benchmarks"][0]["stats"]["mean"]
    return f"base's mean {mean * 1e3:.2f} ms"


def asv(project: Path) -> Said:
    """Run both commits by turns in two rounds, in environments that asv makes; a factor of 1.1 counts."""
    program = str(ENVIRONMENTS / "asv" / "bin" / "asv")
    _run([program, "machine", "--yes"], project)
    began = time.monotonic()
    done = _done([program, "continuous", "--no-only-changed", "main", "head"], project)
    seconds = time.monotonic() - began
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    verdict = next((line for line in lines if line.isupper() or "SIGNIFICANTLY" in line), "")
    row = next((line for line in lines if line.startswith("|") and "time_replay" in line), "")
    words = f"{verdict} {row}".strip() or done.stdout[-200:] + done.stderr[-200:]
    return Said("asv", _version("asv", "asv"), "asv continuous main head", words, done.returncode != 0, seconds)


def hyperfine(project: Path) -> Said | None:
    """Time two whole commands; return None where it is not at hand."""
    program = shutil.which("hyperfine")
    if program is None:
        return None
    commands = [f"{sys.executable} {project.parent}/{revision}/run_work.py" for revision in ("base", "head")]
    began = time.monotonic()
    printed = _run([program, "--warmup", "1", "--style", "basic", "-n", "base", "-n", "head", *commands], project)
    seconds = time.monotonic() - began
    words = " ".join(printed.partition("Summary")[2].split())
    release = _run([program, "--version"], project).split()[-1]
    return Said("hyperfine", release, "hyperfine --warmup 1 base head", words, None, seconds)


def criterion(project: Path) -> Said:
    """Run base, then head, and compare them by a bootstrap of the change, as criterion does."""
    began = time.monotonic()
    runs = []
    code = (
        "import json, sys; sys.path[:0] = ['.', sys.argv[1]]; from scripts.beside.criterion import sample; "
        "from tape import replay; print(json.dumps(sample(replay)))"
    )
    for revision in ("base", "head"):
        printed = _run([sys.executable, "-c", code, str(ROOT)], project.parent / revision)
        runs.append([float(each) for each in json.loads(printed)])
    found = compare(runs[0], runs[1])
    interval = f"[{found.low:+.2%}, {found.high:+.2%}]"
    words = f"change: {found.estimate:+.2%} {interval} (p = {found.probability:.2f}). {found.told}"
    return Said(
        "criterion's way",
        "as we read it",
        "scripts/beside/criterion.py",
        words,
        "regressed" in found.told,
        time.monotonic() - began,
    )


def tailgate(project: Path) -> Said:
    """Gate head against main, with the two controls."""
    began = time.monotonic()
    done = _done(
        [sys.executable, "-m", "tailgate.cli", "gate", "--base", "main", "--no-allocations", "--no-explain"], project
    )
    seconds = time.monotonic() - began
    if done.returncode == 2:
        raise RuntimeError(done.stderr)
    found = load(project / "build" / "gate" / "verdict.json", GateDocument)
    (bench,) = found.benchmarks
    shift = bench.figures["reproducible"].shift
    words = f"{found.verdict}: reproducible p99 {shift.percent} {shift.interval} in {bench.blocks} blocks"
    return Said("tailgate", version("tailgate"), "tailgate gate --base main", words, done.returncode == 1, seconds)


TOOLS: Final[tuple[Callable[[Path], Said | None], ...]] = (
    pyperf,
    pytest_benchmark,
    asv,
    hyperfine,
    criterion,
    tailgate,
)


def _python(environment: str) -> str:
    return str(ENVIRONMENTS / environment / "bin" / "python")


def _version(environment: str, package: str) -> str:
    code = f"from importlib.metadata import version; print(version({package!r}))"
    return _run([_python(environment), "-c", code], ROOT).strip()


def _done(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def _run(command: Sequence[str], folder: Path) -> str:
    done = _done(command, folder)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout
