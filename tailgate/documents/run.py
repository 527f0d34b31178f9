"""run.json: what a run says of itself: the command, the machine's fitness, what could not be measured."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tailgate.documents.envelope import document, keys

FILE: Final = "run.json"


@document(
    "run",
    2,
    title="the facts of a run",
    made_by="tailgate bench",
    migrations={1: lambda plain: plain},
    bare=keys("command", "began", "verdict"),
)
@dataclass(frozen=True, slots=True)
class RunFacts:
    """The facts of one run; began is seconds since the epoch, budgets are microseconds at p99.

    documents: the names of what was made of the results, beside them. inputs: what the suite says of its inputs.
    """

    command: str
    began: float
    seconds: float
    verdict: str
    notes: tuple[str, ...] = ()
    unavailable: Mapping[str, str] = field(default_factory=dict)
    budgets: Mapping[str, float] = field(default_factory=dict)
    documents: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()

    @property
    def when(self) -> str:
        """Return when it began."""
        return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(self.began))
