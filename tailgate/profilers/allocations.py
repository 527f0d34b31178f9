"""Allocations per operation: deterministic, so two runs agree, and cheap enough for every gate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tailgate.documents.allocations import AllocationCount, Site, StageCount
from tailgate.profilers.launch import HASH_SEED, launch, spec_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailgate.measure.lockstep import Plan
    from tailgate.measure.sides import Side

OPERATIONS: Final = 4_000
"""Of the tape, at most: memray writes down every allocation. Fewer would tell of its opening: at 2,000 the snapshots
that open the books make a third more allocations per operation of the recommended pipeline."""


def allocations_of(side: Side, plan: Plan, operations: int = OPERATIONS) -> AllocationCount:
    """Count the allocations of a side in a process of its own, with a fixed hash seed; two runs agree.

    At most `operations` of the tape are replayed. Raises TailgateError where memray is missing beside the benchmark.
    """
    few = min(operations, plan.operations or operations)
    found = launch(side, plan, spec_for(side, plan, "allocations", operations=few), env=HASH_SEED).found
    count: int = found["operations"]
    return AllocationCount(
        benchmark=side.benchmark,
        operations=count,
        per_operation=found["allocations"] / count,
        bytes_per_operation=found["bytes"] / count,
        retained_per_operation=found["retained_bytes"] / count,
        peak_bytes=found["peak_bytes"],
        sites=tuple(_site(plain, count) for plain in found["sites"]),
        stages=tuple(StageCount(stage, n / count, size / count) for stage, (n, size) in found["stages"].items()),
    )


def allocations_per_operation(side: Side, plan: Plan, operations: int = OPERATIONS) -> float:
    """Return the figure of `allocations_of` alone, which takes a fraction of the time: what a gate holds."""
    few = min(operations, plan.operations or operations)
    found = launch(side, plan, spec_for(side, plan, "allocation totals", operations=few), env=HASH_SEED).found
    allocations: int = found["allocations"]
    return allocations / int(found["operations"])


def _site(plain: Sequence[Any], operations: int) -> Site:
    function, file, line, calls, size_bytes = plain
    return Site(function, file, line, calls / operations, size_bytes / operations)
