"""What several runs of one kind say together: none is chosen by its outcome.

The histograms of all runs that count are merged, and the least and the greatest value of a run stand beside each
percentile. A run that failed does not count, and marks the sum; where all failed, they are shown and say so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from documents.times import Times
from documents.wire.runs import growth_ns
from documents.wire.spec import NOTHING, RunSpec
from tailgate.results import histogram
from tailgate.results.table import marked
from tailgate.statistics.quantiles import is_advisory
from tailgate.statistics.sign_flip import hodges_lehmann

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from documents.wire.runs import Run

PERCENTS: Final = (50.0, 90.0, 99.0, 99.9, 100.0)
NAMES: Final = ("p50", "p90", "p99", "p99.9", "max")
P50: Final = 0
P99: Final = 2


def _micros(ns: float) -> str:
    return f"{ns / 1e3:,.{1 if ns < 1e6 else 0}f}"


@dataclass(frozen=True, slots=True)
class Figures:
    """Percentiles in ns by PERCENTS: of all runs together, the least and the greatest of one, and how many values.

    advisory: a run has too few values for more; the maximum is what it is.
    """

    ns: tuple[float, ...]
    low_ns: tuple[float, ...]
    high_ns: tuple[float, ...]
    advisory: tuple[bool, ...]
    count: int

    def micros(self, place: int, *, ends: bool = True) -> str:
        """Return one percentile in microseconds with its range over the runs, ~ before it where it is advisory."""
        text = _micros(self.ns[place])
        if ends and self.low_ns[place] != self.high_ns[place]:
            text += f" [{_micros(self.low_ns[place])}, {_micros(self.high_ns[place])}]"
        return marked(text, advisory=self.advisory[place])


@dataclass(frozen=True, slots=True)
class Cost:
    """What the runs cost, and what went wrong: the worst of them. None where no run came to its end."""

    cpu_ns_per_frame: float | None
    memory_kib: int
    memory_slope_kib_per_s: float
    lost: int
    growth_ns: float
    sender_late_p99_ns: int
    client_waited_ns: int | None
    sender_waited_ns: int
    slowed: float


@dataclass(frozen=True, slots=True)
class Summary:
    """All runs of one spec. offered, achieved: of the run that fell shortest.

    failures: why runs do not count, one text a failed run. against: the p50 and p99 over the transport's own, with the
    range over the turns; None where the transport was not measured, or either has no run that counts.
    """

    spec: RunSpec
    runs: int
    failures: tuple[str, ...]
    offered: float
    achieved: float
    latency: Figures
    with_order: Figures | None
    without_order: Figures | None
    service: Figures
    leaving: Figures | None
    acknowledged: Figures | None
    cost: Cost
    against: tuple[Times, Times] | None = None

    @property
    def failed(self) -> int:
        """Count the runs that do not count."""
        return len(self.failures)

    @property
    def counts(self) -> bool:
        """Tell whether any run does."""
        return self.failed < self.runs

    @property
    def label(self) -> str:
        """Name what was measured, why, and how many of its runs failed."""
        marks = {"measure": (), "capacity": ("capacity search",), "soak": ("soak",)}[self.spec.purpose]
        failed = "failed" if not self.counts else f"{self.failed} of {self.runs} runs failed" if self.failed else ""
        told = ", ".join(filter(None, (*marks, failed)))
        return self.spec.composition.name + (f" ({told})" if told else "")


def summarise(runs: Iterable[Run]) -> tuple[Summary, ...]:
    """Put the runs of each spec together, in the order in which the specs first came."""
    groups: dict[RunSpec, list[Run]] = {}
    for run in runs:
        groups.setdefault(run.spec, []).append(run)
    found = {spec: _summary(spec, group) for spec, group in groups.items()}
    for spec, own in found.items():
        alone = replace(spec, composition=spec.composition.transport())
        if alone != spec and alone in found and own.counts and found[alone].counts:
            found[spec] = replace(own, against=ratios(groups[alone], groups[spec]))
    return tuple(found.values())


def ratios(base: Sequence[Run], head: Sequence[Run]) -> tuple[Times, Times] | None:
    """Return head over base at p50 and p99: of the turns in which both count, the middle one and the range.

    The middle is Hodges' and Lehmann's, as in the ledger. Merged over merged is no factor of any turn: one stall in a
    run of the transport was seen to make 0.19x of turns that are 0.07x to 2.33x.
    """
    bases, heads = ({run.turn: run for run in counting(runs)} for runs in (base, head))
    turns = bases.keys() & heads.keys()
    if not turns:
        return None

    def at(place: int) -> Times:
        parts = [latency([heads[turn]]).ns[place] / latency([bases[turn]]).ns[place] for turn in turns]
        return Times(math.exp(hodges_lehmann([math.log(part) for part in parts])), min(parts), max(parts))

    return at(P50), at(P99)


def counting(runs: Sequence[Run]) -> list[Run]:
    """Return the runs that did not fail."""
    return [run for run in runs if not run.failures]


def latency(runs: Sequence[Run]) -> Figures:
    """Return the time from the intended sending of a frame until its order has left, or its handling is done."""
    return _needed([(run.client.with_order, run.client.without_order) for run in runs])


def leaving(runs: Sequence[Run]) -> Figures | None:
    """Return the time from the intended sending of a frame until the order left that it led to, for each order."""
    return figures([(run.client.leaving,) for run in runs])


@lru_cache(4096)
def _merged(encoded: tuple[str, ...]) -> tuple[tuple[float, ...], int]:
    of = histogram.merge(map(histogram.decode, encoded))
    return tuple(map(float, histogram.percentiles(of, PERCENTS))), histogram.count(of)


def figures(runs: Sequence[tuple[str, ...]]) -> Figures | None:
    """Return the figures of each run's histograms, all merged; None where nothing was recorded.

    A run that recorded nothing is left out of the range, and not of what is advisory.
    """
    each = [_merged(encoded) for encoded in runs]
    ns, count = _merged(tuple(text for encoded in runs for text in encoded))
    if not count:
        return None
    columns = list(zip(*(one for one, number in each if number), strict=True))
    least = min(number for _, number in each)
    advisory = tuple(percent < 100 and is_advisory(percent / 100, least) for percent in PERCENTS)
    return Figures(ns, tuple(map(min, columns)), tuple(map(max, columns)), advisory, count)


def _needed(runs: Sequence[tuple[str, ...]]) -> Figures:
    nothing = (0.0,) * len(PERCENTS)
    return figures(runs) or Figures(nothing, nothing, nothing, (True,) * len(PERCENTS), 0)


def _summary(spec: RunSpec, runs: Sequence[Run]) -> Summary:
    shown = counting(runs) or runs
    least = min(shown, key=lambda run: run.achieved / run.offered if run.offered else 0.0)
    sends = spec.composition.gateway != NOTHING
    return Summary(
        spec,
        len(runs),
        tuple("; ".join(run.failures) for run in runs if run.failures),
        least.offered,
        least.achieved,
        latency(shown),
        figures([(run.client.with_order,) for run in shown]),
        figures([(run.client.without_order,) for run in shown]),
        _needed([(run.client.service,) for run in shown]),
        leaving(shown) if sends else None,
        figures([(run.client.acknowledged,) for run in shown]) if sends else None,
        _cost(shown, runs),
    )


def _cost(shown: Sequence[Run], runs: Sequence[Run]) -> Cost:
    ended = [run.client for run in shown if run.client.cpu_ns > 0]  # read behind the last frame: else no account
    return Cost(
        max((each.cpu_ns / max(1, each.measured) for each in ended), default=None),
        max(kib for run in shown for _, kib in run.client.memory_kib),
        max(run.memory_slope_kib_per_s for run in shown),
        sum(run.lost for run in runs),
        max(growth_ns(run.client.backlog_ns) for run in shown),
        max(run.sender.lag_p99_ns for run in shown),
        max((each.waited_ns for each in ended), default=None),
        max(run.sender.waited_ns for run in shown),
        max(run.sender.slowed for run in shown),
    )
