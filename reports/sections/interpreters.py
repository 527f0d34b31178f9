"""Builds of the interpreter: how many times as fast each is as the first, from the blocks of a league."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from documents.interpreters import compared_table, precisely
from tailgate.report.blocks import Block, Ranges, Section, Span, TableBlock, Tag
from tailgate.report.scale import Tick

if TYPE_CHECKING:
    from collections.abc import Callable

    from documents.interpreters import Compared, Interpreters
    from documents.times import Times


def interpreters_section(of: Interpreters) -> Section:
    """Draw each comparison: a benchmark on a tape."""
    blocks: list[Block] = [_compared(each) for each in of.compared]
    lead = (
        "Builds compared in the same blocks, in lockstep. A held-out tape stands beside the one that training ran on; "
        "the twin is the base once more, and shows what two processes of one build differ by."
    )
    return Section("interpreters", "Interpreters", lead, blocks)


def _compared(of: Compared) -> Ranges:
    every = [times for each in of.times.values() for times in each]
    ends = [math.log(end) for each in every for end in (each.times, each.low, each.high) if end]
    low, high = min([*ends, -0.02]) - 0.02, max([*ends, 0.02]) + 0.02

    def at(times: float) -> float:
        return (min(max(math.log(times), low), high) - low) / (high - low)

    spans = tuple(_span(side, p50, p99, at) for side, (p50, p99, _) in of.times.items())
    step = next((s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0) if (math.exp(high) - math.exp(low)) / s <= 8), 2.0)
    values = [round(step * number, 2) for number in range(1, 400)]
    ticks = tuple(Tick(at(value), f"{value:g}x") for value in values if low <= math.log(value) <= high)
    legend = (("\u25c6", "p99 reproducible, with its 95 % interval"), ("\u25cb", "p50"))
    table = TableBlock(compared_table(of))
    description = f"How many times as fast each build is as {of.base}."
    return Ranges(of.heading, description, ticks, spans, legend, at(1.0), (table,))


def _span(side: str, p50: Times, p99: Times, at: Callable[[float], float]) -> Span:
    texts = [f"p50 {precisely(p50)}", f"p99 {precisely(p99)}"]
    marks = ((at(p50.times), "\u25cb", texts[0]), (at(p99.times), "\u25c6", texts[1]))
    low, high = 0.0 if p99.low is None else at(p99.low), 1.0 if p99.high is None else at(p99.high)
    return Span(side, Tag(), low, high, marks, texts[1], ends="open" if None in {p99.low, p99.high} else "closed")
