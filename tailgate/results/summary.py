"""Computes the summary of a bench: percentiles, ratios to the path's bottleneck, and what is left of the budgets."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from tailgate.documents.bench import P99, BenchFigures, BenchSummary, Ratio, Spending, StageFigures
from tailgate.results import histogram
from tailgate.statistics.quantiles import LADDER, is_advisory
from tailgate.statistics.sign_flip import hodges_lehmann

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tailgate.results.histogram import Histogram
    from tailgate.results.load import BenchmarkResult, ProcessResult, Results


def summarise(results: Results, budgets: Mapping[str, float], inputs: Sequence[str] = ()) -> BenchSummary:
    """Return the summary of a run; budgets: by benchmark or group, in microseconds at the raw p99; inputs: notes."""
    found = []
    for members in results.groups().values():
        base = next((each for each in members if each.role == "bottleneck"), None)
        found += [figures(each, base) for each in members]
    order = [each.name for each in results.benchmarks]
    benchmarks = tuple(sorted(found, key=lambda each: order.index(each.name)))
    return BenchSummary(benchmarks, tuple(_spendings(benchmarks, budgets)), tuple(inputs))


def figures(result: BenchmarkResult, base: BenchmarkResult | None = None) -> BenchFigures:
    """Return the figures of one benchmark; base: the bottleneck that it is held against."""
    merged = result.raw()
    each = [ladder(process.raw) for process in result.processes]
    return BenchFigures(
        result.name,
        result.path,
        result.implementation,
        result.group,
        result.role,
        result.operations,
        result.passes,
        len(result.processes),
        result.tape,
        ladder(merged),
        tuple(min(column) for column in zip(*each, strict=True)),
        tuple(max(column) for column in zip(*each, strict=True)),
        ladder(result.reproducible()),
        ladder(result.first_pass()),
        tuple(is_advisory(p, result.different()) for p in LADDER),
        float(histogram.maximum(merged)),
        histogram.mean(merged),
        result.floor_inside_ns,
        result.floor_total_ns,
        () if base is None or base is result else tuple(ratio(result, base, place) for place in range(len(LADDER))),
        tuple(_stage(result, stage) for stage in result.stages()),
    )


def _stage(result: BenchmarkResult, stage: str) -> StageFigures:
    merged = histogram.merge(process.stages[stage] for process in result.processes)
    return StageFigures(stage, ladder(merged), histogram.mean(merged))


def ladder(of: Histogram) -> tuple[float, ...]:
    """Return the percentiles of LADDER of a histogram, in ns."""
    return tuple(map(float, histogram.percentiles(of, [100 * p for p in LADDER])))


def ratio(result: BenchmarkResult, base: BenchmarkResult, place: int) -> Ratio | None:
    """Return base over result at the LADDER's `place`, from the blocks that both have; None where one is 0 ns."""
    theirs = _by_block(base)
    pairs = [
        (ladder(theirs[block].raw)[place], ladder(mine.raw)[place])
        for block, mine in _by_block(result).items()
        if block in theirs
    ]
    if not pairs or not all(map(min, pairs)):  # no block in common, or less than a step of the clock
        return None
    logs = [math.log(slow / fast) for slow, fast in pairs]
    return Ratio(math.exp(hodges_lehmann(logs)), math.exp(min(logs)), math.exp(max(logs)))


def _by_block(result: BenchmarkResult) -> dict[tuple[int, int], ProcessResult]:
    """Return the processes by block; a file merged of several runs has each block once from every run, in order."""
    seen: Counter[int] = Counter()
    found = {}
    for process in result.processes:
        found[process.block, seen[process.block]] = process
        seen[process.block] += 1
    return found


def _spendings(benchmarks: Sequence[BenchFigures], budgets: Mapping[str, float]) -> list[Spending]:
    """Hold each budget against the benchmark, or the group's recommended one, that it names; others are left out."""
    found = []
    for name, budget_us in budgets.items():
        each = _named(benchmarks, name)
        if each is not None:
            facts = (each.advisory[P99], each.operations, each.tape)
            found.append(Spending(each.name, budget_us * 1e3, each.raw[P99], *facts))
    return found


def _named(benchmarks: Sequence[BenchFigures], name: str) -> BenchFigures | None:
    exact = next((each for each in benchmarks if each.name == name), None)
    group = (each for each in benchmarks if each.group == name and each.role == "recommended" and not each.stages)
    return exact or next(group, None)
