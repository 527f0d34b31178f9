"""Watch a running system: end the intervals of its recorders, log their percentiles, write the histogram log.

A monitor does nothing by itself: somebody calls `collect` often and `tick` at the end of each interval. `running` does
both in a thread; an event loop may call them from a timer instead.

Guarantees
    1. What a recorder recorded is in exactly one row of the log, in order, however often writing fails: an interval
       that could not be written is added to the next one, and its row spans both.
    2. No failure of the disk, of the reporter, of the memory's figures or of a recorder's `breathe` stops the recording
       or leaves `tick`; each is counted in `failures` and handed to `on_failure`. A `breathe` that failed is not called
       again.
    3. `tick` imports hdrh when it first runs, whose extension turns the GIL on in a free-threaded interpreter that
       was not started with `-X gil=0`; recording and collecting import nothing.
    4. A forked child's copy of a monitor is silent: it ends no interval and writes nothing, for the parent does.
    5. Intervals of one recorder touch: one begins where the one before it ended, by a clock that never jumps.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from tailgate.errors import TailgateError
from tailgate.monitor.hlog import HlogWriter, Interval, check_tag
from tailgate.monitor.memory import Jemalloc, MemoryFigures, read_memory
from tailgate.monitor.recorder import Recorder, Tally, let_go
from tailgate.monitor.report import interval_line, memory_line
from tailgate.monitor.schedule import Rhythm, run_rhythm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tailgate.results.histogram import Histogram

LOGGER: Final = logging.getLogger("tailgate.monitor")


class Clock(Protocol):
    """The two clocks of a monitor."""

    def wall_ns(self) -> int:
        """Return nanoseconds since the epoch; asked once, when the monitor is made."""

    def monotonic_ns(self) -> int:
        """Return nanoseconds of a clock that never goes back."""


class SystemClock:
    """The machine's clocks."""

    def wall_ns(self) -> int:
        """Return nanoseconds since the epoch."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """Return nanoseconds of the monotonic clock."""
        return time.monotonic_ns()


@dataclass(slots=True)
class _Watched:
    """One recorder, and what became of its intervals."""

    recorder: Recorder
    total: Tally
    last: Tally
    unwritten: Tally | None
    """Intervals that the log has not taken yet, added up."""
    unwritten_from_ns: int
    """Where that, or the next interval, begins; by the monotonic clock."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known of one recorder after a tick."""

    tag: str
    total: Tally
    """Since the monitor was made."""
    last: Tally
    """The last whole interval."""
    backlog: int


