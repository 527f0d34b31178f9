"""Where the time of an operation goes: the stages of the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tailgate.report.blocks import Bar, Bars, Part, Section, TableBlock
from tailgate.report.sections.percentiles import tag_of
from tailgate.results.bench_report import stage_table
from tailgate.results.table import duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailgate.documents.bench import BenchFigures


def stages_section(results: Sequence[BenchFigures]) -> Section | None:
    """Draw a bar for each benchmark that is split by stage; None where none is."""
    split = [each for each in results if each.stages]
    table = stage_table(split)
    if table is None:
        return None
    order = {stage: place for place, stage in enumerate(dict.fromkeys(s.stage for each in split for s in each.stages))}
    tags = tuple(tag_of(each) for each in split for _ in each.stages)
    bars = Bars(
        "Mean time by stage",
        "For each composition the mean duration of an operation, divided into the shares of its stages.",
        tuple(_bar(each, order) for each in split),
        (TableBlock(table, tags, folded=True),),
    )
    lead = (
        "Each stage is timed inside the pipeline by two more reads of the clock, so the whole is a little slower than "
        "in the percentiles above. Bars have one length; what the whole takes stands beside the name."
    )
    return Section("stages", "Stages: where the time goes", lead, [bars])


def share_of(share: float) -> str:
    """Return a share in percent; less than one is said to be that."""
    return f"{100 * share:.0f} %" if share >= 0.005 else "<1 %"


def _bar(figures: BenchFigures, order: dict[str, int]) -> Bar:
    whole = sum(each.mean_ns for each in figures.stages) or 1.0
    parts = [
        Part(
            each.stage,
            order[each.stage],
            each.mean_ns / whole,
            f"{duration(each.mean_ns)}, {share_of(each.mean_ns / whole)}",
        )
        for each in figures.stages
    ]
    parts.sort(key=lambda part: -part.share)
    return Bar(figures.name, tag_of(figures), duration(whole), tuple(parts))
