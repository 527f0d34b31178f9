"""Allocations: how many an operation makes, where, and what allocators make of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tailgate.report.blocks import Block, Ranges, Section, Span, TableBlock, Tag
from tailgate.report.scale import log_scale
from tailgate.results.allocations_report import allocations_table, allocator_table, site_table

if TYPE_CHECKING:
    from tailgate.documents.allocations import Allocations
    from tailgate.documents.allocators import Allocators

_MOST_SITES = 5
_LEAST = 0.1
"""An operation that allocates nothing has a place too, at the left end of the axis."""


def allocations_section(found: Allocations) -> Section:
    """Draw what was counted."""
    blocks: list[Block] = [_picture(found)] if found.counts else []
    for each in found.counts:
        if each.sites:
            sites = site_table(each, _MOST_SITES)
            tags = (tag_of(each.benchmark),) * len(sites.rows)
            blocks.append(TableBlock(replace(sites, title=f"Where they happen: {sites.title}"), tags, folded=True))
    lead = (
        "Calls of an allocator, Python's own included, by one operation: counted over a warm pass with collections "
        "off, so that two runs agree. Retained is what was still held when the pass ended."
    )
    return Section("allocations", "Allocations", lead, blocks).under(found.inputs)


def allocators_section(found: Allocators) -> Section:
    """Draw the memory under each allocator."""
    tags = tuple(tag_of(each.benchmark) for each in found.weighed)
    lead = "The same pass in a process of its own under each allocator."
    return Section("allocators", "Allocators", lead, [TableBlock(allocator_table(found), tags)])


def tag_of(benchmark: str) -> Tag:
    """Read path and implementation off a name such as `parse/fast[size=10]`."""
    path, _, rest = benchmark.partition("/")
    return Tag(path.split("[")[0], rest.split("[")[0])


def _picture(found: Allocations) -> Ranges:
    scale = log_scale([max(each.per_operation, _LEAST) for each in found.counts])
    tags = tuple(tag_of(each.benchmark) for each in found.counts)
    rows = []
    for each, tag in zip(found.counts, tags, strict=True):
        place = scale.at(max(each.per_operation, _LEAST))
        number = f"{each.per_operation:,.2f}"
        rows.append(Span(each.benchmark, tag, 0.0, place, ((place, "\u25c6", f"{number} an operation"),), number))
    table = TableBlock(allocations_table(found), tags, folded=True)
    ticks = scale.ticks(lambda value: f"{value:g}")
    said = "Allocations an operation makes, on a logarithmic axis."
    return Ranges("Allocations an operation", said, ticks, tuple(rows), (), None, (table,))
