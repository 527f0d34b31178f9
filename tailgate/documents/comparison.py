"""What every comparison is made of: a shift with its interval, and the percentiles that the blocks left."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from tailgate.statistics.estimate import Estimate, ratio_percent

Kind = Literal["raw", "reproducible"]


@dataclass(frozen=True, slots=True)
class Shift:
    """A log ratio, head over base, with its interval; None is an end that so few blocks do not bound."""

    log_ratio: float
    low: float | None
    high: float | None
    confidence: float = 0.0

    @classmethod
    def of(cls, estimate: Estimate) -> Self:
        """Return what the statistics found."""
        return cls(estimate.estimate, finite(estimate.low), finite(estimate.high), estimate.confidence)

    @property
    def percent(self) -> str:
        """Return the shift as a signed percentage."""
        return signed(self.log_ratio)

    @property
    def interval(self) -> str:
        """Return the interval in percent; an end that is not bounded is open."""
        return f"[{_end(self.low)}, {_end(self.high)}]"


def signed(log_ratio: float) -> str:
    """Return a log ratio as a signed percentage."""
    return f"{ratio_percent(log_ratio):+.2f} %"


def _end(log_ratio: float | None) -> str:
    return "open" if log_ratio is None else signed(log_ratio)


def finite(value: float) -> float | None:
    """Return the value, or None where it is infinite or no number."""
    return value if math.isfinite(value) else None


@dataclass(frozen=True, slots=True)
class Blocks:
    """The percentiles of all blocks, in ns: by kind and side one row a block, one column a step of LADDER.

    operations: of a pass, each another one. recorded: samples of a process. grain_ns: the clock's resolution.
    """

    operations: int
    recorded: int
    rows: Mapping[Kind, Mapping[str, tuple[tuple[float, ...], ...]]]
    grain_ns: int = 1


def first_shift(estimate: Mapping[str, Any]) -> dict[str, Any]:
    """Return a shift of what schema 1 wrote: an Estimate, or the gate's own form of it."""
    value = estimate["estimate"] if "estimate" in estimate else estimate["log_ratio"]
    ends = {end: estimate[end] if estimate[end] is None else finite(estimate[end]) for end in ("low", "high")}
    return {"log_ratio": value, **ends, "confidence": estimate.get("confidence", 0.0)}
