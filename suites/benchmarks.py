"""Everything that is measured here: each path by itself, and the pipeline. The instrument reads this module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suites.paths import book, codec, decode, handoff, limiter, risk
from suites.pipeline import benchmarks as pipeline
from suites.pipeline.axes import axes
from suites.pipeline.benchmarks import resolve
from suites.settings import SETTINGS, inspect

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tailgate import Benchmark

_PATHS = (decode, handoff, book, risk, limiter, codec)

__all__ = ["SETTINGS", "accept", "axes", "benchmarks", "inspect", "resolve"]


def benchmarks() -> list[Benchmark]:
    """Return all benchmarks, the pipeline last; nothing that is only named is imported."""
    return [each for module in (*_PATHS, pipeline) for each in module.benchmarks()]


def accept(levels: Mapping[str, str], note: str) -> Path:
    """Write what a search proved where `recommended` is declared; return the file."""
    from suites.pipeline.accepting import accept as write  # noqa: PLC0415  no worker needs it

    return write(levels, note)
