"""Allocations per operation: deterministic, so two runs agree, and cheap enough for every gate."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from tailgate.profilers.launch import HASH_SEED, launch, spec_for
from tailgate.results.store import replacing
from tailgate.results.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from tailgate.measure.lockstep import Plan
    from tailgate.measure.sides import Side

OPERATIONS: Final = 4_000
"""Of the tape, at most: memray writes down every allocation. Fewer would tell of its opening: at 2,000 the snapshots
that open the books make a third more allocations per operation of the recommended pipeline."""

FILE: Final = "allocations.jsonl"


@dataclass(frozen=True, slots=True)
class Site:
    """One line of code that allocates."""

    function: str
    file: str  # relative to the project, the installed packages or the standard library
    line: int
    per_operation: float
    bytes_per_operation: float

    def __str__(self) -> str:
        """Give `file:line`."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class StageCount:
    """The part of one stage, for a benchmark that has stages."""

    stage: str
    per_operation: float
    bytes_per_operation: float


@dataclass(frozen=True, slots=True)
class AllocationCount:
    """What a benchmark allocates, over one warm pass from fresh state.

    per_operation: calls of an allocator, Python's own included. bytes_per_operation: what they asked for.
    retained_per_operation: bytes still held at the end of the pass, after a collection: growth. peak_bytes: the most
    that was held at once, beyond what was held when the pass began, collections off. sites: most calls first.
    """

    benchmark: str
    operations: int
    per_operation: float
    bytes_per_operation: float
    retained_per_operation: float
    peak_bytes: int
    sites: tuple[Site, ...]
    stages: tuple[StageCount, ...] = ()


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


def _site(plain: Sequence[Any], operations: int) -> Site:
    function, file, line, calls, size_bytes = plain
    return Site(function, file, line, calls / operations, size_bytes / operations)


def allocations_table(counts: Sequence[AllocationCount], unavailable: Mapping[str, str] | None = None) -> Table:
    """Give one row a benchmark: the table of `tailgate allocations` and of a bench's report."""
    rows = tuple(
        (
            each.benchmark,
            f"{each.per_operation:,.2f}",
            f"{each.bytes_per_operation:,.0f}",
            f"{each.retained_per_operation:,.1f}",
            f"{each.peak_bytes:,}",
            f"{each.operations:,}",
            str(each.sites[0]) if each.sites else "-",
        )
        for each in counts
    )
    notes = ["memray with Python's own allocators traced; one warm pass from fresh state, collections off"]
    notes += [f"{name} was not counted: {reason}" for name, reason in (unavailable or {}).items()]
    columns = ("benchmark", "allocations/op", "bytes/op", "retained B/op", "peak B", "operations", "most at")
    return Table("Allocations", columns, rows, tuple(notes))


def site_table(count: AllocationCount, most: int = 12) -> Table:
    """Give where one benchmark allocates; shares are of what the sites have, which tracking makes a little more."""
    total = sum(site.per_operation for site in count.sites)
    rows = tuple(
        (
            f"{site} {site.function}",
            f"{site.per_operation:,.2f}",
            f"{100 * site.per_operation / total if total else 0:.1f} %",
            f"{site.bytes_per_operation:,.0f}",
        )
        for site in count.sites[:most]
    )
    return Table(f"{count.benchmark}: by site", ("site", "allocations/op", "share", "bytes/op"), rows)


def stage_table(count: AllocationCount) -> Table | None:
    """Give what each stage of one benchmark allocates, where it has stages."""
    rows = tuple(
        (each.stage, f"{each.per_operation:,.2f}", f"{each.bytes_per_operation:,.0f}")
        for each in sorted(count.stages, key=lambda stage: -stage.per_operation)
    )
    return Table(f"{count.benchmark}: by stage", ("stage", "allocations/op", "bytes/op"), rows) if rows else None


def write_allocations(counts: Iterable[AllocationCount], folder: Path) -> Path:
    """Write `allocations.jsonl`: one benchmark a line."""
    with replacing(folder / FILE) as temporary, temporary.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(asdict(each)) + "\n" for each in counts)
    return folder / FILE


def read_allocations(path: Path) -> list[AllocationCount]:
    """Read `allocations.jsonl` back; none where there is no file."""
    if not path.is_file():
        return []
    return [_from_plain(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def _from_plain(plain: dict[str, object]) -> AllocationCount:
    sites = tuple(Site(**each) for each in plain["sites"])  # type: ignore[attr-defined]  # what asdict wrote
    stages = tuple(StageCount(**each) for each in plain["stages"])  # type: ignore[attr-defined]  # what asdict wrote
    return AllocationCount(**(plain | {"sites": sites, "stages": stages}))  # type: ignore[arg-type]  # what asdict wrote
