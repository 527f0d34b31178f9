"""What was measured of each implementation at each size, and how its cost grows. Times are ns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from documents.sizes.growth import Bend, Growth, bend_of, growth_of
from documents.span import Span
from tailgate.documents.envelope import document, keys

NAME: Final = "sizes.json"
LEAST_OPERATIONS: Final = 400
"""Of a p99: the snapshots that open the books, one in two hundred at most, are no part of it."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One implementation along one dimension: a Span over the blocks for each size, of the reproducible percentiles.

    p99: None where fewer than LEAST_OPERATIONS fitted the time; operations: different ones, of a pass.

    growth, bend: of the p50, None where it has too few sizes, and no bend. tail: the growth of the p99.
    """

    dimension: str
    unit: str
    path: str
    implementation: str
    sizes: tuple[int, ...]
    p50: tuple[Span, ...]
    p99: tuple[Span | None, ...]
    operations: tuple[int, ...]
    growth: Growth | None
    tail: Growth | None
    bend: Bend | None


@document("sizes", 1, title="a result of cost against size", made_by="nox -s sizes", bare=keys("curves"))
@dataclass(frozen=True, slots=True)
class Sizes:
    """One invocation. unavailable: by benchmark, why it was not measured."""

    command: str
    machine: Mapping[str, str | int | float]
    curves: tuple[Curve, ...]
    unavailable: Mapping[str, str]


def curve_of(
    dimension: tuple[str, str],
    path: str,
    implementation: str,
    points: Mapping[int, tuple[Span, Span, int]],
) -> Curve:
    """Return a curve with its growth; dimension: name and unit. points: p50, p99 and operations by size."""
    sizes = tuple(sorted(points))
    p50, tails, operations = zip(*(points[size] for size in sizes), strict=True)
    p99 = tuple(span if count >= LEAST_OPERATIONS else None for span, count in zip(tails, operations, strict=True))
    middles = [span.value for span in p50]
    long = {size: span.value for size, span in zip(sizes, p99, strict=True) if span}
    growth, tail = growth_of(sizes, middles), growth_of(list(long), list(long.values()))
    bend = bend_of(sizes, middles)
    return Curve(*dimension, path, implementation, sizes, p50, p99, operations, growth, tail, bend)


def grouped(curves: Sequence[Curve]) -> dict[tuple[str, str], list[Curve]]:
    """Return the curves by dimension and path, in their order."""
    found: dict[tuple[str, str], list[Curve]] = {}
    for each in curves:
        found.setdefault((each.dimension, each.path), []).append(each)
    return found
