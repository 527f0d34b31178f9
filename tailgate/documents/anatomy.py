"""anatomy/<benchmark>.json: what the slowest operations of a benchmark are, and what happened in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tailgate.documents.envelope import document, keys

LEAST_SHARE: Final = 0.05
LEAST_LIFT: Final = 1.5
LEAST_COUNT: Final = 5

SLOW_ITSELF: Final = "slow in every pass"
UNEXPLAINED: Final = "no cause observed"


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a tail has a property, beside how much of everything has it. Counts are of samples or operations."""

    name: str
    tail_count: int
    tail_share: float
    whole_count: int
    whole_share: float

    @property
    def lift(self) -> float:
        """Return how many times more frequent it is in the tail."""
        return self.tail_share / self.whole_share if self.whole_share else 0.0

    @property
    def explains(self) -> bool:
        """Tell whether it is worth a sentence."""
        return self.tail_count >= LEAST_COUNT and self.tail_share >= LEAST_SHARE and self.lift >= LEAST_LIFT


@dataclass(frozen=True, slots=True)
class Tail:
    """One tail. labels: what its operations are, the most typical value of each label. causes: what happened in them.

    why: every operation of the tail once, by the first reason that fits; empty for the reproducible tail.
    """

    kind: str
    count: int
    of: int
    threshold_ns: float
    labels: tuple[Share, ...]
    causes: tuple[Share, ...]
    why: tuple[tuple[str, float], ...] = ()


def _reworded(plain: Any) -> Any:
    """Bring the one reason that had another name up to date."""
    why = [(UNEXPLAINED if name == "nothing that was seen" else name, share) for name, share in plain["raw"]["why"]]
    return plain | {"raw": plain["raw"] | {"why": why}}


@document(
    "anatomy",
    2,
    title="an anatomy of a tail",
    made_by="tailgate anatomy",
    migrations={1: _reworded},
    bare=keys("benchmark", "raw", "reproducible", "sentences"),
)
@dataclass(frozen=True, slots=True)
class Anatomy:
    """The anatomy of one benchmark over some processes; sentences are what it comes to."""

    benchmark: str
    percentile: float
    processes: int
    passes: int
    operations: int
    raw: Tail
    reproducible: Tail
    counters: Mapping[str, int]
    notes: tuple[str, ...]
    sentences: tuple[str, ...] = ()
