"""profile.json: where the time or the memory of an operation goes, as one profiler saw it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from tailgate.documents.envelope import document

FILE: Final = "profile.json"
_IMPLAUSIBLE: Final = 0.95

Unit = Literal["ns", "bytes", "allocations"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of code: its share of an operation, callees not included."""

    where: str
    share: float


@document("profile", 1, title="a profile", made_by="tailgate profile PROFILER SELECTOR")
@dataclass(frozen=True, slots=True)
class ProfileDocument:
    """One benchmark under one profiler.

    operations: how many were profiled. per_operation: the whole of one of them, in `unit`. undisturbed_ns: what one
    takes without the profiler, waiting: the share of that in which its thread waited. slowdown: how many times longer
    it takes under the profiler. lines: by share, greatest first. functions: what an operation spends in each, callees
    included, in `unit`; of each line, where the profiler knows no stacks. inputs: what the suite says of its inputs.
    """

    profiler: str
    benchmark: str
    unit: Unit
    operations: int
    per_operation: float
    undisturbed_ns: float
    waiting: float
    slowdown: float
    lines: tuple[Line, ...]
    functions: Mapping[str, float]
    notes: tuple[str, ...]
    files: tuple[str, ...]
    inputs: tuple[str, ...] = ()

    @property
    def plausible(self) -> bool:
        """Tell whether the slowdown is one: a profiler makes nothing faster, so other work hides what it costs."""
        return self.slowdown >= _IMPLAUSIBLE
