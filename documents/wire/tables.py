"""The tables of a result over the wire, as every page and terminal shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from documents.times import shown
from documents.wire.summary import NAMES, P50, P99
from tailgate.results.table import Table

if TYPE_CHECKING:
    from documents.wire.document import Wire
    from documents.wire.summary import Figures, Summary

LEAD: Final = (
    "Latency runs from the intended sending of a frame until its order has left, or its handling is done; every stall "
    "is charged to every frame that it delayed. Times in µs. The histograms of all runs that count are merged; [the "
    "least, the greatest of one run] stand beside. A run that failed does not count and is named."
)
_ADVISORY: Final = "~ a run has too few values for this percentile: advisory"
_WHAT: Final = ("composition", "rate/s", "seconds")


def wire_tables(wire: Wire) -> list[Table]:
    """Return all tables that have rows."""
    every = [_latency(wire), _parts(wire), _orders(wire), _costs(wire), _capacity(wire), _claims(wire), _failed(wire)]
    return [each.under(wire.inputs) for each in every if each.rows]


def _latency(wire: Wire) -> Table:
    columns = (
        *_WHAT,
        "runs",
        "achieved of offered/s",
        *NAMES,
        "service p50",
        "service p99",
        "over the transport's p50",
        "p99",
    )
    rows = []
    for each in wire.summaries:
        against = map(shown, each.against) if each.against else ("", "")
        achieved = f"{each.achieved:,.0f} of {each.offered:,.0f}"
        times = _percentiles(each.latency)
        service = (each.service.micros(place) for place in (P50, P99))
        rows.append((*_what(each), str(each.runs), achieved, *times, *service, *against))
    return _table("Latency from the intended time", columns, rows)


def _parts(wire: Wire) -> Table:
    rows = [
        (*_what(each), led, f"{part.count:,}", *_percentiles(part))
        for each in wire.summaries
        if each.with_order
        for led, part in (("to an order", each.with_order), ("to none", each.without_order))
        if part
    ]
    columns = (*_WHAT, "frames that led", "frames", *NAMES)
    return _table("Frames that led to an order, and those that did not", columns, rows)


def _orders(wire: Wire) -> Table:
    rows = [
        (*_what(each), f"{each.leaving.count:,}", *_three(each.leaving), *_three(each.acknowledged))
        for each in wire.summaries
        if each.leaving
    ]
    columns = (*_WHAT, "orders", "left p50", "p99", "max", "acknowledged p50", "p99", "max")
    return _table("Orders, from the intended time of the frame that led to them", columns, rows)


def _costs(wire: Wire) -> Table:
    columns = (
        *(*_WHAT, "CPU µs/frame", "memory MiB", "slope KiB/s", "lost", "queue grew ms", "sender late p99 µs"),
        *("client waited for its CPU ms", "sender ms", "sender slowed by the client's CPU"),
    )
    rows = []
    for each in wire.summaries:
        cost = each.cost
        idle = " (never sleeps)" if each.spec.composition.loop == "uvloop-busy" else ""
        rows.append(
            (
                *_what(each),
                "-" if cost.cpu_ns_per_frame is None else f"{cost.cpu_ns_per_frame / 1e3:,.1f}{idle}",
                f"{cost.memory_kib / 1024:,.1f}",
                f"{cost.memory_slope_kib_per_s:,.2f}",
                str(cost.lost),
                _ms(cost.growth_ns),
                f"{cost.sender_late_p99_ns / 1e3:,.1f}",
                "-" if cost.client_waited_ns is None else _ms(cost.client_waited_ns),
                _ms(cost.sender_waited_ns),
                f"x{cost.slowed:.2f}",
            )
        )
    return Table("What it costs, of the worst run", columns, tuple(rows))


def _capacity(wire: Wire) -> Table:
    rows = tuple((name, str(found), str(len(found.tried))) for name, found in wire.capacities.items())
    return Table("Capacity", ("composition", "sustained", "runs"), rows)


def _claims(wire: Wire) -> Table:
    rows = tuple((each.claim, each.measured, each.holds) for each in wire.claims)
    return Table("Claims", ("claim", "measured", "holds"), rows)


def _failed(wire: Wire) -> Table:
    rows = tuple(
        (each.spec.composition.name, *_what(each)[1:], why) for each in wire.summaries for why in each.failures
    )
    return Table("Failed runs", (*_WHAT, "why"), rows)


def _table(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> Table:
    notes = (_ADVISORY,) if any(cell.startswith("~") for row in rows for cell in row) else ()
    return Table(title, columns, tuple(rows), notes)


def _what(each: Summary) -> tuple[str, ...]:
    return each.label, f"{each.spec.rate:,.0f}", f"{each.spec.duration_s:g}"


def _percentiles(of: Figures) -> tuple[str, ...]:
    return tuple(of.micros(place, ends=place in {P50, P99}) for place in range(len(NAMES)))


def _three(of: Figures | None) -> tuple[str, ...]:
    return tuple(of.micros(place, ends=place >= 0) for place in (P50, P99, -1)) if of else ("",) * 3


def _ms(duration_ns: float) -> str:
    return f"{duration_ns / 1e6:,.1f}"
