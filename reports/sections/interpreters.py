"""Builds of the interpreter: how many times as fast each is as the first, from the blocks of a league."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from reports.blocks import Block, Ends, Ranges, Section, Span, TableBlock, Tag
from reports.scale import Tick
from tailgate.results.table import Table
from tailgate.statistics.quantiles import LADDER
from tailgate.statistics.shift import log_ratios
from tailgate.statistics.sign_flip import hodges_lehmann, sign_flip_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIDENCE: Final = 0.95
_FIGURES: Final = (("reproducible", 0.5), ("reproducible", 0.99), ("raw", 0.99))


def interpreters_section(leagues: Mapping[str, Any]) -> Section:
    """Draw each league: a benchmark on a tape."""
    blocks: list[Block] = [_league(title, league) for title, league in leagues.items()]
    lead = (
        "Builds compared in the same blocks, in lockstep. A held-out tape stands beside the one that training ran on; "
        "the twin is the base once more, and shows what two processes of one build differ by."
    )
    return Section("interpreters", "Interpreters", lead, blocks)


def _league(title: str, league: Mapping[str, Any]) -> Ranges:
    rows = league["series"]["rows"]
    base = league["base"]
    sides = [side for side in rows["raw"] if side != base]
    found = {side: [_times(rows[kind], base, side, p) for kind, p in _FIGURES] for side in sides}
    ends = [math.log(end) for each in found.values() for times in each for end in times if 0 < end < math.inf]
    low, high = min([*ends, -0.02]) - 0.02, max([*ends, 0.02]) + 0.02

    def at(times: float) -> float:
        return (min(max(math.log(times), low), high) - low) / (high - low) if times > 0 else 0.0

    spans = tuple(_span(side, each, at) for side, each in found.items())
    step = next((s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0) if (math.exp(high) - math.exp(low)) / s <= 8), 2.0)
    values = [round(step * number, 2) for number in range(1, 400)]
    ticks = tuple(Tick(at(value), f"{value:g}x") for value in values if low <= math.log(value) <= high)
    names = ("p50 reproducible", "p99 reproducible", "p99 raw")
    cells = tuple((side, *(_text(times) for times in each)) for side, each in found.items())
    notes = tuple(f"{name}: unavailable: {why}" for name, why in league["unavailable"].items())
    table = Table(f"{title}: times as fast as {base}", ("build", *names), cells, notes)
    legend = (("\u25c6", "p99 reproducible, with its 95 % interval"), ("\u25cb", "p50"))
    description = f"How many times as fast each build is as {base}."
    return Ranges(f"{title}: times as fast as {base}", description, ticks, spans, legend, at(1.0), (TableBlock(table),))


def _span(side: str, each: list[tuple[float, float, float]], at: Any) -> Span:
    p50, p99, _ = each
    marks = ((at(p50[0]), "\u25cb", f"p50 {_text(p50)}"), (at(p99[0]), "\u25c6", f"p99 {_text(p99)}"))
    high = at(p99[2]) if math.isfinite(p99[2]) else 1.0
    ends: Ends = "closed" if p99[1] > 0 and math.isfinite(p99[2]) else "open"
    return Span(side, Tag(), at(p99[1]), high, marks, f"p99 {_text(p99)}", ends=ends)


def _times(rows: Mapping[str, Any], base: str, side: str, p: float) -> tuple[float, float, float]:
    column = LADDER.index(p)
    d = log_ratios([row[column] for row in rows[side]], [row[column] for row in rows[base]])
    low, high = sign_flip_interval(d, 1 - CONFIDENCE)
    return math.exp(hodges_lehmann(d)), math.exp(low), math.exp(high)


def _text(times: tuple[float, float, float]) -> str:
    low, high = (f"{end:.3f}" if 0 < end < math.inf else "open" for end in times[1:])
    return f"{times[0]:.3f}x [{low}, {high}]"
