"""The monitor: rows that touch, lines that say it all, and failures that stop nothing."""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tailgate.errors import TailgateError
from tailgate.monitor import Monitor, Tally, hlog
from tailgate.monitor.memory import MemoryFigures
from tailgate.results import histogram as hdr

if TYPE_CHECKING:
    from pathlib import Path

FIGURES = MemoryFigures(
    allocated_blocks=77_000,
    rss_bytes=50 * 2**20,
    virtual_bytes=None,
    gc_pending=(1, 2, 3),
    gc_collections=(30, 2, 1),
    gc_collected=9,
    gc_uncollectable=0,
    jemalloc_bytes={"resident": 60 * 2**20},
)


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def failures() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def monitor(clock: Any, disk: Any, lines: list[str], failures: list[tuple[str, str]]) -> Monitor:
    return Monitor(
        clock=clock,
        log=hlog.HlogWriter(disk, size=0, base_ns=clock.wall_ns()),
        report=lines.append,
        on_failure=lambda part, error: failures.append((part, str(error))),
        memory=lambda: FIGURES,
    )


def logged(disk: Any) -> list[tuple[str, int, int, dict[int, int]]]:
    """Return tag, start and length in milliseconds since the base time, and counts of each row."""
    rows = hlog.read(disk.content.decode().splitlines())
    return [
        (r.tag, r.start_ns // 10**6 - 1_700_000_000_123, r.length_ns // 10**6, dict(hdr.recorded_counts(r.histogram)))
        for r in rows
    ]


def test_every_interval_is_a_row_and_rows_touch(monitor: Monitor, clock: Any, disk: Any) -> None:
    clock.advance(2)
    record = monitor.recorder("feed").record
    for seconds, value in ((10, 5), (10.5, 6), (0.25, 7)):
        record(value)
        clock.advance(seconds)
        monitor.tick()
    assert logged(disk) == [
        ("feed", 2000, 10_000, {5: 1}),
        ("feed", 12_000, 10_500, {6: 1}),
        ("feed", 22_500, 250, {7: 1}),
    ]


def test_recorders_have_rows_of_their_own(monitor: Monitor, clock: Any, disk: Any) -> None:
    monitor.recorder("a").record(1)
    monitor.recorder("b").record(2)
    clock.advance(1)
    monitor.tick()
    assert logged(disk) == [("a", 0, 1000, {1: 1}), ("b", 0, 1000, {2: 1})]


def test_the_lines_say_percentiles_oddities_and_memory(monitor: Monitor, lines: list[str]) -> None:
    record = monitor.recorder("feed").record
    careless: list[Any] = [*range(1, 1001), 2_500_000, -1, None]
    for value in careless:
        record(value)
    monitor.tick()
    assert lines == [
        (
            "feed: 1002 values, p50 500 ns, p90 901 ns, p99 991 ns, p99.9 1.000 us, max 2.501 ms, mean 2.994 us, "
            "1 negative (counted as 0), 1 unusable (not counted)"
        ),
        "memory: rss 50.0 MiB, 77000 blocks, collections 30/2/1, jemalloc resident 60.0 MiB",
    ]


def test_an_idle_interval_has_a_line_and_a_row(monitor: Monitor, lines: list[str], disk: Any) -> None:
    monitor.recorder()
    monitor.tick()
    assert lines[0] == "untagged: 0 values"
    assert [row[3] for row in logged(disk)] == [{}]


def test_a_full_disk_is_counted_and_reported_and_its_interval_joins_the_next(
    monitor: Monitor, clock: Any, disk: Any, lines: list[str], failures: list[tuple[str, str]]
) -> None:
    record = monitor.recorder("feed").record
    record(1)
    clock.advance(1)
    monitor.tick()
    disk.room = len(disk.content) + 10
    for value in (2, 3):
        record(value)
        clock.advance(1)
        monitor.tick()
    assert (monitor.failures["log"], [part for part, _ in failures]) == (2, ["log", "log"])
    assert "No space left" in failures[0][1]
    assert lines[-2].endswith("2 failures of the log so far")
    disk.room = 10**9
    record(4)
    clock.advance(1)
    monitor.tick()
    assert logged(disk) == [("feed", 0, 1000, {1: 1}), ("feed", 1000, 3000, {2: 1, 3: 1, 4: 1})]
    clock.advance(1)
    monitor.tick()
    assert logged(disk)[-1] == ("feed", 4000, 1000, {})
    assert monitor.snapshots()[0].total.count == 4


def test_what_fails_beside_the_log_stops_nothing(monitor: Monitor, disk: Any, failures: list[tuple[str, str]]) -> None:
    def broken(*_: object) -> Any:
        raise ZeroDivisionError("broken")

    monitor._read_memory = monitor._report = broken
    monitor.recorder("feed").record(5)
    monitor.tick()
    assert failures == [("memory", "broken"), ("report", "broken")]
    assert len(logged(disk)) == 1
    monitor._on_failure = broken
    monitor.tick()
    assert monitor.failures == {"log": 0, "report": 2, "memory": 2, "breathe": 0}
    assert len(logged(disk)) == 2


def test_failures_are_logged_where_nobody_asked_for_them(
    monitor: Monitor, clock: Any, disk: Any, caplog: pytest.LogCaptureFixture
) -> None:
    quiet = Monitor(clock=clock, log=hlog.HlogWriter(disk, size=0, base_ns=0), memory=lambda: FIGURES)
    disk.room = 0
    quiet.recorder("feed")
    with caplog.at_level(logging.INFO, logger="tailgate.monitor"):
        quiet.tick()
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO", "INFO"]
    assert "recording goes on" in caplog.text


def test_a_tag_is_given_once_and_fits_the_log(monitor: Monitor) -> None:
    monitor.recorder("feed")
    with pytest.raises(TailgateError, match="already"):
        monitor.recorder("feed")
    with pytest.raises(TailgateError, match="a comma, white space, or what is not ASCII"):
        monitor.recorder("größe")


def test_snapshots_hold_the_last_interval_and_everything(monitor: Monitor) -> None:
    recorder = monitor.recorder("feed")
    for value in (1, 2):
        recorder.record(value)
        monitor.tick()
    recorder.record(3)
    (snapshot,) = monitor.snapshots()
    assert (snapshot.last, snapshot.total) == (Tally({2: 1}, 1, 2), Tally({1: 1, 2: 1}, 2, 3))
    assert snapshot.backlog == 1
    monitor.collect()
    assert monitor.snapshots()[0].backlog == 0


def test_the_thread_collects_and_the_end_of_the_block_writes_the_last_interval(
    clock: Any, tmp_path: Path, lines: list[str]
) -> None:
    monitor = Monitor(clock=clock, report=lines.append, memory=lambda: FIGURES)
    monitor.log_to(tmp_path / "a.hlog")
    collected = threading.Event()
    recorder = monitor.recorder("feed")
    recorder.breathe = collected.set
    recorder.record(5)
    clock.monotonic_ns = lambda: clock.advance(1) or clock.monotonic  # each look at the clock takes a second
    with monitor.running(every_s=1e6, collect_every_s=1e-3):
        assert collected.wait(60)
        recorder.record(6)
    (row,) = hlog.read_file(tmp_path / "a.hlog")
    assert dict(hdr.recorded_counts(row.histogram)) == {5: 1, 6: 1}
    assert len(lines) == 2
    assert not [thread for thread in threading.enumerate() if thread.name == "tailgate-monitor"]


def test_a_forked_child_s_copy_writes_nothing(monitor: Monitor, lines: list[str], disk: Any) -> None:
    recorder = monitor.recorder("feed")
    recorder.record(5)
    with pytest.MonkeyPatch.context() as child:
        child.setattr(os, "getpid", lambda: 4711)
        monitor.tick()
        assert (lines, bytes(disk.content)) == ([], b"")
    monitor.tick()
    assert [counts for *_, counts in logged(disk)] == [{5: 1}]


@pytest.mark.parametrize("collect_first", [False, True])
def test_a_breathe_that_raises_leaves_neither_collect_nor_tick_and_loses_nothing(
    monitor: Monitor, disk: Any, failures: list[tuple[str, str]], *, collect_first: bool
) -> None:
    def broken() -> None:
        raise ZeroDivisionError("out of breath")

    recorder = monitor.recorder("feed", breathe=broken, chunk=2)
    for value in range(5):
        recorder.record(value)
    if collect_first:
        monitor.collect()
        assert recorder.backlog == 3
    monitor.tick()
    assert [counts for *_, counts in logged(disk)] == [dict.fromkeys(range(5), 1)]
    assert (failures, monitor.failures["breathe"]) == ([("breathe", "out of breath")], 1)


def test_a_second_log_closes_the_first_and_no_interval_is_lost_or_in_both(
    monitor: Monitor, disk: Any, tmp_path: Path
) -> None:
    record = monitor.recorder("feed").record
    record(1)
    monitor.tick()
    record(2)
    path = tmp_path / "feed.hlog"
    monitor.log_to(path)
    assert disk.closed
    with pytest.raises(TailgateError, match="cannot append"):
        monitor.log_to(tmp_path)  # a folder: the log stays
    monitor.tick()
    path.rename(tmp_path / "feed.1.hlog")  # as who rotates logs does
    record(3)
    monitor.log_to(path)
    monitor.tick()
    monitor.close()
    rows = [row for name in ("feed.1.hlog", "feed.hlog") for row in hlog.read_file(tmp_path / name)]
    assert [dict(hdr.recorded_counts(row.histogram)) for row in rows] == [{2: 1}, {3: 1}, {}]
    assert [counts for *_, counts in logged(disk)] == [{1: 1}]


def test_closing_closes_the_log(monitor: Monitor, disk: Any) -> None:
    monitor.recorder().record(1)
    monitor.close()
    assert disk.closed
    assert len(logged(disk)) == 1
    monitor.tick()
    assert len(logged(disk)) == 1
