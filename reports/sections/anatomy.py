"""Tail anatomy: what the slowest operations are, and what happened in them, against their share in everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reports.blocks import Bar, Bars, Block, Part, Ranges, Section, Span, TableBlock, Tag, Text
from reports.scale import log_scale
from reports.sections.allocations import tag_of
from tailgate.results.table import Table, duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LEGEND: Final = (("\u25c6", "share in the tail"), ("\u25cb", "share in everything"))


def anatomy_section(anatomies: Sequence[Mapping[str, Any]]) -> Section:
    """Tell the sentences of each anatomy, then draw its shares."""
    blocks: list[Block] = []
    for each in anatomies:
        name = f"{each['benchmark']}, p{each['percentile']:g}"
        facts = f"{each['operations']:,} operations, {each['passes']} passes, {each['processes']} processes"
        blocks.append(Text((f"{name}: {facts}.",)))
        blocks.append(Text((*each["sentences"], *each["notes"]), "list"))
        blocks += [_tail(each, kind) for kind in ("reproducible", "raw")]
        if each["raw"]["why"]:
            blocks.append(_why(each))
    lead = (
        "What the operations beyond the percentile are and what happened while they ran, against how often that is so "
        "in the whole tape: the further apart the two marks of a row, the more it explains."
    )
    return Section("anatomy", "Anatomy: what makes the tail", lead, blocks)


def percent(share: float) -> str:
    """Give a share with places enough to tell it from nothing."""
    return f"{100 * share:.{0 if share >= 0.1 else 1 if share >= 0.001 else 2}f} %"


def _tail(anatomy: Mapping[str, Any], kind: str) -> Ranges:
    tail = anatomy[kind]
    shares = [*tail["labels"], *tail["causes"]]
    seen = [each for each in shares if each["tail_count"] or each["whole_count"]]
    scale = log_scale([share for each in seen for share in (each["tail_share"], each["whole_share"], 1.0)], margin=1.0)
    title = f"{anatomy['benchmark']}: the {kind} p{anatomy['percentile']:g}, above {duration(tail['threshold_ns'])}"
    columns = ("what", "in the tail", "share", "in everything", "share", "times")
    cells = tuple(
        (
            each["name"],
            f"{each['tail_count']:,}",
            percent(each["tail_share"]),
            f"{each['whole_count']:,}",
            percent(each["whole_share"]),
            f"{each['tail_share'] / each['whole_share']:.1f}" if each["whole_share"] else "-",
        )
        for each in shares
    )
    return Ranges(
        title,
        f"Share of each property in the {kind} tail of {anatomy['benchmark']} and in everything.",
        scale.ticks(lambda share: f"{100 * share:g} %", most=6),
        tuple(_row(each, tag_of(anatomy["benchmark"]), scale.at) for each in seen),
        _LEGEND,
        None,
        (TableBlock(Table(title, columns, cells), folded=True),),
    )


def _row(share: Mapping[str, Any], tag: Tag, at: Any) -> Span:
    own, whole = share["tail_share"], share["whole_share"]
    ends = sorted((at(own), at(whole)))
    marks = ((at(whole), "\u25cb", f"everything {percent(whole)}"), (at(own), "\u25c6", f"tail {percent(own)}"))
    return Span(share["name"], tag, ends[0], ends[1], marks, f"{percent(own)} of the tail, {percent(whole)} of all")


def _why(anatomy: Mapping[str, Any]) -> Bars:
    why = [(name, share) for name, share in anatomy["raw"]["why"] if share]
    parts = tuple(Part(name, place, share, percent(share)) for place, (name, share) in enumerate(why))
    title = f"{anatomy['benchmark']}: each sample of the raw tail once, by the first reason that fits"
    table = Table(title, ("reason", "share"), tuple((name, percent(share)) for name, share in anatomy["raw"]["why"]))
    bar = Bar("raw tail", tag_of(anatomy["benchmark"]), f"{anatomy['raw']['count']:,} samples", parts)
    return Bars(title, "The raw tail divided by reasons.", (bar,), (TableBlock(table, folded=True),))
