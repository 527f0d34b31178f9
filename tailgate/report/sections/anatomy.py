"""Tail anatomy: what the slowest operations are, and what happened in them, against their share in everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tailgate.report.blocks import Bar, Bars, Block, Part, Ranges, Section, Span, TableBlock, Tag, Text
from tailgate.report.scale import log_scale
from tailgate.report.sections.allocations import tag_of
from tailgate.results.anatomy_report import percent, tail_table, why_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailgate.documents.anatomy import Anatomy, Share, Tail

_LEGEND: Final = (("\u25c6", "share in the tail"), ("\u25cb", "share in everything"))


def anatomy_section(anatomies: Sequence[Anatomy]) -> Section:
    """Show the sentences of each anatomy, then draw its shares."""
    blocks: list[Block] = []
    for each in anatomies:
        name = f"{each.benchmark}, p{each.percentile:g}"
        facts = f"{each.operations:,} operations, {each.passes} passes, {each.processes} processes"
        blocks.append(Text((f"{name}: {facts}.",)))
        blocks.append(Text((*each.sentences, *each.notes), "list"))
        blocks += [_tail(each, tail) for tail in (each.reproducible, each.raw)]
        if each.raw.why:
            blocks.append(_why(each))
    lead = (
        "What the operations beyond the percentile are and what happened while they ran, against how often that is so "
        "in the whole tape: the further apart the two marks of a row, the more it explains."
    )
    return Section("anatomy", "Anatomy: what makes the tail", lead, blocks)


def _tail(anatomy: Anatomy, tail: Tail) -> Ranges:
    seen = [each for each in (*tail.labels, *tail.causes) if each.tail_count or each.whole_count]
    scale = log_scale([share for each in seen for share in (each.tail_share, each.whole_share, 1.0)], margin=1.0)
    table = tail_table(anatomy, tail)
    return Ranges(
        f"{anatomy.benchmark}: {table.title}",
        f"Share of each property in the {tail.kind} tail of {anatomy.benchmark} and in everything.",
        scale.ticks(lambda share: f"{100 * share:g} %", most=6),
        tuple(_row(each, tag_of(anatomy.benchmark), scale.at) for each in seen),
        _LEGEND,
        None,
        (TableBlock(table, folded=True),),
    )


def _row(share: Share, tag: Tag, at: Any) -> Span:
    own, whole = share.tail_share, share.whole_share
    ends = sorted((at(own), at(whole)))
    marks = ((at(whole), "\u25cb", f"everything {percent(whole)}"), (at(own), "\u25c6", f"tail {percent(own)}"))
    return Span(share.name, tag, ends[0], ends[1], marks, f"{percent(own)} of the tail, {percent(whole)} of all")


def _why(anatomy: Anatomy) -> Bars:
    why = [(name, share) for name, share in anatomy.raw.why if share]
    parts = tuple(Part(name, place, share, percent(share)) for place, (name, share) in enumerate(why))
    table = why_table(anatomy)
    bar = Bar("raw tail", tag_of(anatomy.benchmark), f"{anatomy.raw.count:,} samples", parts)
    title = f"{anatomy.benchmark}: {table.title}"
    return Bars(title, "The raw tail divided by reasons.", (bar,), (TableBlock(table, folded=True),))
