"""What a history says of one benchmark: the chained ratio, the absolute figures by machine, and where they changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tailgate.documents.comparison import Kind
from tailgate.documents.envelope import document

Nature = Literal["step", "drift", "range"]


@dataclass(frozen=True, slots=True)
class ChainPoint:
    """One commit of the main line. log_ratio: against the first commit of its piece, with its 95 % interval.

    None where no comparison reaches the commit. piece: commits of one piece are linked by comparisons; -1 for none.
    """

    commit: str
    when: datetime
    title: str
    log_ratio: float | None
    low: float | None
    high: float | None
    piece: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison that the chain is made of, as it was measured: log_ratio of head over base, its own interval.

    verdict: of the gate or the duel on this benchmark. low, high: None where that end is open.
    """

    base: str
    head: str
    machine: str
    verdict: str
    log_ratio: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Gap:
    """Two neighbours of the main line that no comparison joins: what happened between them is not known."""

    base: str
    head: str


@dataclass(frozen=True, slots=True)
class Change:
    """Where a figure changed: after `base`, at the latest with `head`; equal ends but for one commit name it exactly.

    kind: "step" is one commit; "drift" is several that no one of makes the change; "range" is a comparison over several
    commits that nothing in between explains. probability: that it lies there, given that there is one; of a step over
    the commits that may have made it, which are `commits`. log_ratio: with its 95 % interval.
    """

    kind: Nature
    base: str
    head: str
    commits: tuple[str, ...]
    probability: float
    log_ratio: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class LevelPoint:
    """One run. low, high: the range over its processes. dirty: it had changes that are in no commit.

    ladder: the percentiles of LADDER, of which `value` is one.
    """

    run: int
    commit: str
    when: datetime
    value: float
    low: float | None
    high: float | None
    dirty: bool
    ladder: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Level:
    """The absolute figures of one machine, interpreter and settings: only these may be held against each other."""

    machine: str
    told: str
    interpreter: str
    settings: str
    unit: str
    points: tuple[LevelPoint, ...]
    changes: tuple[Change, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """A count per operation of one commit, which no machine changes."""

    commit: str
    when: datetime
    what: str
    value: float


@document("trend", 1, title="a trend", made_by="tailgate history show --json")
@dataclass(frozen=True, slots=True)
class Trend:
    """All of it, of one benchmark and one figure of it. links: how many comparisons the chain is made of."""

    project: str
    benchmark: str
    kind: Kind
    percentile: float
    links: int
    chain: tuple[ChainPoint, ...]
    gaps: tuple[Gap, ...]
    changes: tuple[Change, ...]
    levels: tuple[Level, ...]
    counts: tuple[Counted, ...]
    notes: tuple[str, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
