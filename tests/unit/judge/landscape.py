"""A planted landscape: what each level costs, one pair that makes the best of each axis alone the wrong answer, noise.

`python -m tests.unit.judge.landscape --searches 100` counts how often a search finds the best of it, and what it costs.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tailgate.documents.search import SearchAxis, Space, Term
from tailgate.judge.search.conclude import search_of
from tailgate.judge.search.engine import CompositionSearch, Measured, SearchRules
from tailgate.results.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailgate.documents.search import Composition, Phase

TERMS = (Term("p99"),)
BASE_NS = 2_000.0


@dataclass
class Landscape:
    """Costs in ns over a base of 2,000: of each level, and of pairs of them beyond both alone.

    sd: of the logarithm of the ratio of two processes of one composition. machine: of what hits a whole block.
    """

    costs: Sequence[Sequence[float]]
    pairs: dict[tuple[tuple[int, int], tuple[int, int]], float]
    sd: float = 0.012
    machine: float = 0.1
    heavy: bool = False
    dying: dict[Composition, str] = field(default_factory=dict)

    @property
    def space(self) -> Space:
        axes = (SearchAxis(f"axis{n}", tuple(map(str, range(len(each))))) for n, each in enumerate(self.costs))
        return Space(tuple(axes))

    def ns(self, composition: Composition) -> float:
        alone = sum(costs[level] for costs, level in zip(self.costs, composition, strict=True))
        together = sum(
            cost for ((a, i), (b, j)), cost in self.pairs.items() if composition[a] == i and composition[b] == j
        )
        return BASE_NS + alone + together

    @cached_property
    def best_ns(self) -> float:
        """Return the least cost of all compositions."""
        every = sum(np.ix_(*(np.array(costs) for costs in self.costs)), np.array(BASE_NS))
        for ((a, i), (b, j)), cost in self.pairs.items():
            place: list[int | slice] = [slice(None)] * len(self.costs)
            place[a], place[b] = i, j
            every[tuple(place)] += cost
        return float(every.min())

    def best_alone(self) -> Composition:
        """Return the best of each axis alone, exchanged in the base."""
        chosen = []
        for axis, size in enumerate(self.space.sizes):
            swaps = [tuple(level if n == axis else 0 for n in range(len(self.costs))) for level in range(size)]
            chosen.append(min(range(size), key=lambda level, swaps=swaps: self.ns(swaps[level])))  # type: ignore[misc]
        return tuple(chosen)

    def search(self, seed: int, *, runs: int, rules: SearchRules | None = None, **more: object) -> CompositionSearch:
        """Return a search that may run so many processes."""
        rng = np.random.default_rng(1_000 + seed)
        used = 0

        def measure(_: Phase, sides: Sequence[Composition]) -> Measured:
            nonlocal used
            used += len(sides)
            failed = {each: self.dying[each] for each in sides if each in self.dying}
            block = rng.normal(0.0, self.machine)
            figures = {}
            for each in sides:
                noise = rng.standard_t(3) / math.sqrt(3.0) if self.heavy else rng.normal()
                figures[each] = (self.ns(each) * math.exp(block + noise * self.sd / math.sqrt(2.0)),)
            return Measured({each: row for each, row in figures.items() if each not in failed}, failed)

        rules = rules or SearchRules()
        return CompositionSearch(
            self.space,
            TERMS,
            rules,
            measure,
            lambda: (used + rules.sides - 1) / runs,
            seed=seed,
            **more,  # type: ignore[arg-type]
        )


def planted(seed: int, sizes: Sequence[int] = (5, 6, 6, 3, 4, 6, 2), **more: object) -> Landscape:
    """Return a landscape in the shape of a real one: per axis a few levels near the best, others slow or very slow.

    Two levels that are 2 % slower each, alone, save 10 % together: the best of each axis alone is 5 % behind the best.
    """
    rng = np.random.default_rng(seed)
    costs = []
    for size in sizes:
        near = rng.uniform(30.0, 150.0, size - 1)
        slow = rng.choice([1.0, 1.0, 10.0, 100.0], size - 1, p=[0.4, 0.2, 0.25, 0.15])
        costs.append([0.0, *(near * slow)])
        if rng.random() < 0.5:  # the base is not the best of this axis
            costs[-1][int(rng.integers(1, size))] = float(rng.uniform(-80.0, -20.0))
    big = [n for n, size in enumerate(sizes) if size > 2]
    one, other = sorted(int(n) for n in rng.choice(big, 2, replace=False))
    level, second = int(rng.integers(1, sizes[one])), int(rng.integers(1, sizes[other]))
    for axis, at in ((one, level), (other, second)):
        costs[axis][at] = min(cost for n, cost in enumerate(costs[axis]) if n != at) + 40.0
    return Landscape(costs, {((one, level), (other, second)): -200.0}, **more)  # type: ignore[arg-type]


SHAPES = {"2,160": (4, 5, 6, 3, 3, 2), "25,920": (5, 6, 6, 3, 4, 6, 2), "311,040": (5, 6, 6, 3, 4, 6, 2, 4, 3)}


def counted(shape: Sequence[int], searches: int, share: float, **noise: object) -> tuple[str, ...]:
    """Return, of so many searches: within 1 % of the best, proved, wrongly proved, and processes at the median."""
    good, proved, wrong, runs = 0, 0, 0, []
    for seed in range(searches):
        land = planted(seed, shape, **noise)
        one = land.search(seed, runs=int(land.space.size * share))
        one.run()
        told = search_of(one, "")
        near = one.winner is not None and land.ns(one.winner) <= 1.01 * land.best_ns
        swaps = [] if one.winner is None else land.space.swaps(one.winner)
        worse = one.winner is not None and land.ns(one.winner) > 1.01 * min(land.ns(each) for each in swaps)
        good += near
        proved += told.verdict == "proved"
        wrong += told.verdict == "proved" and worse
        runs.append(told.runs)
    return f"{good}", f"{proved}", f"{wrong}", f"{np.median(runs):,.0f}"


def main() -> None:
    """Count for several shapes and kinds of noise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--searches", type=int, default=100)
    parser.add_argument("--shapes", nargs="*", default=list(SHAPES))
    options = parser.parse_args()
    rows = []
    for name in options.shapes:
        shape = SHAPES[name]
        share = min(0.05, 3_000 / math.prod(shape)) if math.prod(shape) > 20_000 else 0.4
        for noise, sd in (("normal", 0.012), ("normal", 0.025), ("t3", 0.012)):
            found = counted(shape, options.searches, share, sd=sd, heavy=noise == "t3")
            rows.append((name, f"{share:.1%}", noise, f"{100 * sd:g} %", *found))
            sys.stderr.write(f"{rows[-1]}\n")
    columns = ("compositions", "budget", "noise", "spread", "within 1 %", "proved", "proved, and wrong", "processes")
    sys.stdout.write(Table(f"{options.searches} searches of each", columns, tuple(rows)).markdown() + "\n")


if __name__ == "__main__":
    main()
