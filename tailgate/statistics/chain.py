"""Chains ratios: from comparisons of commits with each other to where each commit stands to the first.

A comparison says log(head / base) with its variance. Logarithms add along a path and so do their variances; where
comparisons reach over several commits, or meet, the least squares of all of them give every commit its place (as in the
adjustment of a levelling network: heights from differences). The error grows from the first commit on, and no machine
stands in it: each comparison was within one.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from tailgate.statistics.errors import StatisticsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tailgate.statistics.estimate import Floats

HODGES_LEHMANN: Final = math.pi / 3
"""The variance of the Hodges-Lehmann estimate over that of the mean, of normal blocks (Hodges and Lehmann 1963)."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One comparison of two commits, by their places on the main line: log(head / base), its variance."""

    base: int
    head: int
    log_ratio: float
    variance: float


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a commit stands to the first commit of its piece: log ratio and variance. piece: numbered from 0."""

    place: int
    log_ratio: float
    variance: float
    piece: int


def combined(comparisons: Iterable[Compared]) -> list[Compared]:
    """Return one comparison a pair of commits, forwards: those of one pair are weighted by 1 / variance."""
    found: dict[tuple[int, int], tuple[float, float]] = {}
    for each in comparisons:
        if each.base == each.head:
            continue
        if not each.variance > 0.0:
            raise StatisticsError(f"a comparison has the variance {each.variance}: it must be above 0")
        forwards = each.base < each.head
        pair = (each.base, each.head) if forwards else (each.head, each.base)
        weight, total = found.get(pair, (0.0, 0.0))
        value = each.log_ratio if forwards else -each.log_ratio
        found[pair] = (weight + 1.0 / each.variance, total + value / each.variance)
    return [Compared(*pair, total / weight, 1.0 / weight) for pair, (weight, total) in sorted(found.items())]


def chain(comparisons: Iterable[Compared]) -> list[Placed]:
    """Return where every commit stands that a comparison reaches, in order; the first of each piece at 0."""
    links = combined(comparisons)
    found = []
    for number, piece in enumerate(_pieces(links)):
        own = [each for each in links if each.base in piece]
        places = sorted(piece)
        ratios, variances = _path(own, places) if _is_path(own, places) else _least_squares(own, places)
        found += [
            Placed(place, float(ratio), float(variance), number)
            for place, ratio, variance in zip(places, ratios, variances, strict=True)
        ]
    return sorted(found, key=lambda each: each.place)


def _pieces(links: Sequence[Compared]) -> list[set[int]]:
    """Return the sets of commits that comparisons link, that of the earliest commit first."""
    piece_of: dict[int, set[int]] = {}
    for each in links:
        joined = piece_of.setdefault(each.base, {each.base}) | piece_of.setdefault(each.head, {each.head})
        for place in joined:
            piece_of[place] = joined
    return sorted({id(piece): piece for piece in piece_of.values()}.values(), key=min)


def _is_path(links: Sequence[Compared], places: Sequence[int]) -> bool:
    pairs = list(itertools.pairwise(places))
    return [(each.base, each.head) for each in links] == pairs


def _path(links: Sequence[Compared], places: Sequence[int]) -> tuple[Floats, Floats]:
    """Add up: each commit was held against the one before it, and against no other."""
    ratios, variances = np.zeros(len(places)), np.zeros(len(places))
    ratios[1:] = np.cumsum([each.log_ratio for each in links])
    variances[1:] = np.cumsum([each.variance for each in links])
    return ratios, variances


def _least_squares(links: Sequence[Compared], places: Sequence[int]) -> tuple[Floats, Floats]:
    """Solve the weighted normal equations, the first commit held at 0; the inverse holds the variances."""
    row = {place: number - 1 for number, place in enumerate(places)}
    size = len(places) - 1
    matrix, right = np.zeros((size, size)), np.zeros(size)
    for each in links:
        base, head, weight = row[each.base], row[each.head], 1.0 / each.variance
        matrix[head, head] += weight
        right[head] += weight * each.log_ratio
        if base >= 0:
            matrix[base, base] += weight
            matrix[base, head] -= weight
            matrix[head, base] -= weight
            right[base] -= weight * each.log_ratio
    inverse = np.linalg.inv(matrix)
    return np.concatenate([[0.0], inverse @ right]), np.concatenate([[0.0], np.diag(inverse)])
