"""Commits as pull requests make them, in a project that has pytest-benchmark's tests: the verdict and status of each.

What needs no statistics runs always; the others are slow, with slowdowns that nobody would miss.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.wheels import offline, write_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

SHOP = """
def total(n):
    return sum(range(n))

def price(n):
    return sum(range(600 if n >= 1_900 else 200))
"""
TESTS = """
import pytest
import shop

@pytest.fixture
def amount():
    return 500

def test_total(benchmark, amount):
    assert benchmark(shop.total, amount) == 124750

@pytest.mark.tailgate(inputs=list(range(2_000)))
def test_price(benchmark):
    benchmark(shop.price, 1)
"""
EXTRA = """
import shop

def test_extra(benchmark):
    benchmark(shop.total, 77)
"""
CONFIG = """
[tool.pytest.ini_options]
pythonpath = [".", "src"]
"""
BUILD = """
[tool.tailgate]
build = "python make.py"
"""
DEPENDS = """
[project]
name = "shop"
version = "1"
dependencies = []

[tool.tailgate]
environments = "each"
"""
MAKE = "from pathlib import Path\n\nPath('made.py').write_text('FACTOR = 1\\n')\n"
BENCH = "tests/test_shop.py"
PRICE = "    return sum(range(600 if n >= 1_900 else 200))\n"


def write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def edit(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Return the change that puts one text in the place of another."""

    def change(root: Path) -> None:
        text = (root / name).read_text()
        assert old in text
        (root / name).write_text(text.replace(old, new))

    return change


def move_to_src(root: Path) -> None:
    (root / "src").mkdir()
    shutil.move(root / "shop.py", root / "src" / "shop.py")


def new_dependency(root: Path) -> None:
    write(root, {"shop.py": "import pricing\n" + SHOP, "pyproject.toml": CONFIG + DEPENDS.replace("[]", '["pricing"]')})


def build_step(root: Path) -> None:
    write(root, {"make.py": MAKE, ".gitignore": "made.py\nbuild\n", "shop.py": "import made\n" + SHOP})
    write(root, {"made.py": "FACTOR = 1\n"})  # as the developer has it, and git does not


@dataclass(frozen=True)
class Commit:
    """A change, and what a gate must say of it; base: files of the revision before, beside those of every project."""

    change: Callable[[Path], None]
    status: int
    says: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    base: Mapping[str, str] = field(default_factory=dict)


FOR_SURE: Mapping[str, Commit] = {
    "benchmark added": Commit(
        lambda root: write(root, {"tests/test_extra.py": EXTRA}),
        0,
        (
            "tests/test_extra.py::test_extra: not judged, it is new",
            "PASS: no benchmark is in both revisions; not judged: 1 new",
        ),
        ("-k", "extra"),
    ),
    "benchmark deleted": Commit(
        edit(BENCH, TESTS, EXTRA),
        0,
        (
            f"{BENCH}::test_total: not judged, it was deleted",
            "PASS: no benchmark is in both revisions; not judged: 1 new, 2 deleted",
        ),
    ),
    "answers changed": Commit(
        edit("shop.py", "else 200", "else 199"),
        2,
        ("do not do equal work", "operation 0 is the first that differs"),
        ("-k", "price"),
    ),
}
BY_STATISTICS: Mapping[str, Commit] = {
    "slower on every input": Commit(
        edit("shop.py", "return sum(range(n))", "return sum(range(n)) + 0 * sum(range(n // 2))"),
        1,
        ("test_total: its p50 is REGRESSION",),
    ),
    "slower on one in fifty": Commit(
        edit("shop.py", PRICE, f"    if n % 50 == 0:\n        sum(range(1_200))\n{PRICE}"),
        1,
        ("test_price: its p99 is REGRESSION",),
        ("-k", "price"),
    ),
    "slower in the median only": Commit(
        edit("shop.py", PRICE, f"    if n < 1_900:\n        sum(range(150))\n{PRICE}"),
        0,
        ("test_price: its p99 is PASS", "test_price reproducible p50"),  # the row beside it
        ("-k", "price", "--tailgate-margin", "0.5"),
    ),
    "an allocation": Commit(
        edit("shop.py", "return sum(range(n))", "return sum([*range(n)])"),
        1,
        (f"head does more than base (allocations of {BENCH}::test_total)",),
        ("--tailgate-allocations", "-k", "total", "--tailgate-margin", "9"),
    ),
    "a refactoring": Commit(
        edit("shop.py", "    return sum(range(n))", "    numbers = range(n)\n    return sum(numbers)"),
        0,
        ("test_total: its p50 is PASS", "test_price: its p99 is PASS"),
        ("--tailgate-margin", "0.5"),
    ),
    "renamed": Commit(
        edit(BENCH, "def test_total", "def test_sum"),
        0,
        (f"{BENCH}::test_sum was called {BENCH}::test_total in", "test_sum: its p50 is PASS"),
        ("-k", "sum or total", "--tailgate-margin", "0.5"),
    ),
    "a move to src": Commit(
        move_to_src, 0, ("test_total: its p50 is PASS",), ("-k", "total", "--tailgate-margin", "0.5")
    ),
    "a dependency": Commit(
        new_dependency,
        0,
        ("test_total: its p50 is PASS",),
        ("-k", "total", "--tailgate-margin", "0.5"),
        {"pyproject.toml": CONFIG + DEPENDS},
    ),
    "a build step": Commit(
        build_step,
        0,
        ("test_total: its p50 is PASS",),
        ("-k", "total", "--tailgate-margin", "0.5"),
        {"pyproject.toml": CONFIG + BUILD, "make.py": ""},
    ),
}


def judged(tmp_path: Path, wheel: Path, commit: Commit) -> None:
    """Make the two commits, judge the second by the wheel, and hold what it says."""
    root, installed = tmp_path / "project", tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    write(root, {"shop.py": SHOP, BENCH: TESTS, "pyproject.toml": CONFIG, ".gitignore": "build\n", **commit.base})
    git(root, "init", "-q", "-b", "main")
    for change in (lambda _: None, commit.change):
        change(root)
        git(root, "add", "-A")
        git(root, "commit", "-q", "--allow-empty", "-m", "a change")
    here = tmp_path / "here"  # as the developer has installed it beside the plugin; no worker sees it
    wheels = write_wheel(tmp_path / "wheels", "pricing", "1.0", "FACTOR = 1\n").parent
    write(here, {"pricing.py": "FACTOR = 1\n"})
    command = [sys.executable, "-m", "pytest", "-p", "tailgate.pytest_plugin", "-p", "no:cacheprovider"]
    quick = ("--tailgate-base", "HEAD~1", "--tailgate-quick", "--tailgate-budget", "400", *commit.arguments)
    env = {
        **os.environ,
        "PYTHONPATH": f"{installed}{os.pathsep}{here}",
        "PYTHONSAFEPATH": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    env |= offline(wheels)
    env.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run([*command, *quick], cwd=root, env=env, capture_output=True, text=True, check=False)
    told = done.stdout + done.stderr
    assert done.returncode == commit.status, told
    assert [text for text in commit.says if text not in told] == [], told


def git(root: Path, *arguments: str) -> None:
    command = ["git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@t.invalid", *arguments]
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.parametrize("name", FOR_SURE)
def test_a_commit_that_needs_no_statistics(tmp_path: Path, wheel: Path, name: str) -> None:
    judged(tmp_path, wheel, FOR_SURE[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", BY_STATISTICS)
def test_a_commit_that_is_measured(tmp_path: Path, wheel: Path, name: str) -> None:
    judged(tmp_path, wheel, BY_STATISTICS[name])
