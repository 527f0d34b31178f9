"""The memory's figures, against a fake kernel, a fake jemalloc and the real ones."""

from __future__ import annotations

import ctypes
import gc
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tailgate.monitor.memory import JEMALLOC_FIGURES, Jemalloc, read_memory

LIBRARIES = [Path("/usr/lib/x86_64-linux-gnu/libjemalloc.so.2"), Path("/usr/lib/aarch64-linux-gnu/libjemalloc.so.2")]


class FakeMallctl:
    """A jemalloc whose figures are its answers to the questions before the last epoch."""

    def __init__(self, figures: dict[bytes, int]) -> None:
        self.figures = figures
        self.epochs = 0

    def __call__(self, name: bytes, old: Any, old_size: Any, new: Any, new_size: Any) -> int:
        if name == b"epoch":
            self.epochs += 1
            return 0
        if name not in self.figures:
            return 2  # ENOENT
        ctypes.cast(old, ctypes.POINTER(ctypes.c_size_t))[0] = self.figures[name] + self.epochs
        return 0


def test_pages_are_turned_into_bytes(tmp_path: Path) -> None:
    statm = tmp_path / "statm"
    statm.write_text("7000 1200 900 1 0 500 0\n")
    figures = read_memory(statm=statm)
    page = os.sysconf("SC_PAGE_SIZE")
    assert (figures.rss_bytes, figures.virtual_bytes) == (1200 * page, 7000 * page)


@pytest.mark.parametrize("content", [None, "", "a b c"])
def test_an_unreadable_statm_leaves_the_figures_unknown(tmp_path: Path, content: str | None) -> None:
    statm = tmp_path / "statm"
    if content is not None:
        statm.write_text(content)
    figures = read_memory(statm=statm)
    assert (figures.rss_bytes, figures.virtual_bytes) == (None, None)
    assert figures.allocated_blocks > 1000


def test_a_collection_and_its_garbage_are_counted() -> None:
    before = read_memory()
    for _ in range(10):
        cycle: list[Any] = []
        cycle.append(cycle)
    del cycle
    gc.collect()
    after = read_memory()
    assert after.gc_collections[-1] == before.gc_collections[-1] + 1
    assert after.gc_collected >= before.gc_collected + 10
    assert len(after.gc_pending) == 3
    assert after.gc_uncollectable == before.gc_uncollectable


def test_blocks_are_counted() -> None:
    before = read_memory().allocated_blocks
    kept = [object() for _ in range(50_000)]
    assert read_memory().allocated_blocks - before >= len(kept)


def test_jemallocs_figures_are_those_of_a_new_epoch() -> None:
    mallctl = FakeMallctl({b"stats.allocated": 100, b"stats.resident": 300})
    jemalloc = Jemalloc(mallctl)
    assert jemalloc.figures() == {"allocated": 101, "resident": 301}
    assert read_memory(jemalloc=jemalloc).jemalloc_bytes == {"allocated": 102, "resident": 302}


def test_another_allocator_is_no_jemalloc() -> None:
    assert Jemalloc.find(SimpleNamespace()) is None
    assert Jemalloc.find(SimpleNamespace(mallctl=lambda *_: 1)).figures() == {}  # type: ignore[union-attr]  # found


def test_a_preloaded_jemalloc_is_found_and_counts_what_is_held() -> None:
    library = next((path for path in LIBRARIES if path.exists()), None)
    if library is None:
        pytest.skip("jemalloc is not installed: apt-get install libjemalloc2")
    code = (
        "import json; from tailgate.monitor.memory import Jemalloc; j = Jemalloc.find(); before = j.figures();"
        "kept = bytearray(50_000_000); print(json.dumps([before, j.figures()]))"
    )
    environment = {**os.environ, "LD_PRELOAD": str(library), "PYTHONMALLOC": "malloc"}
    answer = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    before, after = json.loads(answer.stdout)
    assert set(before) == set(JEMALLOC_FIGURES)
    assert after["allocated"] - before["allocated"] >= 50_000_000
