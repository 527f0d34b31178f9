"""What a suite holds: its own benchmarks, however often it is loaded, and nobody else's."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import pytest

import tailgate.judge.fixtures  # noqa: F401  declares a benchmark that is no part of any project's suite
from tailgate.benchmark import Benchmark, Workload, load_suite
from tailgate.errors import TailgateError

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


def operation(item: object) -> object:
    return item


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"inputs": (n for n in range(3)), "start": lambda: str}, r"is generator, .*\n  give a sequence: inputs=list"),
        ({"inputs": {1, 2}, "start": lambda: str}, "is set, which cannot be replayed"),
        ({"inputs": [1], "start": operation}, r"\(start=operation\) is called without .*\n.* start=lambda: operation"),
        ({"inputs": [1], "start": "text"}, r"\(start=str\) is called without an argument"),
    ],
)
def test_what_cannot_be_replayed_is_a_sentence(given: dict[str, Any], told: str) -> None:
    with pytest.raises(TailgateError, match=told):
        Workload(**given)


def test_what_is_no_workload_is_a_sentence() -> None:
    made: Any = Benchmark("lines", "plain", lambda _: [1, 2])  # type: ignore[arg-type, return-value]  # the fault itself
    with pytest.raises(TailgateError, match="lines/plain: its function returned list, not a Workload"):
        made.workload({})


def test_a_check_that_fails_is_why_it_cannot_run() -> None:
    lost: dict[str, str] = {}
    assert Benchmark("a", "b", lambda _: Workload([1], lambda: str), check=lambda: lost["module"]).unavailable() == (
        "its check failed: KeyError: 'module'"
    )


def test_a_suite_whose_list_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bench_lost.py").write_text("def benchmarks():\n    return {}['a helper']\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(TailgateError, match="'bench_lost' cannot be imported: KeyError: 'a helper'"):
        load_suite("bench_lost")
