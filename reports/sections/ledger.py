"""The ledger on the page: claimed beside measured, phases, priorities, budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from documents.times import factor, shown
from reports.ledger_tables import cumulated_table, matrix_table, rows_table
from tailgate.report.blocks import Block, Card, Ends, Ranges, Section, Span, TableBlock, Tag, Text, Tone
from tailgate.report.scale import LogScale, log_scale, tick_times
from tailgate.results.bench_report import budget_table
from tailgate.results.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from documents.ledger import Cumulated, Ledger, Priority, Row
    from documents.times import Times

_TONES: Final[dict[str, Tone]] = {
    "met": "good",
    "exceeded": "good",
    "not met": "bad",
    "not measurable here": "plain",
}
_P99: Final = ("\u25c6", "p99, with its interval")
_P50: Final = ("\u25cb", "p50")
_BAND: Final = ("\u25ac", "claimed")


def ledger_section(ledger: Ledger) -> Section:
    """Tell the whole ledger."""
    blocks: list[Block] = [_rows(ledger)]
    if ledger.cumulated:
        blocks.append(_cumulated(ledger.cumulated))
    if ledger.matrix:
        blocks.append(_matrix(ledger))
    if ledger.budgets:
        blocks.append(TableBlock(budget_table(ledger.budgets)))
    if ledger.notes:
        blocks.append(Text(ledger.notes, "list"))
    machine = Table("Where the ledger was measured", ("fact", "value"), tuple(ledger.machine.items()))
    blocks.append(TableBlock(machine, folded=True))
    lead = (
        f"Each fix against its bottleneck, in lockstep: how many times as fast, beside what was claimed. "
        f"{ledger.tally}. Measured on {ledger.when:%Y-%m-%d %H:%M} UTC in {ledger.seconds / 60:.0f} min by "
        f"{ledger.command}."
    )
    return Section("ledger", "Ledger: claimed and measured", lead, blocks, cards=tuple(_cards(ledger)))


def _cards(ledger: Ledger) -> list[Card]:
    judged = ledger.counted.total() - ledger.counted["not measurable here"]
    good = ledger.counted["met"] + ledger.counted["exceeded"]
    cards = [Card("Ledger: claims met", f"{good} of {judged}", ledger.tally, "plain", "#ledger")]
    if ledger.budgets:
        detail = ", ".join(ledger.broken) or f"all {len(ledger.budgets)} at p99"
        broken = bool(ledger.broken)
        cards.append(Card("Budgets", "broken" if broken else "kept", detail, "bad" if broken else "good", "#ledger"))
    return cards


def _scale(times: Sequence[Times | None], more: Sequence[float] = ()) -> LogScale:
    ends = [end for each in times if each for end in (each.times, each.low, each.high) if end]
    return log_scale([*ends, *more, 1.0])


def _rows(ledger: Ledger) -> Ranges:
    rows = ledger.rows
    claims = [end for row in rows if row.claimed_times for end in row.claimed_times]
    scale = _scale([t for row in rows for t in (row.p50, row.p99)], claims)
    firsts = ledger.firsts.values()
    spans = tuple(_row(row, scale, name_of(row, first=any(row is each for each in firsts))) for row in rows)
    return Ranges(
        "How many times as fast the fix is",
        "For each fix the measured gain at p99 with its interval and at p50, over the claimed range.",
        scale.ticks(tick_times),
        spans,
        (_P99, _P50, _BAND),
        scale.at(1.0),
        (TableBlock(rows_table(rows), folded=True),),
    )


def name_of(row: Row, *, first: bool) -> str:
    """Name a row: the first of an id by its fix, the others by where, and by what was measured there and how."""
    if first:
        return f"{row.id} {row.fix}"
    base, _, head = row.benchmark.rpartition("\u2192")
    side = head.strip().removeprefix("pipeline/recommended").strip()
    how = base.rpartition(": ")[0]  # 4 threads, free-threaded: locked
    return f"{row.id} {row.where}" + (f": {side}" if side else "") + (f", {how}" if how else "")


def _row(row: Row, scale: LogScale, name: str) -> Span:
    low, high = _ends(row.p99, scale)
    claim = row.claimed_times
    band = (scale.at(claim[0]), scale.at(claim[1])) if claim else None
    found = f"{shown(row.p99)}, " if row.p99 else ""
    text = f"{found}{row.verdict}" + (f" (claimed {row.claimed})" if row.claimed else "")
    if row.claimed and not claim and row.why:  # judged by another figure than the one that is drawn
        text += f": {row.why}"
    marks = _marks(row.p50, row.p99, scale)
    return Span(name, Tag(), low, high, marks, text, _TONES[row.verdict], band, _openness(row.p99))


def _openness(times: Times | None) -> Ends:
    return "open" if times and (times.low is None or times.high is None) else "closed"


def _marks(p50: Times | None, p99: Times | None, scale: LogScale) -> tuple[tuple[float, str, str], ...]:
    marks = []
    if p50:
        marks.append((scale.at(p50.times), _P50[0], f"p50 {shown(p50)}"))
    if p99:
        marks.append((scale.at(p99.times), _P99[0], f"p99 {shown(p99)}"))
    return tuple(marks)


def _ends(times: Times | None, scale: LogScale) -> tuple[float | None, float | None]:
    if times is None:
        return None, None
    return scale.at(times.low or scale.low), scale.at(times.high or scale.high)


def _cumulated(rows: Sequence[Cumulated]) -> Ranges:
    scale = _scale([t for row in rows for t in (row.p50, row.p99)])
    spans = tuple(
        Span(
            row.phase,
            Tag(),
            *_ends(row.p99, scale),
            _marks(row.p50, row.p99, scale),
            f"claimed {row.claimed}" if row.claimed else "",
            ends=_openness(row.p99),
        )
        for row in rows
    )
    table = TableBlock(cumulated_table(rows))
    description = "The gain of the whole pipeline with all fixes up to each phase."
    title = "Phase upon phase, the whole pipeline"
    return Ranges(title, description, scale.ticks(tick_times), spans, (_P99, _P50), scale.at(1.0), (table,))


def _matrix(ledger: Ledger) -> Ranges:
    scale = _scale([t for row in ledger.matrix for t in (row.only_missing, row.only_made)])
    fixes = {row.id: row.fix for row in ledger.rows}
    spans = tuple(_priority(row, fixes, scale) for row in ledger.priorities)
    legend = (("\u25c6", "the only one made, with its interval"), ("\u25cb", "the only one missing"))
    title = "Priorities as measured: the gain in the end-to-end p99"
    table = TableBlock(matrix_table(ledger))
    description = (
        "For each fix the gain in the end-to-end p99 when it is the only one made, and when the only one missing."
    )
    return Ranges(title, description, scale.ticks(tick_times), spans, legend, scale.at(1.0), (table,))


def _priority(row: Priority, fixes: Mapping[str, str], scale: LogScale) -> Span:
    marks = []
    if row.only_missing:
        marks.append((scale.at(row.only_missing.times), "\u25cb", f"the only one missing {shown(row.only_missing)}"))
    if row.only_made:
        marks.append((scale.at(row.only_made.times), "\u25c6", f"the only one made {shown(row.only_made)}"))
    text = factor(row.only_made.times) if row.only_made else "not measured"
    name = f"{row.id} {fixes.get(row.id, '')}".strip()
    low, high = _ends(row.only_made, scale)
    return Span(name, Tag(), low, high, tuple(marks), text, ends=_openness(row.only_made))
