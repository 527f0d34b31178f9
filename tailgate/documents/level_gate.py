"""What `history gate` finds: one run against the last ones of the same machine, by absolute figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tailgate.documents.comparison import Kind, Shift
from tailgate.documents.envelope import document

Word = Literal["PASS", "REGRESSION", "UNDECIDED"]


@dataclass(frozen=True, slots=True)
class Levelled:
    """One benchmark. runs: that it was held against; shift: from their mean, with the interval that one more run has.

    usual: the standard deviation of a run, as a log ratio. detectable: the least log ratio that 9 of 10 such gates
    find; None for so few runs.
    """

    benchmark: str
    verdict: Word
    runs: int
    value_ns: float
    mean_ns: float
    shift: Shift
    usual: float | None
    detectable: float | None


@document("history-gate", 1, title="a verdict from absolute figures", made_by="tailgate history gate")
@dataclass(frozen=True, slots=True)
class LevelGate:
    """All benchmarks of a run. exit_status: 0 pass, 1 regression, 3 undecided."""

    verdict: Word
    exit_status: int
    run: int
    commit: str
    when: datetime
    machine: str
    kind: Kind
    percentile: float
    margin: float
    alpha: float
    benchmarks: tuple[Levelled, ...]
