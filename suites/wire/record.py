"""What the client writes down of a run: memory that is there before it begins, so that none grows while it lasts."""

from __future__ import annotations

import os
import time
from array import array
from itertools import pairwise
from operator import sub
from typing import TYPE_CHECKING, Final

from suites.wire.runqueue import RunQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_PAGE_KIB: Final = os.sysconf("SC_PAGE_SIZE") // 1024
_ORDERS_SHARE: Final = 16  # one frame in so many may lead to an order; beyond that, memory grows with the orders
_ORDER_BYTES: Final = 128
_PARTS: Final = 20


class Record:
    """Times of every frame by its number; times of every order in the order in which they came."""

    def __init__(self, frames: int, warmup: int) -> None:
        self.frames = frames
        self.warmup = warmup
        self.count = 0
        self.intended_ns = array("q", bytes(8 * frames))
        self.begun_ns = array("q", bytes(8 * frames))
        self.done_ns = array("q", bytes(8 * frames))
        self.orders = Orders(frames // _ORDERS_SHARE + 1024)
        self.payloads = Payloads(frames // _ORDERS_SHARE + 1024)
        self.memory = Memory()
        self.run_queue = RunQueue()
        self.cpu_ns = [0, 0]  # at the first measured message, after the last
        self.waited_ns = [0, 0]  # the same

    def look(self, at: int) -> None:
        """Note what the process has used of its processor, and how long it waited for it: first (0) or last (1)."""
        self.cpu_ns[at] = time.process_time_ns()
        self.waited_ns[at] = self.run_queue.waited_ns()

    def latencies(self) -> tuple[list[int], Iterator[int]]:
        """Return the measured frames' times from the intended one: of those that led to an order, and of the others.

        The first to the leaving of the frame's last order, the others to the end of the handling.
        """
        left = {frame: left_ns for frame, left_ns in self.orders.departures() if frame >= self.warmup}
        others = (self.done_ns[i] - self.intended_ns[i] for i in range(self.warmup, self.count) if i not in left)
        return [left_ns - self.intended_ns[frame] for frame, left_ns in left.items()], others

    def backlog_ns(self) -> list[int]:
        """Return the least lag of a measured frame in each of `_PARTS` equal parts of the run: what always waited."""
        bounds = [self.warmup + (self.count - self.warmup) * n // _PARTS for n in range(_PARTS + 1)]
        parts = [slice(begin, end) for begin, end in pairwise(bounds) if end > begin]
        return [min(map(sub, self.done_ns[part], self.intended_ns[part])) for part in parts]

    def services(self) -> Iterator[int]:
        """Return, for each measured frame, the time of its handling alone."""
        return (self.done_ns[i] - self.begun_ns[i] for i in range(self.warmup, self.count))


class Orders:
    """Orders under way by client_order_id, and the times of those that are not any more."""

    def __init__(self, expected: int) -> None:
        self.submitted = 0
        self.answered = 0
        self.rejected = 0
        self.failed = 0
        self._frame: dict[str, int] = {}
        self._left: dict[str, int] = {}
        self._columns = [array("q", bytes(8 * expected)) for _ in range(3)]  # frame, left, acknowledged

    def submit(self, name: str, frame: int) -> None:
        """Note an order and the number of the frame that led to it."""
        self.submitted += 1
        self._frame[name] = frame

    def leave(self, name: str, now_ns: int) -> None:
        """Note that an order has left; a retry does not count again."""
        self._left.setdefault(name, now_ns)

    def leaver(self, clock_ns: Callable[[], int]) -> Callable[[str], object]:
        """Return `leave` with the time read for itself; one call, because it is on the way of every order."""
        left = self._left
        return lambda name: left.setdefault(name, clock_ns())

    def answer(self, name: str, now_ns: int) -> None:
        """Note the acknowledgement of an order, which ends it; one that never left, as far as is known, left now."""
        frame, left = self._frame.pop(name), self._left.pop(name, now_ns)
        frames, lefts, answers = self._columns
        at = self.answered
        if at == len(frames):
            for column in self._columns:
                column.extend(column)
        frames[at], lefts[at], answers[at] = frame, left, now_ns
        self.answered = at + 1

    def drop(self, name: str, now_ns: int) -> None:
        """Note an order that goes nowhere: it left, and that is all."""
        self.leave(name, now_ns)
        self.answer(name, now_ns)

    def clear(self) -> None:
        """Forget the orders that were answered."""
        self.submitted -= self.answered + self.failed
        self.answered = self.rejected = self.failed = 0

    @property
    def departed(self) -> int:
        """Count the orders that have left."""
        return self.answered + len(self._left)

    @property
    def under_way(self) -> int:
        """Count the orders that wait for their answer."""
        return self.submitted - self.answered - self.failed

    def departures(self) -> Iterator[tuple[int, int]]:
        """Return (frame, when the order left); of several orders of one frame the last one comes last."""
        frames, left, _ = self._columns
        return iter(sorted((frames[i], left[i]) for i in range(self.answered)))

    def times(self, intended_ns: Sequence[int], from_frame: int) -> tuple[list[int], list[int]]:
        """Return times to leaving and to the acknowledgement, of the orders of the frames since `from_frame`."""
        frames, left, answered = self._columns
        chosen = [i for i in range(self.answered) if frames[i] >= from_frame]
        return (
            [left[i] - intended_ns[frames[i]] for i in chosen],
            [answered[i] - intended_ns[frames[i]] for i in chosen],
        )


class Payloads:
    """The encoded orders, one after the other in memory of their own."""

    def __init__(self, expected: int) -> None:
        self._bytes = bytearray(expected * _ORDER_BYTES)
        self._ends = array("q", bytes(8 * expected))
        self._count = 0
        self._end = 0

    def append(self, payload: bytes) -> None:
        """Keep one payload."""
        begin, end = self._end, self._end + len(payload)
        if end > len(self._bytes):
            self._bytes.extend(bytes(len(self._bytes)))
        self._bytes[begin:end] = payload
        if self._count == len(self._ends):
            self._ends.extend(bytes(8 * self._count))
        self._ends[self._count] = self._end = end
        self._count += 1

    def __iter__(self) -> Iterator[bytes]:
        begin = 0
        for end in self._ends[: self._count]:
            yield bytes(self._bytes[begin:end])
            begin = end


class Memory:
    """Resident memory over time, by a small read of the kernel's numbers."""

    def __init__(self) -> None:
        self.samples: list[tuple[float, int]] = []  # seconds, KiB
        self._descriptor = os.open("/proc/self/statm", os.O_RDONLY)

    def look(self, now_s: float) -> None:
        """Take one sample."""
        pages = int(os.pread(self._descriptor, 100, 0).split()[1])
        self.samples.append((now_s, pages * _PAGE_KIB))
