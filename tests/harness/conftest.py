"""A small project of benchmarks with known faults, for workers that really run."""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

BENCHMARKS = """
    import os, signal, time
    from tailgate import Benchmark, Workload, benchmark

    ITEMS = list(range(600))

    def work(item):
        return sum(range(item % 40 + 20))

    @benchmark("sum/plain", role="bottleneck")
    def plain(settings):
        return Workload(ITEMS, lambda: work, labels=lambda i: {"big": i % 40 > 30})

    @benchmark("sum/same", role="recommended")
    def same(settings):
        return Workload(ITEMS, lambda: work)

    @benchmark("sum/other-answer")
    def other(settings):
        return Workload(ITEMS, lambda: lambda item: work(item) + (item == 123))

    @benchmark("sum/shorter-tape")
    def shorter(settings):
        return Workload(ITEMS[:10], lambda: work)

    @benchmark("sum/raises")
    def raises(settings):
        def operation(item):
            if item == 321:
                raise ValueError("no such level")
        return Workload(ITEMS, lambda: operation)

    @benchmark("sum/killed")
    def killed(settings):
        def operation(item):
            if item == 321:
                os.kill(os.getpid(), signal.SIGKILL)
            return work(item)
        return Workload(ITEMS, lambda: operation)

    @benchmark("sum/hangs")
    def hangs(settings):
        def operation(item):
            if item == 321:
                signal.pause()
            return work(item)
        return Workload(ITEMS, lambda: operation)

    @benchmark("sum/unavailable", check=lambda: "the package abacus is not installed")
    def unavailable(settings):
        raise AssertionError("is not prepared")

    @benchmark("sum/staged")
    def staged(settings):
        def operation(item):
            work(item)
            return (item % 3 + 1, 10)
        return Workload(ITEMS, lambda: operation, stages=("first", "second"))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return the folder of a project whose benchmarks do what their names say."""
    (tmp_path / "known.py").write_text(textwrap.dedent(BENCHMARKS))
    (tmp_path / "pyproject.toml").write_text('[tool.tailgate]\nbenchmarks = "known"\nsubject = ["known.py"]\n')
    return tmp_path


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of the checkout."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, source / name)
    shutil.copytree(ROOT / "tailgate", source / "tailgate", ignore=shutil.ignore_patterns("__pycache__"))
    (source / "implementations").mkdir()
    (source / "implementations" / "__init__.py").write_text("")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)],
        check=True,
        capture_output=True,
    )
    (built,) = out.glob("*.whl")
    return built
