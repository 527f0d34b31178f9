"""Work whose duration is known to be steady: what the gate is calibrated on, beside the project's own benchmarks."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

from tailgate.benchmark import Workload, benchmark

if TYPE_CHECKING:
    from collections.abc import Mapping

STEADY: Final = "fixture/steady"
_OPERATIONS: Final = 20_000
_LENGTH: Final = 40


@benchmark(STEADY, role="recommended")
def steady(_settings: Mapping[str, Any]) -> Workload:
    """Sort short lists of floats: about two microseconds each, and hardly a tail of its own."""
    rng = random.Random(20_000)
    lists = [[rng.random() for _ in range(_LENGTH)] for _ in range(_OPERATIONS)]
    return Workload(inputs=lists, start=lambda: sorted)
