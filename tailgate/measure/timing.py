"""Where the time of a run goes, phase by phase: what `--timing` prints."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tailgate.results.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(slots=True)
class Timing:
    """Seconds and times by phase; a phase within another is taken from the outer one, so that the sum is the whole."""

    clock: Callable[[], float] = time.monotonic
    seconds: dict[str, float] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    inside: dict[str, float] = field(default_factory=dict)  # parts of phases, which the sum has already
    _within: list[float] = field(default_factory=list)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Take the time of what happens inside."""
        began = self.clock()
        self._within.append(0.0)
        try:
            yield
        finally:
            took = self.clock() - began
            own = took - self._within.pop()
            if self._within:
                self._within[-1] += took
            self.seconds[name] = self.seconds.get(name, 0.0) + own
            self.times[name] = self.times.get(name, 0) + 1

    def add(self, other: Timing) -> None:
        """Add what another process took its time for: of blocks that ran at once the sum is more than the wall time."""
        for mine, theirs in ((self.seconds, other.seconds), (self.inside, other.inside)):
            for name, seconds in theirs.items():
                mine[name] = mine.get(name, 0.0) + seconds
        for name, times in other.times.items():
            self.times[name] = self.times.get(name, 0) + times

    @contextmanager
    def within(self, name: str) -> Iterator[None]:
        """Note the time of what happens inside as a part: the phases in it stay what they are."""
        began = self.clock()
        try:
            yield
        finally:
            self.part(name, self.clock() - began)

    def part(self, name: str, seconds: float) -> None:
        """Note how much of a phase was something in particular."""
        self.inside[name] = self.inside.get(name, 0.0) + seconds


def timing_table(timing: Timing) -> Table:
    """Return the seconds of each phase, and their share of the whole."""
    whole = sum(timing.seconds.values()) or 1.0
    rows = [
        (name, f"{seconds:.2f}", f"{seconds / whole:.0%}", str(timing.times[name]))
        for name, seconds in sorted(timing.seconds.items(), key=lambda each: -each[1])
    ]
    rows += [
        (f"of which {name}", f"{seconds:.2f}", f"{seconds / whole:.0%}", "") for name, seconds in timing.inside.items()
    ]
    return Table("Where the time went", ("phase", "seconds", "share", "times"), tuple(rows), (f"{whole:.1f} s in all",))
