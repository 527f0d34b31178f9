"""What is added to a history: one run with all that it found, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tailgate.documents.comparison import Kind
    from tailgate.documents.provenance import Commit, Interpreter, Machine
    from tailgate.results.exports import Row


@dataclass(frozen=True, slots=True)
class Result:
    """The distribution of one benchmark. Times are ns; tuples are by LADDER.

    low, high: the range of the raw p99 over the processes. histograms: by kind, HdrHistogram's compressed encoding.
    answers: the digest of its answers to the tape: another tape, or other answers, give another. sure: the number of
    steps of LADDER, from the first, that are more than advisory.
    """

    benchmark: str
    operations: int
    passes: int
    processes: int
    answers: str
    raw: tuple[float, ...]
    reproducible: tuple[float, ...]
    low_ns: float
    high_ns: float
    mean_ns: float
    max_ns: float
    sure: int
    histograms: tuple[tuple[Kind, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """What a comparison found of one percentile: log(head / base), and the standard deviation of the blocks' own.

    spread: None where the blocks are not there.
    """

    benchmark: str
    kind: Kind
    percentile: float
    log_ratio: float
    low: float | None
    high: float | None
    confidence: float
    spread: float | None
    blocks: int
    base_ns: float
    head_ns: float
    verdict: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one benchmark of a gate or a duel, and what the controls said."""

    benchmark: str
    verdict: str
    fitness: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One run. digest: names its content, so that it is added once; kind: of its document, or of the importer.

    when: seconds since the epoch. settings: as JSON. source: the tool that measured it. chained: see Provenance.
    """

    digest: str
    kind: str
    project: str
    when: float
    command: str
    source: str
    verdict: str
    fitness: str
    head: Commit | None
    base: Commit | None
    dirty: bool
    chained: bool
    machine: Machine
    interpreter: Interpreter
    settings: str
    results: tuple[Result, ...] = ()
    links: tuple[Link, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    measures: tuple[Row, ...] = ()

    def names(self) -> list[str]:
        """Return the names of all benchmarks, sorted: writers that meet take them in one order."""
        found = (self.results, self.links, self.judgements, self.measures)
        return sorted({each.benchmark for some in found for each in some})
