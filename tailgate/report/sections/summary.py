"""The summary: what to know first, and the best of each path in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tailgate.documents.bench import P50, P99
from tailgate.report.blocks import Block, Card, Cards, Section, TableBlock, Tag, Text
from tailgate.results.bench_report import LABELS, budget_table, ladder_cells, opening_note, versus_text
from tailgate.results.table import Table, advisory_note, duration, marked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tailgate.documents.bench import Spending
    from tailgate.report.curves import Curves


def summary_section(
    cards: Sequence[Card],
    groups: Mapping[str, Sequence[Curves]],
    spent: Sequence[Spending],
    unread: Sequence[str] = (),
) -> Section:
    """Put verdicts first, then the fastest implementation of each group, then what is left of the budgets."""
    said = [*cards, *_budget_cards(spent)]
    blocks: list[Block] = [Cards(tuple(said))] if said else []
    rows, tags, fastest = [], [], []
    for title, members in groups.items():
        best = min((each.figures for each in members), key=lambda each: each.raw[P99])
        values = ladder_cells(best.raw, best.advisory)
        reproducible = marked(duration(best.reproducible[P99]), advisory=best.advisory[P99])
        rows.append((title, best.implementation, *values, reproducible, *(versus_text(best, p) for p in (P50, P99))))
        tags.append(Tag(best.path))
        fastest.append(best)
    if rows:
        columns = ("path", "fastest at p99", *LABELS, "reproducible p99", "vs bottleneck p50", "vs bottleneck p99")
        versus_note = (
            "vs bottleneck: how many times as fast, block by block; in brackets the least and the greatest block"
        )
        notes = (*advisory_note(rows), *opening_note(fastest), versus_note)
        blocks.append(TableBlock(Table("The fastest of each path", columns, tuple(rows), notes), tuple(tags)))
    if spent:
        blocks.append(TableBlock(budget_table(spent), tuple(Tag(each.name.partition("/")[0]) for each in spent)))
    if unread:
        blocks.append(Text(tuple(f"left out: {line}" for line in unread), "list"))
    return Section("summary", "Summary", "", blocks)


def _budget_cards(spent: Sequence[Spending]) -> list[Card]:
    broken = [each.name for each in spent if each.broken]
    if broken:
        return [Card("Budgets of this run", "broken", ", ".join(broken), "bad", "#summary")]
    return [Card("Budgets of this run", "kept", f"all {len(spent)} at p99", "good", "#summary")] if spent else []


def bench_cards(groups: Mapping[str, Sequence[Curves]]) -> list[Card]:
    """Say how the recommended pipeline does, against the bottleneck one."""
    cards = []
    for each in (each.figures for each in groups.get("pipeline", ()) if each.figures.role == "recommended"):
        raw = ladder_cells(each.raw, each.advisory)
        reproducible = marked(duration(each.reproducible[P99]), advisory=each.advisory[P99])
        detail = f"p50 {raw[P50]}; reproducible p99 {reproducible}"
        detail += f"; {versus_text(each, P99)} against the bottleneck" if each.versus else ""
        cards.append(Card("Pipeline, p99", raw[P99], detail, "plain", "#percentiles"))
    return cards
