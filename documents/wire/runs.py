"""One run over the wire: what both processes said of it, and why it does not count, if so. Times are ns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from statistics import median
from typing import Final

from documents.wire.spec import RunSpec

NS_IN_S: Final = 1e9
SUSTAINED: Final = 0.99
"""A run whose achieved rate is below this share of the offered one has failed."""
MOST_GROWTH_NS: Final = 10_000_000
"""A run over which the queue of frames grew by more than this has failed: it would grow without end."""
DIFFERENT_ORDERS: Final = "the orders differ from the in-process pipeline's"


@dataclass(frozen=True, slots=True)
class Sent:
    """What the sender said. slowed: the time of one loop beside the client over that without it; late: frames."""

    sent: int
    intended_last_ns: int
    blocked: int
    unsent_bytes: int
    waited_ns: int
    slowed: float
    lag_p99_ns: int
    late: int
    orders: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class Received:
    """What the client said; histograms are HdrHistogram's V2, compressed, in base64.

    with_order, without_order: each measured frame, by whether it led to an order. leaving, acknowledged: each order.
    backlog_ns: the least lag of a frame in each of a few equal parts of the run. cpu_ns, waited_ns: 0 where the last
    frame did not come. monitored: frames that the client's monitor counted.
    """

    received: int
    measured: int
    intended_first_ns: int
    handled_last_ns: int
    with_order: str
    without_order: str
    service: str
    leaving: str
    acknowledged: str
    backlog_ns: tuple[int, ...]
    orders: int
    orders_left: int
    orders_answered: int
    orders_rejected: int
    orders_failed: int
    cpu_ns: int
    waited_ns: int
    python: str
    memory_kib: tuple[tuple[float, int], ...]
    gaps: int
    dropped: int
    monitored: int | None = None
    digest: str = ""
    refusals: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """One run. turn: runs of one invocation with the same turn were made one after the other, and make a pair."""

    spec: RunSpec
    turn: int
    sender: Sent
    client: Received
    failures: tuple[str, ...]

    @property
    def offered(self) -> float:
        """Return the frames a second that were meant to be sent while it was measured."""
        span = self.sender.intended_last_ns - self.client.intended_first_ns
        return _rate(self.spec.frames - self.spec.warmup_frames, span)

    @property
    def achieved(self) -> float:
        """Return the frames a second that were handled."""
        return _rate(self.client.measured, self.client.handled_last_ns - self.client.intended_first_ns)

    @property
    def lost(self) -> int:
        """Count the frames that were sent and never handled."""
        return self.sender.sent - self.client.received

    @property
    def memory_slope_kib_per_s(self) -> float:
        """Return the least-squares slope of the resident memory after the warm-up."""
        return slope([(t, kib) for t, kib in self.client.memory_kib if t > self.spec.warmup_s + 1.0])


@dataclass(frozen=True, slots=True)
class Capacity:
    """The highest rate that was sustained and the lowest that was not (0: none was tried), in frames a second."""

    sustained: float
    broken: float
    tried: tuple[tuple[float, bool], ...]

    def __str__(self) -> str:
        """Return both as a person reads them."""
        if not self.broken:
            return f"at least {self.sustained:,.0f}/s"
        if not self.sustained:
            return f"below {self.broken:,.0f}/s"
        return f"{self.sustained:,.0f}/s (breaks at {self.broken:,.0f}/s)"


def growth_ns(backlog_ns: Sequence[int]) -> float:
    """Return by how much the backlog grew from the first part of a run to the last: Theil and Sen's line.

    The median of the slopes between any two parts: a stall in a few of them is no growing queue.
    """
    steps = [(later - earlier) / (j - i) for (i, earlier), (j, later) in combinations(enumerate(backlog_ns), 2)]
    return median(steps) * (len(backlog_ns) - 1) if steps else 0.0


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the least-squares slope of (x, y) points, 0 for fewer than two."""
    if len(points) < 2:
        return 0.0
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def _rate(count: int, span_ns: int) -> float:
    return count / span_ns * NS_IN_S if span_ns > 0 else 0.0
