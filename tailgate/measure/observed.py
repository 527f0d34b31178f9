"""Reads back what an observing worker wrote: numpy lives in the coordinator alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tailgate.measure.observe import FAULTS, GC, LABELS, SEGMENTS, SWITCHES

if TYPE_CHECKING:
    from collections.abc import Mapping


def load_observed(samples: str, operations: int) -> Mapping[str, Any]:
    """Read the files beside a worker's samples.

    starts: int64, (passes, operations), when each began. gc: (collections, 3), begin, end, generation. switches:
    (n, 3), out, in, 1 where it was preempted; segments, where they could only be counted: (n, 4), pass, first
    operation, the one behind the last, involuntary switches. faults: (n,). Times are ns of the monotonic clock; what
    could not be observed is None. stages: (passes, operations, stages), ns, None for a benchmark that
    has none. labels: one mapping an operation, or None. counters: sums over the passes. notes: why
    something is missing.
    """
    path = Path(f"{samples}.observed")
    if not path.is_file():
        return {}
    plain = json.loads(path.read_text(encoding="utf-8"))
    starts = np.fromfile(f"{samples}.starts", dtype=np.int64).reshape(-1, operations)
    shapes = {GC: (-1, 3), SWITCHES: (-1, 3), SEGMENTS: (-1, 4), FAULTS: (-1,)}
    arrays = {
        name: None if plain[name] is None else np.array(plain[name], dtype=np.int64).reshape(shape)
        for name, shape in shapes.items()
    }
    parts = Path(f"{samples}.stages")
    stages = np.fromfile(parts, dtype=np.int64).reshape(*starts.shape, -1) if parts.is_file() else None
    return {"starts": starts, "stages": stages, **arrays, **{key: plain[key] for key in (LABELS, "counters", "notes")}}
