"""Raw against reproducible: how much of each p99 the code causes, and how much the machine adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tailgate.documents.bench import P99
from tailgate.report.blocks import Ranges, Section, Span, TableBlock
from tailgate.report.scale import log_scale, tick_duration
from tailgate.report.sections.percentiles import tag_of
from tailgate.results.bench_report import opening_note
from tailgate.results.table import Table, advisory_note, duration, marked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tailgate.report.curves import Curves


def tails_section(groups: Mapping[str, Sequence[Curves]]) -> Section:
    """Set the two p99 of every benchmark beside each other."""
    everything = [each.figures for members in groups.values() for each in members]
    scale = log_scale([ns for each in everything for ns in (each.raw[P99], each.reproducible[P99])])
    rows, cells, tags = [], [], []
    for each in everything:
        raw, own = each.raw[P99], each.reproducible[P99]
        share = f"{100 * each.machine_share:.0f} %" if each.machine_share else "none"
        told = tuple(marked(duration(ns), advisory=each.advisory[P99]) for ns in (raw, own))
        tag = tag_of(each)
        marks = (
            (scale.at(own), "\u25c6", f"reproducible {told[1]}"),
            (scale.at(raw), "\u25cb", f"raw {told[0]}"),
        )
        ends = sorted((scale.at(raw), scale.at(own)))
        rows.append(Span(each.name, tag, ends[0], ends[1], marks, share))
        cells.append((each.name, *told, share))
        tags.append(tag)
    table = Table(
        "p99, raw and reproducible",
        ("benchmark", "raw", "reproducible", "the machine's share"),
        tuple(cells),
        (*advisory_note(cells), *opening_note(everything)),
    )
    picture = Ranges(
        "p99: reproducible and raw",
        "For each benchmark the reproducible p99 and the raw p99, and which share of the raw one the machine added.",
        scale.ticks(tick_duration),
        tuple(rows),
        (("\u25c6", "reproducible: what code and data cause"), ("\u25cb", "raw: what this machine made of it")),
        None,
        (TableBlock(table, tuple(tags), folded=True),),
    )
    lead = (
        "The reproducible p99 is taken over the least duration of each operation in all passes; what the raw p99 has "
        "beyond it came from outside: neighbours, interrupts, a busy host. Where the raw one is the lower, the slow "
        "operations came just after a change of turns: raw figures leave those out, for the caches are cold there."
    )
    return Section("tails", "Tails: raw and reproducible", lead, [picture])
