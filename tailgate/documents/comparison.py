"""What every comparison is made of: a shift with its interval, and the percentiles that the blocks left."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Self

import numpy as np

from tailgate.statistics.estimate import Estimate, ratio_percent
from tailgate.statistics.quantiles import LADDER
from tailgate.statistics.shift import log_ratios

if TYPE_CHECKING:
    from numpy.typing import NDArray

Kind = Literal["raw", "reproducible"]
KINDS: Final[tuple[Kind, ...]] = ("reproducible", "raw")


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


@dataclass(slots=True)
class Series:
    """The percentiles of all blocks, in ns: by kind and side one row a block, one column a step of LADDER.

    operations: of a pass, each another one. recorded: samples of a process. clock_step_ns: the clock's resolution.
    """

    rows: dict[Kind, dict[str, list[tuple[float, ...]]]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    operations: int = 0
    recorded: int = 0
    clock_step_ns: int = 1

    def take(self, other: Series, number: int) -> None:
        """Take one block of another series."""
        self.operations, self.recorded, self.clock_step_ns = other.operations, other.recorded, other.clock_step_ns
        for kind in KINDS:
            for side, rows in other.rows[kind].items():
                self.rows[kind].setdefault(side, []).append(rows[number])

    @property
    def different(self) -> int:
        """Return how many different operations a process counts: after a change of turns samples are kept out."""
        return min(self.operations, self.recorded)

    def __len__(self) -> int:
        """Return the number of blocks."""
        return max((len(rows) for rows in self.rows["raw"].values()), default=0)

    def ratios(self, kind: Kind, base: str, head: str) -> NDArray[np.float64]:
        """Return log(head / base), shape (blocks, steps of LADDER)."""
        return log_ratios(self.rows[kind][base], self.rows[kind][head])

    def ratio_at(self, kind: Kind, base: str, head: str, p: float) -> NDArray[np.float64]:
        """Return log(head / base) of one percentile, one value a block."""
        column: NDArray[np.float64] = self.ratios(kind, base, head)[:, LADDER.index(p)]
        return column

    def median_ns(self, kind: Kind, side: str, p: float) -> float:
        """Return the median over blocks of one percentile of one side."""
        return float(np.median(np.asarray(self.rows[kind][side])[:, LADDER.index(p)]))

    def step(self, kind: Kind, side: str, p: float) -> float:
        """Return the log ratio that one step of the clock makes of one percentile: nothing smaller can be measured."""
        median_ns = self.median_ns(kind, side, p)
        return math.log1p(self.clock_step_ns / median_ns) if median_ns else math.inf

    def environment_share(self, side: str, p: float) -> float:
        """Return the part of the raw percentile that is not reproducible: the machine's share."""
        raw_ns = self.median_ns("raw", side, p)
        return 1.0 - self.median_ns("reproducible", side, p) / raw_ns if raw_ns else 0.0


def first_shift(estimate: Mapping[str, Any]) -> dict[str, Any]:
    """Return a shift of what schema 1 wrote: an Estimate, or the gate's own form of it."""
    value = estimate["estimate"] if "estimate" in estimate else estimate["log_ratio"]
    ends = {end: estimate[end] if estimate[end] is None else finite(estimate[end]) for end in ("low", "high")}
    return {"log_ratio": value, **ends, "confidence": estimate.get("confidence", 0.0)}


SECOND_ARMS: Final = {"control": "negative-control", "canary": "positive-control"}


def second_series(series: Mapping[str, Any]) -> dict[str, Any]:
    """Return a series of what schema 2 wrote, which called the clock's step otherwise."""
    return renamed(series, {"grain_ns": "clock_step_ns"})


def second_arms(series: Mapping[str, Any]) -> dict[str, Any]:
    """Return the series of a gate's arms of what schema 2 wrote: its two controls had other names, too."""
    found = second_series(series)
    return found | {"rows": {kind: renamed(rows, SECOND_ARMS) for kind, rows in found["rows"].items()}}


def renamed(plain: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return the same values; a key that has another name now stands under that."""
    return {names.get(key, key): value for key, value in plain.items()}
