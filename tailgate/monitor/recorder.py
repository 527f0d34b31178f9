"""Record latencies of a running system, and swap interval histograms without stopping the writers.

The idea is HdrHistogram's interval recorder. Its phaser lets a reader wait until no writer is left inside the
old histogram; here there is nothing to wait for, because writers never touch a histogram: a record is one append
to a deque, and the reader moves what it finds there into counts.

Assumptions
    1. `collections.deque` appends and pops atomically: under the GIL because each is one C call that runs no Python
       code, on a free-threaded build (3.13 and later) because each takes the deque's own lock.
    2. Values are nanoseconds and are not changed after they were handed over (an `int` cannot be).
    3. `collect` and `take` are called from threads or tasks, never from a signal handler, a `__del__` or a gc callback:
       they wait for a lock. `record` may be called from any of these.
    4. No exception is thrown into a thread from outside while it counts: a KeyboardInterrupt there loses the chunk
       in hand.
    5. After a fork the child makes its own recorders: a copied backlog would be counted in both processes.

Guarantees
    1. Any number of threads may record. Each value is popped exactly once, so it is counted exactly once.
    2. A value whose `record` returned before `take` was called is in that interval or in an earlier one. One that is
       recorded meanwhile is in that interval or in the next one: never in both, never in none.
    3. `record` never waits for a lock of ours: not for a reader, not for another writer's counting. A writer that
       dies, whenever it dies, leaves every value whose `record` returned.
    4. Memory is bounded without a reader: beyond `backlog_limit` values each `record` moves two values into the counts
       itself, at some microseconds, unless somebody else is moving some right then.
    5. Nothing is lost silently. A negative value counts as 0, one beyond an hour as an hour, what is no number is left
       out; each kind has its counter in the interval.
    6. A reader that collects lets go of the GIL after every `chunk` values, so a writer waits for one chunk at most.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from itertools import repeat
from typing import TYPE_CHECKING, Final

from tailgate.errors import TailgateError
from tailgate.results import histogram as hdr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BACKLOG_LIMIT: Final = 65_536
"""Values that may wait before writers help: 2.6 MB of integers at 40 bytes each."""

CHUNK: Final = 128
"""Values moved between two releases of the GIL."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What was recorded in one interval, or in several added up; immutable once taken."""

    counts: Mapping[int, int] = field(default_factory=dict, repr=False)
    """Count by index, as `tailgate.results.histogram` numbers them; an index that is missing was not met."""
    count: int = 0
    sum_ns: int = 0
    """Exact sum of the values as counted, after clamping."""
    negative: int = 0
    """Values below zero, counted as 0: a clock went backwards."""
    too_high: int = 0
    """Values beyond an hour, counted as an hour."""
    unusable: int = 0
    """Things handed over that are no numbers; not in `count`."""

    def histogram(self) -> hdr.Histogram:
        """Return the histogram of this interval."""
        return hdr.from_counts(self.counts)

    def __add__(self, other: Tally) -> Tally:
        """Add two tallies into a new one."""
        counts = dict(self.counts)
        for index, number in other.counts.items():
            counts[index] = counts.get(index, 0) + number
        return Tally(
            counts=counts,
            count=self.count + other.count,
            sum_ns=self.sum_ns + other.sum_ns,
            negative=self.negative + other.negative,
            too_high=self.too_high + other.too_high,
            unusable=self.unusable + other.unusable,
        )


