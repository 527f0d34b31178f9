"""Logarithmic axes as plain numbers: where a value lies between 0 and 1, and which round values to label."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_FINE: Final = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Tick:
    """A label on an axis, at a fraction of its length."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class LogScale:
    """A logarithmic axis from `low` to `high`, both above 0."""

    low: float
    high: float

    def at(self, value: float) -> float:
        """Return the fraction of the axis, 0 to 1; what lies beyond an end is put on it."""
        if value <= self.low:
            return 0.0
        if self.high <= self.low or value >= self.high:
            return 1.0
        return math.log(value / self.low) / math.log(self.high / self.low)

    def ticks(self, label: Callable[[float], str], most: int = 9) -> tuple[Tick, ...]:
        """Label 1, 2 and 5 of each decade, or the decades alone where these are more than `most`."""
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        fine = [step * 10.0**decade for decade in range(first, last + 1) for step in _FINE]
        shown = [value for value in fine if self.low <= value * 1.0001 and value <= self.high * 1.0001]
        if len(shown) > most:
            decades = [value for value in shown if abs(math.log10(value) - round(math.log10(value))) < 1e-9]
            stride = max(1, math.ceil(len(decades) / most))
            shown = decades[::stride]
        return tuple(Tick(self.at(value), label(value)) for value in shown)


def log_scale(values: Iterable[float], margin: float = 1.15) -> LogScale:
    """Return the axis that holds all positive values, `margin` times wider at both ends."""
    kept = [value for value in values if math.isfinite(value) and value > 0] or [1.0, 10.0]
    return LogScale(min(kept) / margin, max(kept) * margin)


def tick_duration(ns: float) -> str:
    """Return a round duration for an axis: 200 ns, 5 µs, 10 ms."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("\u00b5s", 1e3)):
        if ns >= size * 0.999:
            return f"{ns / size:g} {unit}"
    return f"{ns:g} ns"


def tick_times(factor: float) -> str:
    """Return a factor for an axis: 0.5x, 2x, 10x."""
    return f"{factor:g}x"
