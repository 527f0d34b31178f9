"""What the sender does between frames, on a clock that moves a microsecond with each look."""

from __future__ import annotations

import time
from array import array
from collections import deque
from itertools import count
from typing import TYPE_CHECKING, Any

from suites.wire import sender

if TYPE_CHECKING:
    import pytest


class Log:
    """Server and feed in one: notes what is asked of it."""

    def __init__(self) -> None:
        self.closed = False
        self.pending: deque[bytes] = deque()
        self.polls: list[int] = []
        self.sent: list[bytes] = []
        self.rehearsed = 0

    def poll(self, _timeout_s: float = 0.0, at_most: int = -1) -> None:
        self.polls.append(at_most)

    def flush(self) -> None:
        raise AssertionError("nothing waits")

    def send(self, data: bytes) -> None:
        self.sent.append(data)

    def rehearse(self) -> None:
        self.rehearsed += 1


def spin(gaps_us: list[int], monkeypatch: pytest.MonkeyPatch) -> tuple[Log, list[int]]:
    ticks = count(0, 1000)
    monkeypatch.setattr(time, "perf_counter_ns", lambda: next(ticks))
    log: Any = Log()
    offsets = array("q", [1000 * sum(gaps_us[: n + 1]) for n in range(len(gaps_us))])
    lags = array("q", bytes(8 * len(gaps_us)))
    parts = [(b"<", b">")] * len(gaps_us)
    sender._spin(log, log, log.rehearse, parts, offsets, 10**9, 0, lags)
    return log, list(lags)


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
