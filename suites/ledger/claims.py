"""The claims of the performance analysis behind this project, as DESIGN's table has them.

I4 to I6 are rows of our own: native code, of which the analysis claims nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Judged = Literal["p99", "allocations", "saved", "throughput"]
"""What a claim speaks of: the time at p99, allocations an operation, microseconds saved, operations a second."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One bottleneck, its fix, and what was claimed of it.

    claimed: as it was written. bounds: the same as (least, most): factors, or microseconds where `judged` is `saved`;
    None where no figure was claimed. A percentage is read as that much less time: 50 % lower is a factor of 2.
    """

    id: str
    phase: int | None
    bottleneck: str
    fix: str
    claimed: str = ""
    bounds: tuple[float, float] | None = None
    judged: Judged = "p99"


def less(low_percent: float, high_percent: float) -> tuple[float, float]:
    """Return as factors what so many per cent less time are."""
    return 1 / (1 - low_percent / 100), 1 / (1 - high_percent / 100)


CLAIMS: Final = (
    Claim("B1", 2, "JSON decode allocates for each message", "SIMD / typed decode", "2-3x", (2, 3)),
    Claim(
        "B2",
        2,
        "message handled inside the receive loop",
        "bounded SPSC hand-off",
        "40-60 % lower under load",
        less(40, 60),
    ),
    Claim(
        "B3",
        1,
        "heap rebuilt on every update",
        "sorted map, or a better structure",
        "5-10x",
        (5, 10),
    ),
    Claim("B4", None, "containers grow under load", "no capacity to grow", "fewer allocations", judged="allocations"),
    Claim("B5", 2, "several lookups under a lock", "atomic counters first", "50-70 %", less(50, 70)),
    Claim(
        "B6",
        1,
        "rate limiter always awaits",
        "try first, wait only when empty",
        "20-40 µs at low load",
        (20, 40),
        "saved",
    ),
    Claim(
        "B7",
        1,
        "a new HTTP client / connection each time",
        "pool, keep-alive",
        "30-50 %",
        less(30, 50),
    ),
    Claim(
        "B8",
        1,
        "JSON between processes",
        "MessagePack, or fixed binary layout",
        "3-5x",
        (3, 5),
    ),
    Claim(
        "M1",
        2,
        "a fresh buffer for each message",
        "object pool",
        "40-60 % fewer allocator calls",
        less(40, 60),
        "allocations",
    ),
    Claim("M2", None, "an order deep-copied for each retry", "share one immutable order"),
    Claim("M3", None, "snapshots allocate", "bounded, preallocated levels"),
    Claim("C1", 2, "manager of books behind a lock", "lock-free map", "2-3x throughput", (2, 3), "throughput"),
    Claim("C2", 3, "threads float over CPUs", "thread affinity", "15-25 %", less(15, 25)),
    Claim("I1", 1, "generic interpreter", "-march=native", "15-25 %", less(15, 25)),
    Claim("I2", 3, "no profile-guided optimisation", "PGO, trained on the pipeline", "10-15 %", less(10, 15)),
    Claim("I3", 3, "default allocator", "jemalloc, mimalloc"),
    Claim("I4", None, "hot paths interpreted", "extension modules (Cython), still interchangeable"),
    Claim("I5", None, "hot paths interpreted", "the same Python sources compiled (mypyc)"),
    Claim("I6", None, "hot paths interpreted", "the whole pipeline fused in one extension module"),
)
BY_ID: Final = {each.id: each for each in CLAIMS}

PHASES: Final = (
    ("1", ("B3", "B8", "B7", "B6", "I1"), "3-5x", (3.0, 5.0)),
    ("2", ("B1", "M1", "B5", "B2", "C1"), "5-8x", (5.0, 8.0)),
    ("3", ("I2", "C2", "I3"), "8-12x", (8.0, 12.0)),
)
"""Phase, the fixes it adds, what was claimed of all fixes up to it."""

STEP_OF: Final = {"B1": "decode", "B2": "handoff", "B3": "book", "B5": "risk", "B6": "limiter", "B8": "codec"}
"""The fixes that are a step of the in-process pipeline."""
