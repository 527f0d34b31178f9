"""What a suite of asv counts (track_, peakmem_) is held against base in the gate, beside what is timed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tailgate.documents.envelope import load
from tailgate.documents.gate import GateDocument

ROOT = Path(__file__).resolve().parents[2]
SIZES = """
import shop


def track_items():
    return len(shop.ITEMS)


track_items.unit = "items"


class Never:
    def setup(self):
        raise NotImplementedError

    def track_never(self):
        return 1
"""


def git(root: Path, *arguments: str) -> None:
    command = ["git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@t.invalid", *arguments]
    subprocess.run(command, check=True, capture_output=True)


def judged(root: Path, shop: str, more: str = "") -> tuple[subprocess.CompletedProcess[str], GateDocument]:
    """Judge the second of two commits, which writes `shop`."""
    (root / "benchmarks").mkdir()
    (root / "benchmarks" / "__init__.py").write_text("")
    (root / "benchmarks" / "sizes.py").write_text(SIZES)
    (root / ".gitignore").write_text("build\n")
    (root / "pyproject.toml").write_text(f'[tool.tailgate]\nbenchmarks = "asv:benchmarks"\n{more}')
    git(root, "init", "-q", "-b", "main")
    for text in ("ITEMS = [0] * 100\n", shop):
        (root / "shop.py").write_text(text)
        git(root, "add", "-A")
        git(root, "commit", "-q", "--allow-empty", "-m", "a change")
    command = [sys.executable, "-m", "tailgate.cli", "gate", "--quick", "--base", "HEAD~1"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)
    return done, load(root / "build" / "gate" / "verdict.json", GateDocument)


@pytest.mark.parametrize(
    ("shop", "more", "status", "worse"),
    [
        ("ITEMS = [0] * 110\n", "", 1, True),
        ("ITEMS = [0] * 102\n", "", 0, False),  # within the margin of 3 % of a quick gate
        pytest.param("ITEMS = [0] * 90\n", "", 0, False, marks=pytest.mark.slow),
        pytest.param(
            "ITEMS = [0] * 110\n",
            '[tool.tailgate.gate.accept-allocations]\n"sizes.track_items" = "ten items more"\n',
            0,
            False,
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_figure_that_is_tracked_is_held_to_the_margin(
    tmp_path: Path, shop: str, more: str, status: int, *, worse: bool
) -> None:
    done, found = judged(tmp_path, shop, more)
    assert done.returncode == status, done.stdout + done.stderr
    (count,) = found.counts
    assert (count.benchmark, count.what, count.base, count.worse) == (
        "sizes.track_items",
        "track (items)",
        100.0,
        worse,
    )
    assert "does not apply here" in found.skipped["sizes.Never.track_never"]


def test_a_head_that_gives_no_number_has_not_passed(tmp_path: Path) -> None:
    done, found = judged(tmp_path, "ITEMS = None\n")
    assert done.returncode == 2, done.stdout + done.stderr
    (failed,) = found.benchmarks
    assert "has no len()" in failed.failure
