"""allocators.json: the memory that a benchmark takes under each allocator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tailgate.documents.envelope import document, lines

FILE: Final = "allocators.json"


@dataclass(frozen=True, slots=True)
class AllocatorMemory:
    """The memory of one benchmark under one allocator, with the state of a pass alive; None where nobody tells.

    rss_bytes: resident after the pass. grown_bytes: resident since before it. peak_bytes: the most that was resident.
    asked_bytes and held_bytes: what the program has of the allocator, and what the allocator has of the system.
    """

    allocator: str
    benchmark: str
    operations: int
    rss_bytes: int
    grown_bytes: int
    peak_bytes: int | None
    asked_bytes: int | None
    held_bytes: int | None
    jemalloc_bytes: Mapping[str, int]

    @property
    def fragmentation(self) -> float | None:
        """Return held over asked; 1.0 is none."""
        return self.held_bytes / self.asked_bytes if self.held_bytes and self.asked_bytes else None


@document(
    "allocators",
    2,
    title="memory by allocator",
    made_by="tailgate allocations --allocators all",
    migrations={1: lambda plain: {"weighed": plain}},
    bare=lines("allocator"),
)
@dataclass(frozen=True, slots=True)
class Allocators:
    """All that was weighed; missing: the allocators that are not here, with the reason and how to get them.

    inputs: what the suite says of its inputs.
    """

    weighed: tuple[AllocatorMemory, ...]
    missing: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
