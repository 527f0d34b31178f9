"""The benchmarks whose cost is held against size: the suite's own, managers, every burst and rate of reading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from suites import benchmarks as suite
from suites.paths import book, bursts, manager
from suites.paths.inputs import declare
from suites.pipeline.benchmarks import resolve
from suites.settings import SETTINGS
from suites.sizes.dimensions import DIMENSIONS

if TYPE_CHECKING:
    from tailgate import Benchmark

MODULE: Final = "suites.sizes.benchmarks"

__all__ = ["MODULE", "SETTINGS", "benchmarks", "resolve"]


def benchmarks() -> list[Benchmark]:
    """Return all benchmarks; nothing that is only named is imported."""
    reads = (size for size in DIMENSIONS["read_every"].sizes if str(size) not in book.READ_EVERY)
    made = [
        *manager.benchmarks(),
        *(
            each
            for size in DIMENSIONS["burst"].sizes
            for each in declare("handoff", bursts.prepare, {"burst": f"{size}"})
        ),
        *(each for size in reads for each in declare("book", book.prepare, {"read_every": f"{size}"})),
    ]
    return suite.benchmarks() + made
