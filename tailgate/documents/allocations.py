"""allocations.json: what an operation of each benchmark allocates, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tailgate.documents.envelope import document, lines

FILE: Final = "allocations.json"


@dataclass(frozen=True, slots=True)
class Site:
    """One line of code that allocates."""

    function: str
    file: str  # relative to the project, the installed packages or the standard library
    line: int
    per_operation: float
    bytes_per_operation: float

    def __str__(self) -> str:
        """Return `file:line`."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class StageCount:
    """The part of one stage, for a benchmark that has stages."""

    stage: str
    per_operation: float
    bytes_per_operation: float


@dataclass(frozen=True, slots=True)
class AllocationCount:
    """What a benchmark allocates, over one warm pass from fresh state.

    per_operation: calls of an allocator, Python's own included. bytes_per_operation: what they asked for.
    retained_per_operation: bytes still held at the end of the pass, after a collection: growth. peak_bytes: the most
    that was held at once, beyond what was held when the pass began, collections off. sites: most calls first.
    """

    benchmark: str
    operations: int
    per_operation: float
    bytes_per_operation: float
    retained_per_operation: float
    peak_bytes: int
    sites: tuple[Site, ...]
    stages: tuple[StageCount, ...] = ()


@document(
    "allocations",
    2,
    title="counts of allocations",
    made_by="tailgate allocations",
    migrations={1: lambda plain: {"counts": plain}},
    bare=lines("per_operation"),
)
@dataclass(frozen=True, slots=True)
class Allocations:
    """All counts of a run; unavailable: why the others were not counted; inputs: what the suite says of its inputs."""

    counts: tuple[AllocationCount, ...]
    unavailable: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
