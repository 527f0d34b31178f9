"""A figure of several runs or blocks together, and the least and the greatest of a single one."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Span:
    """A figure and its range; none of the runs is chosen by its outcome."""

    value: float
    low: float
    high: float


def span_of(values: Iterable[float]) -> Span:
    """Return the median of at least one value, with its range."""
    found = list(values)
    return Span(median(found), min(found), max(found))
