"""Writes what was measured over the wire: JSON with everything, Markdown to be read."""

from __future__ import annotations

import json
import os
import platform
import sys
from typing import TYPE_CHECKING, Any, Final

from suites.wire.musts import musts
from suites.wire.spec import NOTHING
from suites.wire.summary import NAMES, PERCENTS, Spread, Summary, floor_of, latency, spread, summarise
from tailgate.results.store import replacing
from tailgate.statistics.quantiles import is_advisory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from suites.wire.capacity import Capacity
    from suites.wire.run import Outcome

SCHEMA: Final = 1
WRITTEN: Final = ("results.json", "report.md")
MONITOR_LOG: Final = "monitor.hlog"


def write(folder: Path, outcomes: Sequence[Outcome], capacities: Mapping[str, Capacity]) -> None:
    """Write results.json and report.md, each whole or not at all."""
    texts = (json.dumps(document(outcomes, capacities), indent=1), "\n".join(markdown(outcomes, capacities)) + "\n")
    for name, text in zip(WRITTEN, texts, strict=True):
        with replacing(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")


def document(outcomes: Sequence[Outcome], capacities: Mapping[str, Capacity]) -> dict[str, Any]:
    """Give everything as plain values."""
    return {
        "schema": SCHEMA,
        "conditions": conditions(),
        "runs": [outcome.as_json() for outcome in outcomes],
        "capacities": {
            name: {"sustained": found.sustained, "broken": found.broken, "tried": found.tried}
            for name, found in capacities.items()
        },
    }


def conditions() -> dict[str, str]:
    """Say where it was measured."""
    return {
        "python": sys.version.split()[0],
        "implementation": platform.python_implementation(),
        "system": f"{platform.system()} {platform.release()}",
        "machine": f"{platform.machine()}, {os.cpu_count()} processors",
    }


def markdown(outcomes: Sequence[Outcome], capacities: Mapping[str, Capacity]) -> Iterator[str]:
    """Give the report line by line."""
    summaries = summarise(outcomes)
    yield "# The wire\n"
    yield (
        "Latency runs from the intended sending of a frame until its order has left, or its handling is done; every "
        "stall is charged to every frame that it delayed. Times in microseconds. Of several runs the one with the "
        "least p99 is shown; a run that fell short of its rate is failed, kept, and never averaged in: where none "
        "succeeded, a failed one is shown under its name. ~ rests on too few values for this percentile: advisory.\n"
    )
    yield ", ".join(conditions().values()) + "\n"
    yield from _latencies(summaries)
    yield from _orders(summaries)
    yield from _costs(summaries)
    if capacities:
        yield "## Capacity\n\n| composition | sustained |\n| --- | --- |"
        for name, found in capacities.items():
            yield f"| {name} | {found} |"
        yield ""
    checks = list(musts(outcomes))
    if checks:
        yield "## What must hold\n\n| claim | measured | holds |\n| --- | --- | --- |"
        for check in checks:
            yield f"| {check.claim} | {check.measured} | {'yes' if check.holds else '**no**'} |"
        yield ""
    yield from _failed(outcomes)


def _latencies(summaries: Sequence[Summary]) -> Iterator[str]:
    yield "## Latency from the intended time\n"
    yield _header(
        "composition", "rate/s", "achieved of offered/s", *NAMES, "service p50", "service p99", "share of the pipeline"
    )
    for summary in summaries:
        measured, service = latency(summary.best), spread(summary.best.client["service"])
        yield _row(
            summary.label,
            f"{summary.rate:,.0f}",
            f"{summary.best.achieved:,.0f} of {summary.best.offered:,.0f}",
            *_microseconds(measured),
            _at(service, 0),
            _at(service, 2),
            _share(summary, summaries),
        )
    yield ""


def _orders(summaries: Sequence[Summary]) -> Iterator[str]:
    with_orders = [s for s in summaries if s.best.client["orders"] and s.composition.gateway != NOTHING]
    if not with_orders:
        return
    yield "## Orders, from the intended time of the frame that led to them\n"
    yield _header("composition", "rate/s", "orders", "left p50", "p99", "max", "acknowledged p50", "p99", "max")
    for summary in with_orders:
        client = summary.best.client
        left, answered = spread(client["leaving"]), spread(client["acknowledged"])
        times = (each for s in (left, answered) for each in (_at(s, 0), _at(s, 2), _at(s, 4)))
        yield _row(summary.label, f"{summary.rate:,.0f}", f"{client['orders']:,}", *times)
    yield ""


def _costs(summaries: Sequence[Summary]) -> Iterator[str]:
    yield "## What it costs, and what went wrong\n"
    yield _header(
        "composition",
        "rate/s",
        "CPU µs/frame",
        "memory MiB",
        "slope KiB/s",
        "lost",
        "sender late p99 µs",
        "waited for a processor ms: client, sender",
        "sender slowed by the client's processor",
        "runs",
        "failed",
    )
    for summary in summaries:
        best = summary.best
        counted = best.client["cpu_ns"] > 0  # read behind the last frame: without it there is no account
        cpu = best.client["cpu_ns"] / max(1, best.client["measured"]) / 1e3
        idle = " (never sleeps)" if summary.composition.loop == "uvloop-busy" else ""
        yield _row(
            summary.label,
            f"{summary.rate:,.0f}",
            f"{cpu:,.1f}{idle}" if counted else "",
            f"{best.client['memory_kib'][-1][1] / 1024:,.1f}",
            f"{best.memory_slope_kib_per_s:,.2f}",
            str(best.lost),
            f"{best.sender['lags_ns']['p99'] / 1e3:,.1f}",
            ", ".join([_ms(best.client["waited_ns"]) if counted else "-", _ms(best.sender["waited_ns"])]),
            f"x{best.sender['slowed']:.2f}",
            str(summary.runs),
            str(summary.failed),
        )
    yield ""


def _failed(outcomes: Sequence[Outcome]) -> Iterator[str]:
    failed = [outcome for outcome in outcomes if outcome.failures]
    if failed:
        yield "## Failed runs\n"
        for outcome in failed:
            yield f"- {outcome.spec.composition.name} at {outcome.spec.rate:,.0f}/s: {'; '.join(outcome.failures)}"
        yield ""


def _share(summary: Summary, summaries: Sequence[Summary]) -> str:
    floor = floor_of(summary, summaries)
    if floor is None or summary.failures or floor.failures:
        return ""
    own, transport = latency(summary.best), latency(floor.best)
    return f"p50 +{own.p50 - transport.p50:,.1f}, p99 x{own.p99 / transport.p99:.2f}"


def _ms(duration_ns: int) -> str:
    return f"{duration_ns / 1e6:,.1f}"


def _microseconds(measured: Spread) -> tuple[str, ...]:
    return tuple(_at(measured, index) for index in range(len(PERCENTS)))


def _at(measured: Spread, index: int) -> str:
    """Write one percentile, ~ before it where too few values lie beyond it; the greatest is what it is."""
    p = PERCENTS[index] / 100
    doubtful = p < 1 and is_advisory(p, measured.count)
    return f"{'~' if doubtful else ''}{measured.values_us[index]:,.1f}"


def _header(*names: str) -> str:
    return f"| {' | '.join(names)} |\n|{' --- |' * len(names)}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
