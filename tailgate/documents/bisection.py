"""bisect.json: which commit of a range made a benchmark slower; its blocks are kept, so that it can be gone on with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from tailgate.documents.comparison import Shift
from tailgate.documents.envelope import document
from tailgate.documents.explanation import Explanation

FILE: Final = "bisect.json"
Word = Literal["found", "several", "slow rise", "none", "undecided"]


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of the range: its place (0: the good one), and what is known of it.

    skipped: why it could not be measured; empty for one that was, or did not need to be.
    """

    place: int
    commit: str
    title: str
    merge: bool = False
    skipped: str = ""

    @property
    def short(self) -> str:
        """Return the commit as it is told."""
        return self.commit[:10]


@dataclass(frozen=True, slots=True)
class Round:
    """One set of revisions that ran in lockstep: their places, and the percentile in ns of every block and side.

    shifts: of each side against the round's first, with an interval from the scatter of all blocks. answer: what the
    blocks say, with its posterior. gaps: the sides (from 0) behind which a step lies.
    """

    places: tuple[int, ...]
    rows: tuple[tuple[float, ...], ...]
    shifts: tuple[Shift, ...] = ()
    answer: Literal["", "none", "steps", "slow rise"] = ""
    gaps: tuple[int, ...] = ()
    posterior: float = 0.0
    decided: bool = False


@dataclass(frozen=True, slots=True)
class Guilty:
    """Where the percentile steps: between two places; more than one commit where those between were skipped."""

    after: int
    place: int
    shift: Shift
    posterior: float


@dataclass(frozen=True, slots=True)
class Open:
    """A range of places in which something rises that is not told to a commit, and why not."""

    after: int
    place: int
    why: str


@document("bisection", 1, title="a bisection", made_by="tailgate bisect")
@dataclass(frozen=True, slots=True)
class Bisection:
    """A bisection's whole answer; alpha: the error it was asked for, over all rounds. margin: a fraction."""

    verdict: Word
    benchmark: str
    percentile: float
    margin: float
    alpha: float
    commits: tuple[Commit, ...]
    rounds: tuple[Round, ...]
    guilty: tuple[Guilty, ...] = ()
    open: tuple[Open, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    settings: Mapping[str, str | int | float] = field(default_factory=dict)
    interrupted: bool = False
    explanations: tuple[Explanation, ...] = ()
    batch: int = 1  # operations that were timed together: the percentile is of batches

    def between(self, each: Guilty) -> tuple[Commit, ...]:
        """Return the commits of which one is guilty."""
        return self.commits[each.after + 1 : each.place + 1]
