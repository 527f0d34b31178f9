"""Budgets are held against the raw p99 of what they name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tailgate.results import histogram
from tailgate.results.bench_report import budget_table
from tailgate.results.load import BenchmarkResult, ProcessResult, Results
from tailgate.results.summary import summarise


def result(name: str, role: str, p99_ns: int, **stages: Any) -> BenchmarkResult:
    raw = histogram.fill([1_000] * 980 + [p99_ns] * 20)
    process = ProcessResult(0, raw, raw, raw, stages)
    path, implementation = name.split("/")
    return BenchmarkResult(name, path, implementation, path, role, 1000, 1, "", 50.0, 140.0, (process,))


RESULTS = Results(
    Path("results.json"),
    (
        result("book/slow", "bottleneck", 90_000),
        result("book/fast", "recommended", 8_000),
        result("risk/lock", "recommended", 6_000),
    ),
    {},
    {},
    {},
)


def test_a_group_stands_for_its_recommended_benchmark() -> None:
    kept, broken, named = summarise(RESULTS, {"book": 10, "risk": 5, "book/slow": 50}).budgets
    assert (kept.name, kept.broken) == ("book/fast", False)
    assert kept.headroom == pytest.approx(0.2, abs=0.01)
    assert (broken.name, broken.broken) == ("risk/lock", True)
    assert (named.name, named.broken) == ("book/slow", True)
    assert [row[-1] for row in budget_table([kept, broken]).rows] == ["kept", "BROKEN"]


def test_what_was_not_measured_is_left_out() -> None:
    assert [each.name for each in summarise(RESULTS, {"book": 10, "wire": 1}).budgets] == ["book/fast"]
    assert summarise(RESULTS, {"wire": 1}).budgets == ()
