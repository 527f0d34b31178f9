"""What is found of a machine: the state of each condition, the jitter of a CPU, and what two CPUs cost each other.

Plain data without a reader of its own: the probes run where msgspec may be missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Literal

Verdict = Literal["fit", "usable with care", "unfit"]

Status = Literal["met", "missing", "absent"]
"""`absent`: the machine has no such thing, or hides it: there is nothing to set, and nothing that we could see."""

Severity = Literal["note", "care", "unfit"]
"""What a missing condition costs: `note` is worth a line, `care` widens the tail, `unfit` makes figures worthless."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found of one condition: `state` is one line; `advice` is empty unless something is missing."""

    name: str
    status: Status
    severity: Severity
    state: str
    advice: str = ""

    def line(self) -> str:
        """Say it in one line, with the advice."""
        return f"{self.name}: {self.state}" + (f" - {self.advice}" if self.advice else "")


@dataclass(frozen=True, slots=True)
class JitterProfile:
    """What one CPU lost while the clock was read on it.

    `lost_share` is the time inside gaps beyond an ordinary step, over the duration: 0 to 1. `step_ns` is the mean
    ordinary step, which bounds the resolution.
    """

    cpu: int
    duration_ns: int
    reads: int
    step_ns: float
    above_1us: int
    above_10us: int
    above_100us: int
    above_1ms: int
    longest_ns: int
    lost_share: float

    def per_second(self, count: int) -> float:
        """Turn a count of gaps into gaps a second."""
        return count * 1_000_000_000 / self.duration_ns if self.duration_ns else 0.0

    def describe(self) -> str:
        """Say it in one line."""
        rates = ", ".join(
            f"{self.per_second(count):.0f} above {label}"
            for label, count in (
                ("1 µs", self.above_1us),
                ("10 µs", self.above_10us),
                ("100 µs", self.above_100us),
                ("1 ms", self.above_1ms),
            )
        )
        return (
            f"{self.lost_share:.2%} of the time lost, gaps a second: {rates}, longest {self.longest_ns / 1000:.0f} µs"
        )


@dataclass(frozen=True, slots=True)
class Sharing:
    """How much longer the same work takes on `cpu` while `other` works: 1 is not at all.

    `ratios` has one for each round, in which the two states followed upon each other. `idle_share` is how much of the
    time in which `other` was to rest it was idle, 0 to 1: where somebody else works there all the while, the two
    states are one, and their ratio is 1 whatever the two CPUs share. None where the kernel does not count it.
    """

    cpu: int
    other: int
    ratios: tuple[float, ...]
    idle_share: float | None = None

    @property
    def times(self) -> float:
        """Return the median over the rounds."""
        return median(self.ratios)

    @property
    def bounds(self) -> tuple[float, float]:
        """Return what encloses the median: the ratios without the least and the greatest, where there are that many."""
        inner = sorted(self.ratios)[1:-1] or sorted(self.ratios)
        return inner[0], inner[-1]

    def describe(self) -> str:
        """Say it in one line."""
        low, high = self.bounds
        return f"CPU {self.cpu} takes x{self.times:.2f} [x{low:.2f}, x{high:.2f}] while CPU {self.other} works"
