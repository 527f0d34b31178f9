"""Counts of allocations, and memory by allocator, drawn as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tailgate.results.table import Table

if TYPE_CHECKING:
    from tailgate.documents.allocations import AllocationCount, Allocations
    from tailgate.documents.allocators import Allocators


def allocations_table(found: Allocations) -> Table:
    """Return one row a benchmark: the table of `tailgate allocations` and of a bench's report."""
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
        for each in found.counts
    )
    notes = ["memray with Python's own allocators traced; one warm pass from fresh state, collections off"]
    notes += [f"{name} was not counted: {reason}" for name, reason in found.unavailable.items()]
    columns = ("benchmark", "allocations/op", "bytes/op", "retained B/op", "peak B", "operations", "most at")
    return Table("Allocations", columns, rows, (*notes, *found.inputs))


def site_table(count: AllocationCount, most: int = 12) -> Table:
    """Return where one benchmark allocates; shares are of what the sites have, which tracking makes a little more."""
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
    """Return what each stage of one benchmark allocates, where it has stages."""
    rows = tuple(
        (each.stage, f"{each.per_operation:,.2f}", f"{each.bytes_per_operation:,.0f}")
        for each in sorted(count.stages, key=lambda stage: -stage.per_operation)
    )
    return Table(f"{count.benchmark}: by stage", ("stage", "allocations/op", "bytes/op"), rows) if rows else None


def allocator_table(found: Allocators) -> Table:
    """Return one row a benchmark and allocator."""

    def mega(size: int | None) -> str:
        return "-" if size is None else f"{size / 2**20:,.1f}"

    rows = tuple(
        (
            f"{each.benchmark} {each.allocator}",
            mega(each.rss_bytes),
            mega(each.grown_bytes),
            mega(each.peak_bytes),
            mega(each.asked_bytes),
            mega(each.held_bytes),
            "-" if each.fragmentation is None else f"{each.fragmentation:.2f}",
        )
        for each in found.weighed
    )
    notes = (
        "MiB, after a pass whose state is alive; asked by the program, held of the system; pymalloc: its arenas alone",
        *(f"{name}: {why}" for name, why in found.missing.items()),
        *found.inputs,
    )
    columns = ("benchmark, allocator", "RSS", "grown", "peak RSS", "asked", "held", "held/asked")
    return Table("Memory by allocator", columns, rows, notes)
