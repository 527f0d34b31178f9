"""What Prometheus sees."""

from __future__ import annotations

from typing import Any

import pytest

from tailgate.monitor import Monitor, Tally
from tailgate.monitor.memory import MemoryFigures
from tailgate.results import histogram as hdr

prometheus_client = pytest.importorskip("prometheus_client", reason="the extra `monitor` is not installed")

FIGURES = MemoryFigures(77_000, 52_428_800, None, (1, 2, 3), (30, 2, 1), 9, 0, {"resident": 60})


@pytest.fixture
def registry(clock: Any) -> Any:
    from tailgate.monitor.exposition import MonitorCollector

    monitor = Monitor(clock=clock, report=lambda line: None, memory=lambda: FIGURES)
    record = monitor.recorder("feed").record
    for value in (900, 1000, 1001, 40_000, 7 * 10**9, -3):
        record(value)
    monitor.tick()
    record(2000)
    monitor.tick()
    record(1)
    registry = prometheus_client.CollectorRegistry()
    registry.register(MonitorCollector(monitor, bounds_ns=(1000, 50_000, 10**9)))
    return registry


@pytest.mark.parametrize(("bound", "number"), [("1e-06", 3), ("5e-05", 6), ("1.0", 6), ("+Inf", 7)])
def test_buckets_are_cumulated_over_all_intervals(registry: Any, bound: str, number: int) -> None:
    labels = {"tag": "feed", "le": bound}
    assert registry.get_sample_value("tailgate_latency_seconds_bucket", labels) == number


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("tailgate_latency_seconds_count", {"tag": "feed"}, 7),
        ("tailgate_latency_seconds_sum", {"tag": "feed"}, 7.000044901),
        ("tailgate_latency_interval_seconds", {"tag": "feed", "quantile": "0.99"}, 2e-6),
        ("tailgate_latency_interval_seconds", {"tag": "feed", "quantile": "1"}, 2e-6),
        ("tailgate_latency_odd_values_total", {"tag": "feed", "kind": "negative"}, 1),
        ("tailgate_latency_odd_values_total", {"tag": "feed", "kind": "too_high"}, 0),
        ("tailgate_monitor_backlog", {"tag": "feed"}, 1),
        ("tailgate_monitor_failures_total", {"part": "log"}, 0),
        ("tailgate_allocated_blocks", {}, 77_000),
        ("tailgate_resident_memory_bytes", {}, 52_428_800),
        ("tailgate_gc_collections_total", {"generation": "0"}, 30),
        ("tailgate_gc_uncollectable_total", {}, 0),
        ("tailgate_jemalloc_bytes", {"figure": "resident"}, 60),
    ],
)
def test_samples(registry: Any, name: str, labels: dict[str, str], value: float) -> None:
    assert registry.get_sample_value(name, labels) == pytest.approx(value)


def test_the_text_is_parsed_by_prometheus_own_parser(registry: Any) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    families = {
        f.name: f.type for f in text_string_to_metric_families(prometheus_client.generate_latest(registry).decode())
    }
    assert families["tailgate_latency_seconds"] == "histogram"
    assert families["tailgate_gc_collections"] == "counter"


def test_before_the_first_tick_there_is_nothing_to_say(clock: Any) -> None:
    from tailgate.monitor.exposition import MonitorCollector

    registry = prometheus_client.CollectorRegistry()
    registry.register(MonitorCollector(Monitor(clock=clock)))
    assert registry.get_sample_value("tailgate_allocated_blocks") is None


def test_a_bound_beyond_an_hour_holds_everything() -> None:
    from tailgate.monitor.exposition import cumulated

    tally = Tally({hdr.index_of(hdr.HIGHEST_NS): 2}, 2, 2 * hdr.HIGHEST_NS)
    assert cumulated(tally, [10**9, 10**15]) == [("1.0", 0), ("1000000.0", 2), ("+Inf", 2)]
