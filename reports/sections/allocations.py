"""Allocations: how many an operation makes, where, and what allocators make of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.blocks import Block, Ranges, Section, Span, TableBlock, Tag
from reports.scale import log_scale
from tailgate.results.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MOST_SITES = 5


def allocations_section(counts: Sequence[Mapping[str, Any]], weighed: Sequence[Mapping[str, Any]]) -> Section:
    """Draw what was counted; `weighed` is the memory under each allocator, where it was measured."""
    blocks: list[Block] = [_picture(counts)] if counts else []
    sites = [(each, site) for each in counts for site in each["sites"][:_MOST_SITES]]
    if sites:
        blocks.append(_sites(sites))
    if weighed:
        blocks.append(_allocators(weighed))
    lead = (
        "Calls of an allocator, Python's own included, by one operation: counted over a warm pass with collections "
        "off, so that two runs agree. Retained is what was still held when the pass ended."
    )
    return Section("allocations", "Allocations", lead, blocks)


def tag_of(benchmark: str) -> Tag:
    """Read path and implementation off a name such as `book/bisect[read_every=1]`."""
    path, _, rest = benchmark.partition("/")
    return Tag(path.split("[")[0], rest.split("[")[0])


def _picture(counts: Sequence[Mapping[str, Any]]) -> Ranges:
    least = 0.1  # an operation that allocates nothing has a place too, at the left end
    scale = log_scale([max(each["per_operation"], least) for each in counts])
    rows, cells, tags = [], [], []
    for each in counts:
        number = each["per_operation"]
        tag = tag_of(each["benchmark"])
        place = scale.at(max(number, least))
        rows.append(
            Span(
                each["benchmark"],
                tag,
                0.0,
                place,
                ((place, "\u25c6", f"{number:,.2f} an operation"),),
                f"{number:,.2f}",
            )
        )
        cells.append(
            (
                each["benchmark"],
                f"{number:,.2f}",
                f"{each['bytes_per_operation']:,.0f}",
                f"{each['retained_per_operation']:,.1f}",
                f"{each['peak_bytes']:,}",
            )
        )
        tags.append(tag)
    columns = ("benchmark", "allocations/op", "bytes/op", "retained B/op", "peak B")
    table = TableBlock(Table("Allocations an operation", columns, tuple(cells)), tuple(tags), folded=True)
    ticks = scale.ticks(lambda value: f"{value:g}")
    title = "Allocations an operation"
    return Ranges(
        title, "Allocations an operation makes, on a logarithmic axis.", ticks, tuple(rows), (), None, (table,)
    )


def _sites(sites: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> TableBlock:
    rows = tuple(
        (
            each["benchmark"],
            f"{site['file']}:{site['line']} {site['function']}",
            f"{site['per_operation']:,.2f}",
            f"{site['bytes_per_operation']:,.0f}",
        )
        for each, site in sites
    )
    tags = tuple(tag_of(each["benchmark"]) for each, _ in sites)
    columns = ("benchmark", "line of code", "allocations/op", "bytes/op")
    return TableBlock(Table("Where they happen", columns, rows), tags, folded=True)


def _allocators(weighed: Sequence[Mapping[str, Any]]) -> TableBlock:
    rows = tuple(
        (
            f"{each['benchmark']} under {each['allocator']}",
            f"{each['peak_bytes'] / 2**20:,.1f} MiB",
            f"{each['grown_bytes'] / 2**20:,.2f} MiB",
            f"{each['fragmentation']:.2f}" if each["fragmentation"] else "-",
        )
        for each in weighed
    )
    columns = ("benchmark", "peak of the process", "grown in the passes", "held over asked for")
    tags = tuple(tag_of(each["benchmark"]) for each in weighed)
    return TableBlock(Table("Memory under each allocator", columns, rows), tags, folded=True)
