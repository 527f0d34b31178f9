"""The ledger on the page: promised beside measured, phases, priorities, budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.blocks import Block, Card, Ends, Ranges, Section, Span, TableBlock, Tag, Text, Tone
from reports.ledger import Ledger, Row, moment, tally
from reports.ledger_tables import budgets_table, cumulated_table, factor, matrix_table, rows_table, shown
from reports.scale import LogScale, log_scale, tick_times
from tailgate.results.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reports.ledger import Cumulated, Priority, Times

_TONES: Final[dict[str, Tone]] = {
    "kept": "good",
    "exceeded": "good",
    "not kept": "bad",
    "not measurable here": "plain",
}
_P99: Final = ("\u25c6", "p99, with its interval")
_P50: Final = ("\u25cb", "p50")
_BAND: Final = ("\u25ac", "promised")


def ledger_section(ledger: Ledger) -> Section:
    """Tell the whole ledger."""
    blocks: list[Block] = [_rows(ledger.rows)]
    if ledger.cumulated:
        blocks.append(_cumulated(ledger.cumulated))
    if ledger.matrix:
        blocks.append(_matrix(ledger.matrix, {row.id: row.mend for row in ledger.rows}))
    if ledger.budgets:
        blocks.append(TableBlock(budgets_table(ledger.budgets)))
    if ledger.notes:
        blocks.append(Text(ledger.notes, "list"))
    machine = Table("Where the ledger was measured", ("fact", "value"), tuple(ledger.machine.items()))
    blocks.append(TableBlock(machine, folded=True))
    lead = (
        f"Each mend against its bottleneck, in lockstep: how many times as fast, beside what was promised. "
        f"{tally(ledger)}. Measured on {moment(ledger.date)} in {ledger.seconds / 60:.0f} min by {ledger.command}."
    )
    return Section("ledger", "Ledger: promised and measured", lead, blocks, cards=tuple(_cards(ledger)))


def _cards(ledger: Ledger) -> list[Card]:
    verdicts = {row.id: row.verdict for row in reversed(ledger.rows)}.values()
    judged = [verdict for verdict in verdicts if verdict != "not measurable here"]
    good = sum(verdict != "not kept" for verdict in judged)
    cards = [Card("Ledger: promises kept", f"{good} of {len(judged)}", tally(ledger), "plain", "#ledger")]
    broken = [each.what for each in ledger.budgets if each.p99_us > each.budget_us]
    if ledger.budgets:
        detail = ", ".join(broken) if broken else f"all {len(ledger.budgets)} at p99"
        cards.append(Card("Budgets", "broken" if broken else "kept", detail, "bad" if broken else "good", "#ledger"))
    return cards


def _scale(times: Sequence[Times | None], more: Sequence[float] = ()) -> LogScale:
    ends = [end for each in times if each for end in (each.times, each.low, each.high) if end]
    return log_scale([*ends, *more, 1.0])


def _rows(rows: Sequence[Row]) -> Ranges:
    promises = [end for row in rows if row.promised_times for end in row.promised_times]
    scale = _scale([t for row in rows for t in (row.p50, row.p99)], promises)
    firsts = {row.id: row for row in reversed(rows)}
    spans = tuple(_row(row, scale, name_of(row, first=row is firsts[row.id])) for row in rows)
    return Ranges(
        "How many times as fast the mend is",
        "For each mend the measured gain at p99 with its interval and at p50, over the promised range.",
        scale.ticks(tick_times),
        spans,
        (_P99, _P50, _BAND),
        scale.at(1.0),
        (TableBlock(rows_table(rows), folded=True),),
    )


def name_of(row: Row, *, first: bool) -> str:
    """Name a row: the first of an id by its mend, the others by where, and by what was measured there and how."""
    if first:
        return f"{row.id} {row.mend}"
    base, _, head = row.benchmark.rpartition("\u2192")
    side = head.strip().removeprefix("pipeline/recommended").strip()
    how = base.rpartition(": ")[0]  # 4 threads, free-threaded: locked
    return f"{row.id} {row.where}" + (f": {side}" if side else "") + (f", {how}" if how else "")


def _row(row: Row, scale: LogScale, name: str) -> Span:
    low, high = _ends(row.p99, scale)
    promise = row.promised_times
    band = (scale.at(promise[0]), scale.at(promise[1])) if promise else None
    found = f"{shown(row.p99)}, " if row.p99 else ""
    text = f"{found}{row.verdict}" + (f" (promised {row.promised})" if row.promised else "")
    if row.promised and not promise and row.why:  # judged by another figure than the one that is drawn
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
            f"promised {row.promised}" if row.promised else "",
            ends=_openness(row.p99),
        )
        for row in rows
    )
    table = TableBlock(cumulated_table(rows))
    description = "The gain of the whole pipeline with all mends up to each phase."
    title = "Phase upon phase, the whole pipeline"
    return Ranges(title, description, scale.ticks(tick_times), spans, (_P99, _P50), scale.at(1.0), (table,))


def _matrix(rows: Sequence[Priority], mends: Mapping[str, str]) -> Ranges:
    scale = _scale([t for row in rows for t in (row.only_missing, row.only_made)])
    ordered = sorted(rows, key=lambda row: -(row.only_made.times if row.only_made else 0.0))
    spans = tuple(_priority(row, mends, scale) for row in ordered)
    legend = (("\u25c6", "the only one made, with its interval"), ("\u25cb", "the only one missing"))
    title = "Priorities as measured: the gain in the end-to-end p99"
    table = TableBlock(matrix_table(rows))
    description = (
        "For each mend the gain in the end-to-end p99 when it is the only one made, and when the only one missing."
    )
    return Ranges(title, description, scale.ticks(tick_times), spans, legend, scale.at(1.0), (table,))


def _priority(row: Priority, mends: Mapping[str, str], scale: LogScale) -> Span:
    marks = []
    if row.only_missing:
        marks.append((scale.at(row.only_missing.times), "\u25cb", f"the only one missing {shown(row.only_missing)}"))
    if row.only_made:
        marks.append((scale.at(row.only_made.times), "\u25c6", f"the only one made {shown(row.only_made)}"))
    text = factor(row.only_made.times) if row.only_made else "not measured"
    name = f"{row.mend} {mends.get(row.mend, '')}".strip()
    low, high = _ends(row.only_made, scale)
    return Span(name, Tag(), low, high, tuple(marks), text, ends=_openness(row.only_made))
