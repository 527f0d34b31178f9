"""The wire: latency against rate, from the intended time, and what each run says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reports.blocks import Block, Chart, Line, Section, Series, TableBlock, Tag, Text
from reports.scale import LogScale, Tick, log_scale, tick_duration
from tailgate.results import histogram
from tailgate.results.table import Table, duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PERCENTS: Final = (50.0, 90.0, 99.0, 99.9, 100.0)
_NAMES: Final = ("p50", "p90", "p99", "p99.9", "max")
_P50: Final = 0
_P99: Final = 2

Run = dict[str, Any]


def wire_section(wire: Mapping[str, Any]) -> Section:
    """Draw latency against rate for each composition; failed runs are kept and named."""
    runs = [_run(each) for each in wire["runs"]]
    blocks: list[Block] = []
    if best := _best(runs):
        blocks.append(_chart(best, runs))
    if wire["capacities"]:
        blocks.append(TableBlock(_capacities(wire["capacities"])))
    failed = tuple(
        f"{run['name']} at {run['rate']:,.0f}/s failed: {'; '.join(run['failures'])}" for run in runs if run["failures"]
    )
    if failed:
        blocks.append(Text(failed, "list"))
    conditions = ", ".join(str(value) for value in wire["conditions"].values())
    lead = (
        "Latency runs from the intended sending of a frame to the end of its handling, so a stall is charged to every "
        f"frame it delayed. Of several runs at a rate the one with the least p99 is drawn. {conditions}."
    )
    return Section("wire", "Wire: latency against rate", lead, blocks)


def _run(plain: Mapping[str, Any]) -> Run:
    of = histogram.decode(plain["client"]["latency"])
    return {
        "name": plain["spec"]["composition"]["name"],
        "rate": float(plain["spec"]["rate"]),
        "offered": float(plain["offered_rate"]),
        "achieved": float(plain["achieved_rate"]),
        "lost": plain["lost"],
        "failures": plain["failures"],
        "ns": [float(ns) for ns in histogram.percentiles(of, _PERCENTS)],
        "count": histogram.count(of),
    }


def _best(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """Give, by composition and ascending rate, the run with the least p99 among those that did not fail."""
    found: dict[tuple[str, float], Run] = {}
    for run in runs:
        key = run["name"], run["rate"]
        if not run["failures"] and run["count"] and (key not in found or run["ns"][_P99] < found[key]["ns"][_P99]):
            found[key] = run
    by_name: dict[str, list[Run]] = {}
    for (name, _), run in sorted(found.items(), key=lambda item: item[0][1]):
        by_name.setdefault(name, []).append(run)
    return by_name


def _chart(best: Mapping[str, list[Run]], runs: Sequence[Run]) -> Chart:
    rates = sorted({run["rate"] for each in best.values() for run in each})
    across = log_scale(rates, margin=1.1)
    up = log_scale([run["ns"][place] for each in best.values() for run in each for place in (_P50, _P99)])
    stops = tuple(Tick(across.at(rate), f"{rate:,.0f} frames/s") for rate in rates)
    series = tuple(_series(name, each, place, rates, (across, up)) for place, (name, each) in enumerate(best.items()))
    return Chart(
        "wire-rates",
        "Latency against rate",
        f"p99 (solid) and p50 (dashed) from the intended time, by the rate offered, of {len(best)} compositions.",
        "frames a second",
        "latency from the intended time: p99 solid, p50 dashed",
        _rate_ticks(across, rates),
        up.ticks(tick_duration),
        series,
        stops,
        (TableBlock(_table(runs), folded=True),),
    )


def _rate_ticks(across: LogScale, rates: Sequence[float]) -> tuple[Tick, ...]:
    """Label the rates, leaving out those whose labels would touch the one before."""
    ticks: list[Tick] = []
    for rate in rates:
        if not ticks or across.at(rate) - ticks[-1].at > 0.07:
            ticks.append(Tick(across.at(rate), f"{rate:,.0f}"))
    return tuple(ticks)


def _series(
    name: str, runs: Sequence[Run], place: int, rates: Sequence[float], scales: tuple[LogScale, LogScale]
) -> Series:
    across, up = scales
    by_rate = {run["rate"]: run["ns"] for run in runs}

    def line(of: int) -> tuple[tuple[float, float], ...]:
        return tuple((across.at(rate), up.at(ns[of])) for rate, ns in by_rate.items())

    def readings(of: int) -> tuple[str, ...]:
        return tuple(duration(by_rate[rate][of]) if rate in by_rate else "" for rate in rates)

    return Series(
        name,
        Tag(),
        place,
        (Line("p99", "solid", line(_P99)), Line("p50", "dashed", line(_P50))),
        line(_P99),
        f"p99 {duration(runs[0]['ns'][_P99])} at {runs[0]['rate']:,.0f}/s",
        {"p50": readings(_P50), "p99": readings(_P99)},
    )


def _table(runs: Sequence[Run]) -> Table:
    rows = tuple(
        (
            run["name"],
            f"{run['rate']:,.0f}",
            f"{run['achieved']:,.0f} of {run['offered']:,.0f}",
            *map(duration, run["ns"]),
            str(run["lost"]),
            "failed" if run["failures"] else "",
        )
        for run in runs
    )
    return Table("Every run", ("composition", "rate/s", "achieved of offered/s", *_NAMES, "lost", ""), rows)


def _capacities(plain: Mapping[str, Any]) -> Table:
    rows = tuple(
        (name, f"{each['sustained']:,.0f}", f"{each['broken']:,.0f}" if each["broken"] else "none tried")
        for name, each in plain.items()
    )
    return Table("Capacity, frames a second", ("composition", "sustained", "not sustained"), rows)
