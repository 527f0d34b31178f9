"""The wire: latency against rate, from the intended time, and what the runs say of themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from documents.wire.summary import P50, P99
from documents.wire.tables import LEAD, wire_tables
from tailgate.report.blocks import Block, Card, Chart, Line, Section, Series, TableBlock, Tag
from tailgate.report.scale import LogScale, Tick, log_scale, tick_duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from documents.wire.document import Wire
    from documents.wire.summary import Summary


def wire_section(wire: Wire) -> Section:
    """Draw latency against rate for each composition, where a run counts; then every table."""
    drawn = [each for each in wire.summaries if each.spec.purpose == "measure" and each.counts]
    blocks: list[Block] = [_chart(drawn)] if drawn else []
    blocks += [TableBlock(table) for table in wire_tables(wire)]
    lead = f"{LEAD} Measured by {wire.command}: {', '.join(wire.machine.values())}."
    return Section("wire", "Wire: latency against rate", lead, blocks, cards=tuple(_cards(wire)))


def _cards(wire: Wire) -> list[Card]:
    """Say how many claims hold, and which do not."""
    rest = [f"{each.claim}: {each.holds}, {each.measured}" for each in wire.claims if each.holds != "yes"]
    held = f"{len(wire.claims) - len(rest)} of {len(wire.claims)}"
    return [Card("Wire: claims that hold", held, "; ".join(rest), "plain", "#wire")] if wire.claims else []


def _chart(drawn: Sequence[Summary]) -> Chart:
    by_name: dict[str, list[Summary]] = {}
    for each in sorted(drawn, key=lambda one: one.spec.rate):
        by_name.setdefault(each.spec.composition.name, []).append(each)
    rates = sorted({each.spec.rate for each in drawn})
    across = log_scale(rates, margin=1.1)
    up = log_scale([each.latency.ns[place] for each in drawn for place in (P50, P99)])
    stops = tuple(Tick(across.at(rate), f"{rate:,.0f} frames/s") for rate in rates)
    series = tuple(_series(name, each, n, rates, (across, up)) for n, (name, each) in enumerate(by_name.items()))
    return Chart(
        "wire-rates",
        "Latency against rate",
        f"p99 (solid) and p50 (dashed) from the intended time, by the rate offered, of {len(by_name)} compositions.",
        "frames a second",
        "latency from the intended time: p99 solid, p50 dashed",
        _rate_ticks(across, rates),
        up.ticks(tick_duration),
        series,
        stops,
    )


def _rate_ticks(across: LogScale, rates: Sequence[float]) -> tuple[Tick, ...]:
    """Label the rates, leaving out those whose labels would touch the one before."""
    ticks: list[Tick] = []
    for rate in rates:
        if not ticks or across.at(rate) - ticks[-1].at > 0.07:
            ticks.append(Tick(across.at(rate), f"{rate:,.0f}"))
    return tuple(ticks)


def _series(
    name: str, each: Sequence[Summary], place: int, rates: Sequence[float], scales: tuple[LogScale, LogScale]
) -> Series:
    across, up = scales
    by_rate: Mapping[float, Summary] = {one.spec.rate: one for one in each}

    def line(of: int) -> tuple[tuple[float, float], ...]:
        return tuple((across.at(rate), up.at(one.latency.ns[of])) for rate, one in by_rate.items())

    def readings(of: int) -> tuple[str, ...]:
        return tuple(_told(by_rate[rate], of) if rate in by_rate else "" for rate in rates)

    return Series(
        name,
        Tag(),
        place,
        (Line("p99", "solid", line(P99)), Line("p50", "dashed", line(P50))),
        line(P99),
        f"p99 {_told(each[0], P99)} at {each[0].spec.rate:,.0f}/s",
        {"p50": readings(P50), "p99": readings(P99)},
    )


def _told(of: Summary, place: int) -> str:
    failed = f", {of.failed} of {of.runs} runs failed" if of.failed else ""
    return f"{of.latency.micros(place)} µs{failed}"
