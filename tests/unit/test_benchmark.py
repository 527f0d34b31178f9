"""What a suite holds: its own benchmarks, however often it is loaded, and nobody else's."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

import pytest

import tailgate.judge.fixtures  # noqa: F401  declares a benchmark that is no part of any project's suite
from tailgate.benchmark import load_suite

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULE = "bench_of_a_project"
SUITE = """
from tailgate import Workload, benchmark

@benchmark("lines/plain")
def plain(_settings):
    return Workload(inputs=[1], start=lambda: str)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    (tmp_path / f"{MODULE}.py").write_text(SUITE)
    monkeypatch.syspath_prepend(tmp_path)
    yield MODULE
    sys.modules.pop(MODULE, None)


def names(module: str) -> list[str]:
    return [each.name for each in load_suite(module).benchmarks]


def test_a_suite_that_is_loaded_again_still_has_its_own_benchmarks_only(module: str) -> None:
    assert names(module) == ["lines/plain"]
    assert names(module) == ["lines/plain"]


def test_a_suite_that_was_imported_before_has_its_own_benchmarks_only(module: str) -> None:
    importlib.import_module(module)
    assert names(module) == ["lines/plain"]
