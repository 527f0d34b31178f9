"""Bencher Metric Format: by benchmark and measure a value with its bounds. It names no commit, time or machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tailgate.history.imports.common import Foreign, entry, number
from tailgate.results.exports import Row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tailgate.history.entries import Entry

_UNITS = {"latency": "ns", "throughput": "operations / s", "file-size": "byte", "build-time": "s"}
"""Those of Bencher's own measures; another measure's unit is not in the file."""


def recognises(plain: Any) -> bool:
    """Tell whether every benchmark has measures with a value, and nothing else."""
    return (
        isinstance(plain, dict)
        and bool(plain)
        and all(
            isinstance(each, dict) and each and all(isinstance(m, dict) and "value" in m for m in each.values())
            for each in plain.values()
        )
    )


def read(plain: Any, path: Path, project: str) -> Iterator[Entry]:
    """Yield one run, of the time at which the file was written."""
    rows = [
        Row(name, measure, _unit(measure), value, number(told.get("lower_value")), number(told.get("upper_value")))
        for name, measures in plain.items()
        for measure, told in measures.items()
        if (value := number(told.get("value"))) is not None
    ]
    yield entry(Foreign("bencher", path, project, path.stat().st_mtime, rows, dated=False))


def _unit(measure: str) -> str:
    """Return the unit of a measure of Bencher's, or of one that `tailgate export` named after its unit."""
    return _UNITS.get(measure, "ns" if measure.endswith("-ns") else "%" if measure.endswith("-percent") else "")
