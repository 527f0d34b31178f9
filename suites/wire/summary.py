"""Reads a run's histograms and puts runs side by side: plain numbers, in microseconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tailgate.results.histogram import count, decode, percentiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from suites.wire.run import Outcome
    from suites.wire.spec import RunSpec, WireComposition

PERCENTS: Final = (50.0, 90.0, 99.0, 99.9, 100.0)
NAMES: Final = ("p50", "p90", "p99", "p99.9", "max")


@dataclass(frozen=True, slots=True)
class Spread:
    """Percentiles of one distribution in microseconds, and how many values it has."""

    values_us: tuple[float, ...]  # as PERCENTS
    count: int

    @property
    def p50(self) -> float:
        """Give the median."""
        return self.values_us[0]

    @property
    def p99(self) -> float:
        """Give the 99th percentile."""
        return self.values_us[2]


@dataclass(frozen=True, slots=True)
class Summary:
    """One composition at one rate: its best run (least p99 among those that count) and what the others were."""

    composition: WireComposition
    rate: float
    best: Outcome
    runs: int
    failed: int

    @property
    def label(self) -> str:
        """Name what was measured; a run that does not count is shown, and says so."""
        return f"{self.composition.name} (failed)" if self.failures else self.composition.name

    @property
    def failures(self) -> tuple[str, ...]:
        """Say why no run counts; nothing when one does."""
        return self.best.failures


def spread(encoded: str) -> Spread:
    """Read a histogram."""
    histogram = decode(encoded)
    return Spread(tuple(value / 1e3 for value in percentiles(histogram, PERCENTS)), count(histogram))


def latency(outcome: Outcome) -> Spread:
    """Give the time from the intended sending of a frame until its order has left, or its handling is done."""
    return spread(outcome.client["latency"])


def summarise(outcomes: Iterable[Outcome]) -> list[Summary]:
    """Group runs by composition and rate, in the order in which they first came."""
    groups: dict[tuple[WireComposition, float], list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault((outcome.spec.composition, outcome.spec.rate), []).append(outcome)
    return [
        Summary(composition, rate, best_of(runs), len(runs), sum(bool(run.failures) for run in runs))
        for (composition, rate), runs in groups.items()
    ]


def best_of(runs: Sequence[Outcome]) -> Outcome:
    """Give the run with the least p99 among those that did not fail; of failed ones alone, the least bad."""
    return min(runs, key=lambda run: (bool(run.failures), run.lost, latency(run).p99))


def floor_of(summary: Summary, all_summaries: Iterable[Summary]) -> Summary | None:
    """Find the transport's own runs at the same rate."""
    for other in all_summaries:
        same = other.composition == summary.composition.floor() and other.rate == summary.rate
        if same and other.composition != summary.composition:
            return other
    return None


def describe(spec: RunSpec) -> str:
    """Name what a run is of, for a line of progress."""
    tape = spec.tape.capture or f"seed {spec.tape.seed}"
    return f"{spec.composition.name} at {spec.rate:,.0f}/s, {tape}, {spec.tape.pace} pace, {spec.duration_s:g} s"
