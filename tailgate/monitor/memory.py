"""Count what a running process holds: blocks, resident bytes, collections; jemalloc's figures if preloaded."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

STATM: Final = Path("/proc/self/statm")

JEMALLOC_FIGURES: Final = ("allocated", "active", "metadata", "resident", "mapped", "retained")
"""Of `stats.*`, in bytes: what the program asked for, the pages of it, and what the system gave."""


@dataclass(frozen=True, slots=True)
class MemoryFigures:
    """The state of the process's memory at one moment; None where the platform does not say."""

    allocated_blocks: int
    """Blocks of CPython's allocator; 0 under PYTHONMALLOC=malloc, which CPython does not count."""
    rss_bytes: int | None
    virtual_bytes: int | None
    gc_pending: tuple[int, ...]
    """Objects or collections that wait for the next collection, by generation, youngest first."""
    gc_collections: tuple[int, ...]
    """Collections since the start of the process, by generation."""
    gc_collected: int
    gc_uncollectable: int
    jemalloc_bytes: Mapping[str, int] = field(default_factory=dict)
    """Empty unless jemalloc serves this process."""


class Jemalloc:
    """Ask jemalloc for its statistics by mallctl; a few microseconds a reading."""

    def __init__(self, mallctl: Any) -> None:
        """`mallctl` is the C function, or what is called like it: name, old, size of old, new, size of new."""
        self._mallctl = mallctl

    @classmethod
    def find(cls, process: Any = None) -> Jemalloc | None:
        """Find it among the symbols of this process; None when another allocator serves it.

        A library that is loaded but does not serve malloc (a private copy of an extension) is not found: its symbols
        are not global, or bear a prefix.
        """
        try:
            found = getattr(ctypes.CDLL(None) if process is None else process, "mallctl", None)
        except OSError:
            return None
        return None if found is None else cls(found)

    def figures(self) -> dict[str, int]:
        """Return JEMALLOC_FIGURES in bytes; one that this build (without statistics) does not know is left out."""
        epoch = ctypes.c_uint64(1)
        self._mallctl(b"epoch", None, None, ctypes.byref(epoch), ctypes.c_size_t(8))  # else the figures are stale
        read = {name: self._read(f"stats.{name}") for name in JEMALLOC_FIGURES}
        return {name: value for name, value in read.items() if value is not None}

    def _read(self, name: str) -> int | None:
        value, size = ctypes.c_size_t(), ctypes.c_size_t(ctypes.sizeof(ctypes.c_size_t))
        failed = self._mallctl(name.encode(), ctypes.byref(value), ctypes.byref(size), None, ctypes.c_size_t(0))
        return None if failed else value.value


def read_memory(*, statm: Path = STATM, jemalloc: Jemalloc | None = None) -> MemoryFigures:
    """Read the figures of this process, in about 20 us; `statm` is absent outside Linux."""
    rss_bytes: int | None = None
    virtual_bytes: int | None = None
    try:
        virtual_pages, resident_pages = (int(pages) for pages in statm.read_text().split()[:2])
        page_bytes = os.sysconf("SC_PAGE_SIZE")
        rss_bytes, virtual_bytes = resident_pages * page_bytes, virtual_pages * page_bytes
    except (OSError, ValueError):
        pass  # not Linux, or a kernel that hides it: the figures stay unknown
    generations = gc.get_stats()
    return MemoryFigures(
        allocated_blocks=sys.getallocatedblocks(),
        rss_bytes=rss_bytes,
        virtual_bytes=virtual_bytes,
        gc_pending=gc.get_count(),
        gc_collections=tuple(generation["collections"] for generation in generations),
        gc_collected=sum(generation["collected"] for generation in generations),
        gc_uncollectable=sum(generation["uncollectable"] for generation in generations),
        jemalloc_bytes=jemalloc.figures() if jemalloc else {},
    )
