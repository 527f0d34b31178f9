"""Show a monitor to Prometheus; needs prometheus-client, the extra `monitor`.

Histograms and counters come from the totals since the monitor was made, so Prometheus may miss a scrape; the
quantiles are those of the last whole interval. A value counts into the first bucket whose bound is not below the
lowest value of its place in the histogram: bounds are exact to 0.1 %. Everything but the backlog is as of the
monitor's last tick: a scrape itself counts nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tailgate.errors import TailgateError
from tailgate.monitor.report import PERCENTS
from tailgate.results import histogram as hdr

try:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
    from prometheus_client.registry import Collector
except ImportError as error:  # pragma: no cover  # the tests have it installed
    raise TailgateError(
        f"the exposition for Prometheus needs prometheus-client: {error}", hint="pip install 'tailgate[monitor]'"
    ) from error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prometheus_client.core import Metric

    from tailgate.monitor.memory import MemoryFigures
    from tailgate.monitor.monitor import Monitor, Snapshot
    from tailgate.monitor.recorder import Tally

BOUNDS_NS: Final = tuple(step * 10**power for power in range(3, 10) for step in (1, 2, 5))
"""Upper bounds of the exposed buckets: 1 us to 5 s in steps of 1, 2, 5."""


class MonitorCollector(Collector):
    """Collect a monitor's figures at each scrape: `REGISTRY.register(MonitorCollector(monitor))`."""

    def __init__(self, monitor: Monitor, *, bounds_ns: Sequence[int] = BOUNDS_NS) -> None:
        """`bounds_ns` are the buckets' upper bounds, ascending; +Inf is added."""
        self._monitor = monitor
        self._bounds_ns = tuple(bounds_ns)

    def collect(self) -> Iterator[Metric]:
        """Return every metric."""
        yield from _latencies(self._monitor.snapshots(), self._bounds_ns)
        failures = CounterMetricFamily(
            "tailgate_monitor_failures", "Failures of the monitor itself; recording went on.", labels=["part"]
        )
        for part, number in self._monitor.failures.items():
            failures.add_metric([part], number)
        yield failures
        if self._monitor.memory is not None:
            yield from _memory(self._monitor.memory)


def cumulated(tally: Tally, bounds_ns: Sequence[int]) -> list[tuple[str, float]]:
    """Return (bound in seconds as text, values up to it) for each bound, and for +Inf."""
    rows: list[tuple[str, float]] = []
    for bound_ns in bounds_ns:
        last = hdr.index_of(bound_ns)
        running = sum(number for index, number in tally.counts.items() if index <= last)
        rows.append((repr(bound_ns / 1e9), running))
    return [*rows, ("+Inf", tally.count)]


def _latencies(snapshots: Sequence[Snapshot], bounds_ns: Sequence[int]) -> Iterator[Metric]:
    total = HistogramMetricFamily(
        "tailgate_latency_seconds", "Recorded latencies since the monitor was made.", labels=["tag"]
    )
    last = GaugeMetricFamily(
        "tailgate_latency_interval_seconds", "Percentiles of the last interval.", labels=["tag", "quantile"]
    )
    odd = CounterMetricFamily(
        "tailgate_latency_odd_values",
        "Values that were clamped (negative, too_high) or left out (unusable).",
        labels=["tag", "kind"],
    )
    backlog = GaugeMetricFamily("tailgate_monitor_backlog", "Values recorded and not yet counted.", labels=["tag"])
    for snapshot in snapshots:
        tally = snapshot.total
        total.add_metric([snapshot.tag], cumulated(tally, bounds_ns), tally.sum_ns / 1e9)
        for kind in ("negative", "too_high", "unusable"):
            odd.add_metric([snapshot.tag, kind], getattr(tally, kind))
        backlog.add_metric([snapshot.tag], snapshot.backlog)
        if snapshot.last.count:
            values = hdr.percentiles(snapshot.last.histogram(), [*PERCENTS, 100.0])
            for percent, value_ns in zip([*PERCENTS, 100.0], values, strict=True):
                last.add_metric([snapshot.tag, f"{percent / 100:.6g}"], value_ns / 1e9)
    yield from (total, last, odd, backlog)


def _memory(figures: MemoryFigures) -> Iterator[Metric]:
    yield GaugeMetricFamily("tailgate_allocated_blocks", "sys.getallocatedblocks().", value=figures.allocated_blocks)
    if figures.rss_bytes is not None:
        yield GaugeMetricFamily(
            "tailgate_resident_memory_bytes", "Resident set, from /proc/self/statm.", value=figures.rss_bytes
        )
    collections = CounterMetricFamily("tailgate_gc_collections", "Collections of garbage.", labels=["generation"])
    for generation, number in enumerate(figures.gc_collections):
        collections.add_metric([str(generation)], number)
    yield collections
    yield CounterMetricFamily(
        "tailgate_gc_uncollectable", "Objects that no collection could free.", value=figures.gc_uncollectable
    )
    jemalloc = GaugeMetricFamily("tailgate_jemalloc_bytes", "jemalloc's stats.*.", labels=["figure"])
    for name, value in figures.jemalloc_bytes.items():
        jemalloc.add_metric([name], value)
    yield jemalloc
