"""Everything the ledger measures: the suite's own benchmarks, and the paths that only the ledger asks about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suites import benchmarks as suite
from suites.paths import buffers, bursts, manager, sharing, snapshots
from suites.pipeline.benchmarks import resolve
from suites.settings import SETTINGS

if TYPE_CHECKING:
    from tailgate import Benchmark

MODULE = "suites.ledger.benchmarks"

__all__ = ["MODULE", "SETTINGS", "benchmarks", "resolve"]


def benchmarks() -> list[Benchmark]:
    """Return all benchmarks; nothing that is only named is imported."""
    declared = suite.benchmarks()
    known = {each.name for each in declared}
    own = [each for module in (bursts, buffers, sharing, snapshots, manager) for each in module.benchmarks()]
    return declared + [each for each in own if each.name not in known]