class Monitor:
    """Own the recorders of a process and what is reported of them."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        log: HlogWriter | None = None,
        report: Callable[[str], object] = LOGGER.info,
        on_failure: Callable[[str, Exception], object] | None = None,
        memory: Callable[[], MemoryFigures] | None = None,
    ) -> None:
        """`report` gets a line a recorder and one on memory at each tick; `on_failure` what failed and why."""
        self._clock = clock or SystemClock()
        self._log = log
        self._report = report
        self._on_failure = on_failure or _log_failure
        self._read_memory = memory or _memory_reader()
        self._watched: dict[str, _Watched] = {}
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._begun_ns = self._clock.monotonic_ns()
        self.base_ns = self._clock.wall_ns()
        """The wall clock, in nanoseconds since the epoch, when the monitor was made: rows are dated from it."""
        self.failures: dict[str, int] = {"log": 0, "report": 0, "memory": 0, "breathe": 0}
        self.memory: MemoryFigures | None = None
        """As of the last tick."""

    def log_to(self, path: Path) -> None:
        """Write the intervals from now on to a histogram log, appending; raise TailgateError if it cannot be opened.

        The log before is closed, or kept where the new one cannot be opened: no interval is lost, and none is in both.
        """
        with self._lock:  # no row may be half written, were it the same file
            before, self._log = self._log, HlogWriter.open(path, base_ns=self.base_ns)
        if before is not None:
            before.close()

    def recorder(self, tag: str = "", **options: Any) -> Recorder:
        """Make the recorder of `tag`, with the options of Recorder; a tag is given once."""
        check_tag(tag)
        with self._lock:
            if tag in self._watched:
                raise TailgateError(f"there is a recorder with the tag {tag!r} already", hint="share that one")
            recorder = Recorder(tag, **options)
            begun_ns = self._clock.monotonic_ns()
            self._watched[tag] = _Watched(recorder, Tally(), Tally(), None, begun_ns)
        return recorder

    def collect(self) -> None:
        """Move the backlogs into the counts; call it about every 100 ms, or when the event loop is idle."""
        for watched in tuple(self._watched.values()):
            try:
                watched.recorder.collect()
            except Exception as error:  # noqa: BLE001  # foreign code: `running` must go on
                self._breathless(watched.recorder, error)

    def tick(self) -> None:
        """End the interval of every recorder: log it, report it, read the memory's figures. Never raises."""
        if os.getpid() != self._pid:
            return  # before the lock, which another thread of the parent may have held when it forked
        with self._lock:
            try:
                self.memory = self._read_memory()
            except Exception as error:  # noqa: BLE001  # a monitor must not take down what it watches
                self._failed("memory", error)
            lines = [self._end_interval(watched) for watched in self._watched.values()]
            if self.memory is not None:
                lines.append(memory_line(self.memory))
        try:
            for line in lines:
                self._report(line)
        except Exception as error:  # noqa: BLE001  # as above: the reporter is foreign code
            self._failed("report", error)

    def snapshots(self) -> list[Snapshot]:
        """Return what is known of every recorder, as of the last tick."""
        with self._lock:
            return [Snapshot(w.recorder.tag, w.total, w.last, w.recorder.backlog) for w in self._watched.values()]

    def close(self) -> None:
        """End the last intervals and close the log."""
        self.tick()
        if self._log is not None:
            self._log.close()
            self._log = None

    @contextmanager
    def running(self, *, every_s: float = 10.0, collect_every_s: float = 0.1) -> Iterator[Monitor]:
        """Collect and tick in a daemon thread while the block runs; close the monitor at its end."""
        stop = threading.Event()
        rhythm = Rhythm(short_s=collect_every_s, long_s=every_s)
        thread = threading.Thread(
            target=run_rhythm,
            args=(rhythm, self.collect, self.tick),
            kwargs={"monotonic_ns": self._clock.monotonic_ns, "wait": stop.wait},
            name="tailgate-monitor",
            daemon=True,
        )
        thread.start()
        try:
            yield self
        finally:
            stop.set()
            thread.join()
            self.close()

    def _end_interval(self, watched: _Watched) -> str:
        """Take the interval, add it to what is known, write it, and return its line."""
        ended_ns = self._clock.monotonic_ns()
        tally = self._take(watched.recorder)
        length_ns = ended_ns - watched.unwritten_from_ns
        watched.last, watched.total = tally, watched.total + tally
        whole = tally if watched.unwritten is None else watched.unwritten + tally
        histogram = tally.histogram()
        row = histogram if whole is tally else whole.histogram()
        if self._log is None or self._write(self._log, watched, row, length_ns):
            watched.unwritten, watched.unwritten_from_ns = None, ended_ns
        else:
            watched.unwritten = whole
        return interval_line(watched.recorder.tag, tally, histogram, self.failures["log"])

    def _take(self, recorder: Recorder) -> Tally:
        try:
            return recorder.take()
        except Exception as error:  # noqa: BLE001  # foreign code; the interval has not ended
            self._breathless(recorder, error)
            return recorder.take()

    def _breathless(self, recorder: Recorder, error: Exception) -> None:
        recorder.breathe = let_go
        self._failed("breathe", error)

    def _write(self, log: HlogWriter, watched: _Watched, row: Histogram, length_ns: int) -> bool:
        """Write one row; return whether the log took it."""
        start_ns = self.base_ns + watched.unwritten_from_ns - self._begun_ns
        try:
            log.write(Interval(watched.recorder.tag, start_ns, length_ns, row))
        except Exception as error:  # noqa: BLE001  # whatever the disk says, the recording goes on
            self._failed("log", error)
            return False
        return True

    def _failed(self, part: str, error: Exception) -> None:
        self.failures[part] += 1
        try:
            self._on_failure(part, error)
        except Exception:  # foreign code again, and the last resort has failed
            LOGGER.debug("the handler of failures failed", exc_info=True)


def _memory_reader() -> Callable[[], MemoryFigures]:
    jemalloc = Jemalloc.find()
    return lambda: read_memory(jemalloc=jemalloc)


def _log_failure(part: str, error: Exception) -> None:
    LOGGER.error("the monitor's %s failed, recording goes on: %s", part, error)
