"""The client watched as a running system would be: `tailgate.monitor`, fed and emptied on the client's own loop.

A thread of its own would take the GIL in the middle of a frame. On the loop the backlog is emptied in pauses between
frames, and when there is no pause, every `_AT_LATEST_S`; the end of an interval costs a few milliseconds
(docs/monitor.md).
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tailgate.monitor import Monitor

if TYPE_CHECKING:
    from collections.abc import Callable

_LOOK_S: Final = 0.005
_AT_LATEST_S: Final = 0.05


class Watch:
    """A monitor with one recorder, the frames' latency; its lines go to the error output, its rows to a log."""

    def __init__(self, every_s: float, log: str, quiet: Callable[[], bool]) -> None:
        self._monitor = Monitor(report=_say)
        if log:
            Path(log).parent.mkdir(parents=True, exist_ok=True)
            self._monitor.log_to(Path(log))
        self.record = self._monitor.recorder("frames", breathe=_not_at_all).record  # no thread waits for the GIL
        self._every_s = every_s
        self._quiet = quiet
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Begin to collect, and to end intervals; the first, empty one pays for what is imported only then."""
        self._monitor.tick()
        now_s = asyncio.get_running_loop().time()
        self._look(now_s + _AT_LATEST_S, now_s + self._every_s)

    def end(self) -> int:
        """End the last interval and close the log; return how many values were counted in all."""
        if self._timer is not None:
            self._timer.cancel()
        self._monitor.close()
        return sum(each.total.count for each in self._monitor.snapshots())

    def _look(self, collect_by_s: float, tick_by_s: float) -> None:
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        if now_s >= tick_by_s:
            self._monitor.tick()
            tick_by_s += self._every_s
        elif now_s >= collect_by_s or self._quiet():
            self._monitor.collect()
            collect_by_s = now_s + _AT_LATEST_S
        self._timer = loop.call_later(_LOOK_S, self._look, collect_by_s, tick_by_s)


def _say(line: str) -> None:
    sys.stderr.write(f"monitor: {line}\n")
    sys.stderr.flush()


def _not_at_all() -> None:
    """Let nobody in."""
