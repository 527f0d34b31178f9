"""The summary: what to know first, and the best of each path in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.blocks import Block, Card, Cards, Section, TableBlock, Tag, Text
from tailgate.results.budgets import budget_table
from tailgate.results.percentiles import LABELS, opening_note, ratio_text
from tailgate.results.table import Table, advisory_note, duration, marked
from tailgate.statistics.quantiles import LADDER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reports.curves import Curves
    from tailgate.results.budgets import Spending

_P50, _P99 = LADDER.index(0.5), LADDER.index(0.99)


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
        best = min(members, key=lambda each: each.figures.raw[_P99])
        base = next((each for each in members if each.result.role == "bottleneck"), None)
        versus = [_versus(best, base, place) for place in (_P50, _P99)]
        known = best.figures
        values = (marked(duration(ns), advisory=few) for ns, few in zip(known.raw, known.advisory, strict=True))
        reproducible = marked(duration(known.reproducible[_P99]), advisory=known.advisory[_P99])
        rows.append((title, best.result.implementation, *values, reproducible, *versus))
        tags.append(Tag(best.result.path))
        fastest.append(best.result)
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
    for each in groups.get("pipeline", ()):
        if each.result.role != "recommended":
            continue
        base = next((other for other in groups["pipeline"] if other.result.role == "bottleneck"), None)
        versus = _versus(each, base, _P99)
        reproducible = marked(duration(each.figures.reproducible[_P99]), advisory=each.figures.advisory[_P99])
        detail = f"p50 {duration(each.figures.raw[_P50])}; reproducible p99 {reproducible}"
        detail += f"; {versus} against the bottleneck" if base else ""
        value = ("~" if each.figures.advisory[_P99] else "") + duration(each.figures.raw[_P99])
        cards.append(Card("Pipeline, p99", value, detail, "plain", "#percentiles"))
    return cards


def _versus(best: Curves, base: Curves | None, place: int) -> str:
    return ratio_text(best.result, base.result if base else None, place)
