"""What was measured of each implementation at each size, and how its cost grows. Times are ns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from documents.sizes.growth import Bend, Growth, bend_of, growth_of
from documents.span import Span
from tailgate.documents.envelope import document, keys

NAME: Final = "sizes.json"


@dataclass(frozen=True, slots=True)
class Curve:
    """One implementation along one dimension: a Span over the blocks for each size, of the reproducible percentiles.

    growth, bend: of the p50, None where it has too few sizes, and no bend. tail: the growth of the p99.
    """

    dimension: str
    unit: str
    path: str
    implementation: str
    sizes: tuple[int, ...]
    p50: tuple[Span, ...]
    p99: tuple[Span, ...]
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
    points: Mapping[int, tuple[Span, Span]],
) -> Curve:
    """Return a curve with its growth; dimension: name and unit. points: p50 and p99 by size."""
    sizes = tuple(sorted(points))
    p50, p99 = ([points[size][which] for size in sizes] for which in (0, 1))
    middles, tails = ([each.value for each in spans] for spans in (p50, p99))
    growth, tail, bend = growth_of(sizes, middles), growth_of(sizes, tails), bend_of(sizes, middles)
    return Curve(*dimension, path, implementation, sizes, tuple(p50), tuple(p99), growth, tail, bend)


def grouped(curves: Sequence[Curve]) -> dict[tuple[str, str], list[Curve]]:
    """Return the curves by dimension and path, in their order."""
    found: dict[tuple[str, str], list[Curve]] = {}
    for each in curves:
        found.setdefault((each.dimension, each.path), []).append(each)
    return found
