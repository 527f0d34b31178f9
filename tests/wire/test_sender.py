"""What the sender does between frames, on a clock that moves a microsecond with each look."""

from __future__ import annotations

import time
from array import array
from collections import deque
from typing import Any

import pytest

from suites.wire import sender


class Log:
    """Server and feed in one: notes what is asked of it."""

    def __init__(self) -> None:
        self.closed = False
        self.pending: deque[bytes] = deque()
        self.polls: list[int] = []
        self.sent: list[bytes] = []
        self.rehearsed = 0
        self.stalls_us: dict[int, int] = {}  # by the number of the sending: how long it takes
        self.fills_at = -1  # the sending that finds the socket full
        self.flushed_us = 0  # how long it takes then until all has gone
        self.now_ns = 0

    def clock(self) -> int:
        self.now_ns += 1000
        return self.now_ns

    def poll(self, _timeout_s: float = 0.0, at_most: int = -1) -> None:
        self.polls.append(at_most)

    def flush(self) -> None:
        if self.pending:
            self.pending.clear()
            self.now_ns += 1000 * self.flushed_us

    def send(self, data: bytes) -> None:
        self.now_ns += 1000 * self.stalls_us.get(len(self.sent), 0)
        if len(self.sent) == self.fills_at:
            self.pending.append(data)
        self.sent.append(data)

    def rehearse(self) -> None:
        self.rehearsed += 1


def spin(gaps_us: list[int], monkeypatch: pytest.MonkeyPatch) -> tuple[Log, list[int]]:
    log = Log()
    return log, list(watched(gaps_us, monkeypatch, log).lags_ns)


def watched(gaps_us: list[int], monkeypatch: pytest.MonkeyPatch, log: Any) -> sender.Lateness:
    monkeypatch.setattr(time, "perf_counter_ns", log.clock)
    offsets = array("q", [1000 * sum(gaps_us[: n + 1]) for n in range(len(gaps_us))])
    lateness = sender.Lateness(len(gaps_us))
    parts = [(b"<", b">")] * len(gaps_us)
    sender._spin(log, log, log.rehearse, parts, offsets, 10**9, 0, lateness)
    return lateness


def test_in_short_gaps_nothing_is_done_and_every_frame_leaves_at_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    log, lags = spin([90] * 5, monkeypatch)
    assert (log.polls, log.rehearsed, len(log.sent)) == ([], 0, 5)
    assert max(lags) <= 1000


def test_in_a_long_gap_one_order_is_served_at_a_time_and_an_answer_rehearsed_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log, lags = spin([50, 2_500, 250], monkeypatch)
    assert set(log.polls) == {1}
    assert log.rehearsed == 2  # at once, and two milliseconds later; in a gap of 250 us not at all
    assert max(lags) <= 1000


def test_without_a_long_gap_orders_are_served_all_at_once_when_they_have_waited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log, _ = spin([50] * 45, monkeypatch)
    assert log.polls == [-1] * 4  # 2,250 us, every 500
    assert log.rehearsed == 0


def test_what_a_pause_of_the_sender_delays_is_late_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log()
    log.stalls_us = {10: 3000}
    lateness = watched([90] * 100, monkeypatch, log)
    assert not any(lateness.held)
    assert (lateness.own(0), lateness.own(20)) == (22, 13)  # (3,000 - 1,000) / 90, from the eleventh frame on


@pytest.mark.parametrize("overdue_us", [0, 100])  # what waits is sent in a pause, or when the next frame is due already
@pytest.mark.parametrize(("stalls_us", "late"), [({}, 0), ({30: 3000}, 22)])
def test_what_a_full_socket_delays_is_not_and_what_comes_late_afterwards_is(
    overdue_us: int, stalls_us: dict[int, int], late: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log()
    log.fills_at, log.flushed_us = 10, 20_000  # 222 frames become due, three chunks and a half
    log.stalls_us = {10: overdue_us, **stalls_us}
    lateness = watched([90] * 300, monkeypatch, log)
    assert sum(lag > 1_000_000 for lag in lateness.lags_ns) == 211 + late
    assert lateness.own(0) == late


def test_how_late_the_sender_was_is_a_recorded_value_of_the_measured_frames() -> None:
    lateness = sender.Lateness(200)
    lateness.lags_ns = array("q", [9_000] * 100 + list(range(1, 101)))
    assert (lateness.p99_ns(100), lateness.p99_ns(0)) == (99, 9_000)
