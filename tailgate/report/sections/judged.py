"""What was judged: a duel's shift function, and the verdict of a gate."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from tailgate.documents.explanation import sentences
from tailgate.report.blocks import Block, Card, Ends, Ranges, Section, Span, TableBlock, Tag, Text, Tone
from tailgate.report.scale import Tick
from tailgate.report.shift import ends_of
from tailgate.results.bisect_report import bisect_lines, bisect_table, candidates
from tailgate.results.calibration_report import calibration_tables
from tailgate.results.duel_report import duel_sentence, duel_table
from tailgate.results.gate_report import count_table, explained, gate_table, remarks
from tailgate.results.table import marked
from tailgate.statistics.estimate import ratio_percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailgate.documents.bisection import Bisection
    from tailgate.documents.calibration import Calibration
    from tailgate.documents.comparison import Shift
    from tailgate.documents.duel import DuelDocument
    from tailgate.documents.gate import GateDocument

    Named = tuple[str, Shift, bool]  # a figure's name, its shift, and whether it is advisory

_TONES: Final[dict[str, Tone]] = {
    "PASS": "good",
    "REGRESSION": "bad",
    "UNDECIDED": "doubtful",
    "UNFIT": "doubtful",
    "ERROR": "bad",
    "faster": "good",
    "slower": "bad",
    "undecided": "doubtful",
    "found": "bad",
    "several": "bad",
    "slow rise": "doubtful",
    "none": "good",
}


def duel_section(duel: DuelDocument) -> Section:
    """Draw one duel."""
    shift = duel.primary.shift
    title = f"Duel: {duel.head} against {duel.base}"
    detail = f"{shift.percent} {shift.interval} at the reproducible p99"
    card = Card(title, duel.verdict, detail, tone(duel.verdict), "#duel")
    table = TableBlock(duel_table(duel), folded=True)
    figures = [(each.name, each.shift, each.advisory) for each in duel.figures]
    picture = shift_ranges("Shift of each percentile, with its interval", figures, table)
    return Section("duel", title, f"{duel_sentence(duel)}.", [picture], cards=(card,))


def gate_section(gate: GateDocument) -> Section:
    """Draw a gate's verdict."""
    table = TableBlock(gate_table(gate))
    figures = [
        (marked(f"{trial.name}, {kind}", advisory=figure.advisory), figure.shift, figure.advisory)
        for trial in gate.benchmarks
        for kind, figure in trial.figures.items()
    ]
    detail = f"{gate.head} against {gate.base}, margin {100 * gate.margin:g} %"
    blocks: list[Block] = [shift_ranges(f"Gate: {detail}", figures, table) if figures else table]
    if counts := count_table(gate):
        blocks.append(TableBlock(counts))
    blocks.append(Text(tuple(remarks(gate)), "list"))
    blocks += [Text(lines, "list") for lines in explained(gate)]
    lead = f"{gate.sentence}. {detail}; {gate.seconds:.0f} s, Python {gate.python}."
    return Section(
        "gate", "Gate", lead, blocks, cards=(Card("Gate", gate.verdict, detail, tone(gate.verdict), "#gate"),)
    )


def bisection_section(told: Bisection) -> Section:
    """Draw a bisection: the shift of each candidate, then what is guilty, open or skipped, and why."""
    title = f"Bisection of {told.benchmark}"
    lines = bisect_lines(told)
    card = Card(title, told.verdict, lines[0] if lines else "", tone(told.verdict), "#bisection")
    table = TableBlock(bisect_table(told))
    measured = [each for each in candidates(told) if each.shift is not None]
    figures = [(f"{each.commit.short} {each.commit.title[:30]}", each.shift, False) for each in measured if each.shift]
    name = (
        f"Shift of the p{100 * told.percentile:g} of each candidate against the first of its round, with its interval"
    )
    blocks: list[Block] = [shift_ranges(name, figures, table) if figures else table]
    blocks += [Text(tuple(lines), "list")] if lines else []
    blocks += [Text(tuple(sentences(each)), "list") for each in told.explanations]
    lead = f"{len(told.commits) - 1} commits, {len(told.rounds)} rounds in {told.seconds:.0f} s: {told.verdict}."
    return Section("bisection", title, lead, blocks, cards=(card,))


def calibration_section(found: Calibration) -> Section:
    """Draw how often the gate was right."""
    tables = [TableBlock(table) for each in found.recordings for table in calibration_tables(each)]
    lead = f"Whole gates on recorded blocks with known slowdowns: {found.command}, {found.machine}."
    return Section("calibration", "Calibration of the gate", lead, tables)


def shift_ranges(title: str, figures: Sequence[Named], table: TableBlock) -> Ranges:
    """Draw shifts with their intervals around no difference."""
    ticks, scale = _percent_axis([shift for _, shift, _ in figures])
    rows = tuple(_span(name, shift, scale, advisory=few) for name, shift, few in figures)
    said = "Shift of each percentile in percent with its interval."
    return Ranges(title, said, ticks, rows, (), scale(0.0), (table,))


def _span(name: str, shift: Shift, scale: Any, *, advisory: bool) -> Span:
    marks = ((scale(shift.log_ratio), "\u25c7" if advisory else "\u25c6", shift.percent),)
    low, high = (-math.inf if shift.low is None else shift.low), (math.inf if shift.high is None else shift.high)
    seen: Tone = "bad" if low > 0 else "good" if high < 0 else "plain"
    ends: Ends = "open" if shift.low is None or shift.high is None else "closed"
    says = f"{shift.percent} {shift.interval}"
    return Span(name, Tag(), scale(low), scale(high), marks, says, seen, ends=ends)


def _percent_axis(shifts: Sequence[Shift]) -> tuple[tuple[Tick, ...], Any]:
    ends = ends_of(shifts)
    reach = max(0.01, *(abs(end) for end in ends)) * 1.1
    low, high = min(-0.01, *ends) - 0.05 * reach, max(0.01, *ends) + 0.05 * reach

    def scale(value: float) -> float:
        return min(max((value - low) / (high - low), 0.0), 1.0)

    steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10000]
    span = ratio_percent(high) - ratio_percent(low)
    step = next((each for each in steps if span / each <= 7), 10000)
    first = math.ceil(ratio_percent(low) / step)
    values = [first * step + step * i for i in range(12)]
    return tuple(
        Tick(scale(math.log1p(v / 100)), f"{v:+d} %" if v else "0") for v in values if -100 < v <= ratio_percent(high)
    ), scale


def tone(verdict: object) -> Tone:
    """Return how a verdict is coloured."""
    return _TONES.get(str(verdict), "plain")
