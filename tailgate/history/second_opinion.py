"""Asks another tool where a trend changed: apache-otava, in an environment of its own, on the very same series.

Otava (once Hunter, ICPE 2023) looks for changes of the level by E-divisive with a t test, over windows of
50 runs. It was made for absolute figures of one machine. A chain's curve is a sum of errors and wanders, of which it
knows nothing: what it says of a chain is shown, and is not to be believed (docs/history.md has the figures).
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tailgate.errors import TailgateError
from tailgate.measure.environments import last_error, prepare_environment
from tailgate.results.trend_report import Opinion, place_of, short

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tailgate.documents.trend import ChainPoint, Change, Trend

PACKAGE: Final = "apache-otava==0.8.0"
LEAST: Final = 5
"""Of fewer values nothing is asked."""

_ASK: Final = """
import json, sys
from otava.series import AnalysisOptions, Metric, Series
found = []
for values in json.load(sys.stdin):
    series = Series("", None, list(range(len(values))), {"value": Metric()}, {"value": values}, {})
    points = series.analyze(AnalysisOptions()).change_points["value"]
    found.append([[int(each.index), each.forward_change_percent() / 100, float(each.stats.pvalue)] for each in points])
json.dump(found, sys.stdout)
"""


@dataclass(frozen=True, slots=True)
class Found:
    """A change that otava sees: the first value after it, how much more the mean is (a share), its p value."""

    index: int
    change: float
    p_value: float


def otava(folder: Path) -> str:
    """Return the interpreter of an environment with otava in it, made in that folder where it is missing."""
    return prepare_environment(sys.executable, (), (PACKAGE,), folder)[0]


def changes_of(python: str, series: Sequence[Sequence[float]]) -> list[list[Found]]:
    """Return the changes that otava, in that interpreter's environment, finds in each series of positive values."""
    given = json.dumps([list(map(float, each)) for each in series])
    done = subprocess.run([python, "-c", _ASK], input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise TailgateError(f"otava gave no second opinion: {last_error(done.stderr)}", hint=f"{python} -m pip check")
    return [[Found(*each) for each in found] for found in json.loads(done.stdout)]


@dataclass(frozen=True, slots=True)
class _Series:
    """What both are asked of: a name, the commit of each value, the values, and what we found in it."""

    name: str
    commits: tuple[str, ...]
    values: tuple[float, ...]
    changes: tuple[Change, ...]


def second_opinion(trend: Trend, python: str) -> list[Opinion]:
    """Return every change that either sees, the chain's first, then those of each machine's absolute figures."""
    asked = [each for each in _series(trend) if len(each.values) >= LEAST]
    told = changes_of(python, [each.values for each in asked]) if asked else []
    return [row for each, found in zip(asked, told, strict=True) for row in _beside(each, found)]


def _series(trend: Trend) -> Iterator[_Series]:
    for number in dict.fromkeys(point.piece for point in trend.chain if point.piece >= 0):
        piece = [point for point in trend.chain if point.piece == number]
        yield _Series("chain", tuple(each.commit for each in piece), tuple(map(_factor, piece)), trend.changes)
    for level in trend.levels:
        commits = tuple(each.commit or f"run {each.run}" for each in level.points)
        yield _Series(f"machine {level.machine}", commits, tuple(each.value for each in level.points), level.changes)


def _factor(point: ChainPoint) -> float:
    return math.exp(point.log_ratio or 0.0)


def _beside(of: _Series, found: Sequence[Found]) -> Iterator[Opinion]:
    """Yield one row a change: of both where otava's commit is among those that may have made ours."""
    left = list(found)
    for change in of.changes:
        if change.head not in of.commits:  # of another piece of the chain
            continue
        same = next((each for each in left if of.commits[each.index] in change.commits), None)
        if same is not None:
            left.remove(same)
        yield Opinion(of.name, place_of(change), change, *((same.change, same.p_value) if same else (None, None)))
    for each in left:
        yield Opinion(of.name, short(of.commits[each.index]), None, each.change, each.p_value)
