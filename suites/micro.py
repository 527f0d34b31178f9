"""Every implementation through pytest-benchmark, for a quick look while coding: `nox -s micro -- -k book`.

A round is one pass over the tape, so what it prints is the time of a whole pass; for tails, ratios that can be trusted
and everything that is compared, use `nox -s bench` and `nox -s duel`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from suites.benchmarks import benchmarks
from suites.settings import DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tailgate import Benchmark

OPERATIONS: Final = 2_000
_PLAIN: Final = [each for each in benchmarks() if not {"split", "gc"} & set(each.axes)]


@pytest.mark.parametrize("declared", _PLAIN, ids=lambda each: each.name)
def test_micro(benchmark: Any, declared: Benchmark) -> None:
    """Time passes over the first operations of the tape, each from fresh state."""
    if reason := declared.check():
        pytest.skip(reason)
    benchmark.group = declared.group
    workload = declared.prepare({**DEFAULTS, "messages": OPERATIONS})
    inputs = list(workload.inputs)[:OPERATIONS]

    def fresh() -> tuple[tuple[Callable[[Any], object]], dict[str, Any]]:
        return (workload.start(),), {}

    def one_pass(operation: Callable[[Any], object]) -> None:
        for item in inputs:
            operation(item)

    rounds = 3 if declared.role == "bottleneck" else 10
    benchmark.pedantic(one_pass, setup=fresh, teardown=workload.finish, rounds=rounds)
    benchmark.extra_info["operations"] = len(inputs)
