"""Threads that met: what each contender did in each turn, and what the turns show together. Times are ns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

from documents.span import Span, span_of
from tailgate.documents.envelope import document, keys
from tailgate.statistics.rank import rank

NAME: Final = "contention.json"
PERCENTILES: Final = (0.5, 0.99, 0.999)
TAIL: Final = 0.999
"""From this percentile on the samples are asked how many of them waited for a whole switch interval."""


@dataclass(frozen=True, slots=True)
class Contender:
    """Who runs. build: an interpreter by name; interval_s: sys.setswitchinterval's; reads: after each write."""

    subject: str
    implementation: str
    threads: int
    placement: str
    build: str
    interval_s: float
    reads: int

    @property
    def name(self) -> str:
        """Return the name of the rows, without what every contender of a subject shares."""
        return f"{self.subject}/{self.implementation}"


@dataclass(frozen=True, slots=True)
class ThreadRun:
    """One run. operations: of each thread; done: those that count; writes, reads: how often each duration came.

    failure: what was lost or wrong, or why the process did not end well; empty for a run that counts.
    """

    contender: Contender
    turn: int
    operations: tuple[int, ...] = ()
    done: int = 0
    seconds: float = 0.0
    writes: Mapping[int, int] = field(default_factory=dict)
    reads: Mapping[int, int] = field(default_factory=dict)
    gil: str = ""
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Waits:
    """One kind of operation: how many were timed, their percentiles, and whose the tail is.

    percentiles: in the order of PERCENTILES, merged over the runs. switched: of the slowest samples, from TAIL on, the
    share that lasted a switch interval or longer: they waited for a thread that was not made to let go before.
    """

    count: int
    percentiles: tuple[Span, ...]
    switched: float


@dataclass(frozen=True, slots=True)
class Contended:
    """One contender over all its runs that count.

    throughput: operations a second; its value is the median. fairness: Jain's index of the threads' operations, 1 where
    all did as many, 1/n where one did all; hand-offs have none, whose threads do different things.
    """

    contender: Contender
    runs: int
    failed: int
    gil: str
    throughput: Span | None
    fairness: Span | None
    write: Waits | None
    read: Waits | None


@document("contention", 1, title="a run of threads that meet", made_by="nox -s contention", bare=keys("contended"))
@dataclass(frozen=True, slots=True)
class Contention:
    """One invocation. unavailable: by contender's name, why it did not run."""

    command: str
    machine: Mapping[str, str]
    runs: tuple[ThreadRun, ...]
    contended: tuple[Contended, ...]
    unavailable: Mapping[str, str]


def contention_of(
    command: str, machine: Mapping[str, str], runs: Sequence[ThreadRun], unavailable: Mapping[str, str]
) -> Contention:
    """Return the document of these runs, with what they show computed."""
    contenders = sorted({run.contender for run in runs}, key=_place)
    shown = tuple(_contended(each, [run for run in runs if run.contender == each]) for each in contenders)
    return Contention(command, dict(machine), tuple(runs), shown, dict(unavailable))


def percentile_of(counts: Mapping[int, int], p: float) -> int:
    """Return a percentile of durations that are given with how often each came, by the project's one rule."""
    ordered = sorted(counts)
    wanted = rank(sum(counts.values()), p)
    reached = accumulate(counts[each] for each in ordered)
    return next(each for each, seen in zip(ordered, reached, strict=True) if seen >= wanted)


def jain(operations: Sequence[int]) -> float:
    """Return Jain's index of fairness (1984): the square of the sum over n times the sum of the squares."""
    squares = len(operations) * sum(each * each for each in operations)
    return sum(operations) ** 2 / squares if squares else 1.0


def _place(of: Contender) -> tuple[object, ...]:
    return of.subject, of.implementation, of.threads, of.reads, of.build, of.placement, of.interval_s


def _contended(contender: Contender, runs: Sequence[ThreadRun]) -> Contended:
    good = [run for run in runs if not run.failure]
    failed = len(runs) - len(good)
    if not good:
        return Contended(contender, 0, failed, "", None, None, None, None)
    alike = contender.subject != "handoff"
    interval_ns = contender.interval_s * 1e9
    return Contended(
        contender,
        len(good),
        failed,
        good[0].gil,
        span_of(run.done / run.seconds for run in good),
        span_of(jain(run.operations) for run in good) if alike else None,
        _waits([run.writes for run in good], interval_ns),
        _waits([run.reads for run in good], interval_ns),
    )


def _waits(each: Sequence[Mapping[int, int]], interval_ns: float) -> Waits | None:
    merged: Counter[int] = Counter()
    for counts in each:
        merged.update(counts)
    if not merged:
        return None
    single = [counts for counts in each if counts]
    spans = tuple(
        Span(percentile_of(merged, p), *(end(percentile_of(counts, p) for counts in single) for end in (min, max)))
        for p in PERCENTILES
    )
    count = merged.total()
    slowest = count - rank(count, TAIL) + 1
    waited = sum(seen for duration, seen in merged.items() if duration >= interval_ns)
    return Waits(count, spans, min(waited, slowest) / slowest)