class _Counting:
    """The interval in the making; touched only by whoever holds the recorder's lock."""

    __slots__ = ("count", "counts", "negative", "sum_ns", "too_high", "unusable")

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()
        self.count = self.sum_ns = self.negative = self.too_high = self.unusable = 0

    def add_values(self, values: list[int]) -> None:
        """Count what was popped; never raises, or what was popped would be lost."""
        if {*map(type, values)} == {int} and min(values) >= 0 and max(values) <= hdr.HIGHEST_NS:
            # hdr.index_of, written out: three times as fast as a call a value
            self.counts.update([v if (b := v.bit_length() - 11) <= 0 else (b << 10) + (v >> b) for v in values])
            self.count += len(values)
            self.sum_ns += sum(values)
        else:
            for value in values:
                self.add(value)

    def add(self, value: int) -> None:
        """Count one value, clamped, whatever it is."""
        if type(value) is not int:
            try:
                value = math.floor(value)
            except (TypeError, ValueError, OverflowError):  # no number; NaN; an infinity
                self.unusable += 1
                return
        if value < 0:
            self.negative += 1
            value = 0
        elif value > hdr.HIGHEST_NS:
            self.too_high += 1
            value = hdr.HIGHEST_NS
        self.counts[hdr.index_of(value)] += 1
        self.count += 1
        self.sum_ns += value

    def close(self) -> Tally:
        """Return what was counted, as a value."""
        return Tally(dict(self.counts), self.count, self.sum_ns, self.negative, self.too_high, self.unusable)


def let_go() -> None:
    """Let go of the GIL, so that a thread that waits for it goes on."""
    time.sleep(0)


class Recorder:
    """Record values from any thread by `record(value_ns)`; see the module for what is assumed and guaranteed.

    `record` is made for the instance: take it out once (`record = recorder.record`) and call it for every message;
    its cost stands in docs/monitor.md. Somebody calls `collect` more often than `backlog_limit` values arrive (a
    monitor's thread does, or the event loop when it is idle), and `take` at the end of each interval.
    """

    __slots__ = ("_chunk", "_counting", "_lock", "_pending", "breathe", "record", "tag")

    record: Callable[[int], None]
    """Hand over one latency in nanoseconds."""

    def __init__(
        self,
        tag: str = "",
        *,
        backlog_limit: int = BACKLOG_LIMIT,
        chunk: int = CHUNK,
        breathe: Callable[[], None] = let_go,
    ) -> None:
        """`breathe` is called after each chunk: it lets go of the GIL. What it raises leaves `collect` and `take`.

        No value is lost then: what was not moved yet waits, and the interval goes on.
        """
        if chunk < 1:
            raise TailgateError(f"a recorder that counts {chunk} values at a time never ends", hint="chunk=1 or more")
        self.tag = tag
        self.breathe = breathe
        self._chunk = chunk
        self._lock = threading.Lock()
        self._pending: deque[int] = deque()
        self._counting = _Counting()
        self.record = _record_into(self._pending, backlog_limit, self._help)

    @property
    def backlog(self) -> int:
        """Values recorded and not yet counted."""
        return len(self._pending)

    def collect(self) -> None:
        """Move what was recorded before this call into the counts of the current interval."""
        with self._lock:
            self._collect()

    def take(self) -> Tally:
        """End the interval: give what was recorded since the last call, and begin anew."""
        with self._lock:
            self._collect()
            ended, self._counting = self._counting, _Counting()
        return ended.close()

    def _collect(self) -> None:
        """Move as many values as wait now; later ones are left, or a fast writer would hold the reader for ever."""
        waiting = len(self._pending)
        while waiting > 0:
            self._move(min(waiting, self._chunk))
            waiting -= self._chunk
            self.breathe()

    def _move(self, number: int) -> None:
        """Pop values and count them; only the holder of the lock pops, so there are as many as it saw."""
        pop = self._pending.popleft
        self._counting.add_values([pop() for _ in repeat(None, number)])

    def _help(self) -> None:
        """Move two values for the one just recorded, if nobody else is moving any: the backlog shrinks by one."""
        if self._lock.acquire(blocking=False):
            try:
                self._move(min(2, len(self._pending)))
            finally:
                self._lock.release()


def _record_into(pending: deque[int], limit: int, help_out: Callable[[], None]) -> Callable[[int], None]:
    """Make the function that records; closed-over names are what CPython reads fastest."""
    append = pending.append

    def record(value_ns: int) -> None:
        append(value_ns)
        if len(pending) > limit:
            help_out()

    return record
