"""Computes the trend of one benchmark: the chain over all machines, the levels of each, and where they changed."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import numpy as np

from tailgate.documents.trend import ChainPoint, Change, Comparison, Counted, Gap, Level, LevelPoint, Trend
from tailgate.history.figures import every_level, every_link, every_measure, levels_of, links_of, measures_of
from tailgate.history.queries import benchmarks_of
from tailgate.statistics.chain import HODGES_LEHMANN, Compared, chain, combined
from tailgate.statistics.changes import LEAST_LEVELS, LEAST_LINKS, level_changes, link_changes, moderated, scores

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tailgate.documents.comparison import Kind
    from tailgate.documents.provenance import Commit
    from tailgate.documents.trend import Nature
    from tailgate.history.figures import KeptFigure, KeptLink
    from tailgate.history.store import History
    from tailgate.statistics.changes import Found

_NORMAL_95: Final = NormalDist().inv_cdf(0.975)
COUNTS: Final = ("allocations", "allocated bytes", "instructions")


@dataclass(frozen=True, slots=True)
class _Link:
    """A comparison between two places of the main line, forwards. low, high: as it was measured."""

    base: int
    head: int
    value: float
    variance: float
    freedom: float
    low: float | None
    high: float | None
    machine: str
    verdict: str


def trend_of(
    history: History, project: str, name: str, kind: Kind, percentile: float, line: Sequence[Commit] = ()
) -> Trend:
    """Return the trend of one percentile of a benchmark.

    line: the main line, the oldest first, as the repository has it; without one the commits that the history knows, in
    the order of their times.
    """
    kept = links_of(history, project, name, kind, percentile)
    figures = levels_of(history, project, name, kind, percentile)
    found = _trend(_About(project, name, kind, percentile), line, kept, figures, measures_of(history, project, name))
    if kept or figures or name in benchmarks_of(history, project):
        return found
    return replace(found, notes=(*found.notes, f"the history has nothing of {name}"))


def trends_of(
    history: History, project: str, kind: Kind, percentile: float, line: Sequence[Commit] = ()
) -> Iterator[Trend]:
    """Yield the trend of every benchmark of a project, in alphabetical order, by three queries in all."""
    links = every_link(history, project, kind, percentile)
    levels = every_level(history, project, kind, percentile)
    counts = every_measure(history, project, COUNTS)
    for name in sorted({*links, *levels, *counts}):  # each is dropped once it is used: all of them are much
        about = _About(project, name, kind, percentile)
        yield _trend(about, line, links.pop(name, []), levels.pop(name, []), counts.pop(name, {}))


@dataclass(frozen=True, slots=True)
class _About:
    """What a trend is of."""

    project: str
    benchmark: str
    kind: Kind
    percentile: float


def _trend(
    of: _About,
    line: Sequence[Commit],
    kept: Sequence[KeptLink],
    figures: Sequence[KeptFigure],
    counts: Mapping[str, Sequence[KeptFigure]],
) -> Trend:
    commits = _line(kept, line)
    links, unplaced = _placed(kept, commits)
    points, gaps = _chain(links, commits)
    notes = [f"{unplaced} comparisons are of commits outside of the main line, and are left out"] if unplaced else []
    return Trend(
        of.project,
        of.benchmark,
        of.kind,
        of.percentile,
        len(links),
        points,
        gaps,
        _changes(links, commits),
        tuple(_level(key, each) for key, each in _series(figures).items()),
        tuple(_counted({what: counts[what] for what in COUNTS if what in counts})),
        tuple(notes),
        tuple(
            Comparison(commits[e.base].id, commits[e.head].id, e.machine, e.verdict, e.value, e.low, e.high)
            for e in links
        ),
    )


def _line(kept: Sequence[KeptLink], line: Sequence[Commit]) -> list[Commit]:
    """Return the main line from the first commit that a comparison touches; what lies before it says nothing."""
    if not line:
        known = {each.id: each for link in kept for each in (link.base, link.head)}
        return sorted(known.values(), key=lambda each: (each.time, each.id))
    touched = {word for link in kept for each in (link.base, link.head) for word in (each.id, each.tree) if word}
    first = next((n for n, each in enumerate(line) if each.id in touched or each.tree in touched), len(line))
    return list(line[first:])


def _placed(kept: Sequence[KeptLink], commits: Sequence[Commit]) -> tuple[list[_Link], int]:
    """Return the comparisons by place, and how many have none on this line.

    A branch that was squashed or rebased is not on it, but the commit that it became has its tree.
    """
    by_id = {commit.id: place for place, commit in enumerate(commits)}
    by_tree: dict[str, list[int]] = {}
    for place, commit in enumerate(commits):
        if commit.tree:  # what another tool says of a commit has none
            by_tree.setdefault(commit.tree, []).append(place)

    def places(commit: Commit) -> list[int]:
        return [by_id[commit.id]] if commit.id in by_id else by_tree.get(commit.tree, [])

    found, kept_here = [], []
    for each in kept:
        ends = (places(each.base), places(each.head))
        pairs = [(base, head) for base in ends[0] for head in ends[1] if base != head]
        if pairs:  # of several with the same files, as after a revert, the nearest
            found.append(min(pairs, key=lambda pair: (abs(pair[1] - pair[0]), pair)))
            kept_here.append(each)
    variances, freedom = _variances(kept_here)
    links = [
        _link(base, head, each, variance, df)
        for (base, head), each, variance, df in zip(found, kept_here, variances, freedom, strict=True)
    ]
    return links, len(kept) - len(links)


def _link(base: int, head: int, of: KeptLink, variance: float, freedom: float) -> _Link:
    if base < head:
        return _Link(base, head, of.log_ratio, variance, freedom, of.low, of.high, of.machine, of.verdict)
    low, high = (None if end is None else -end for end in (of.high, of.low))
    return _Link(head, base, -of.log_ratio, variance, freedom, low, high, of.machine, of.verdict)


def _variances(kept: Sequence[KeptLink]) -> tuple[list[float], list[float]]:
    """Return the variance of each comparison: of its blocks where they are known, else of its interval."""
    known = [n for n, each in enumerate(kept) if each.spread is not None and each.blocks > 1]
    variances, freedom = [math.nan] * len(kept), [math.inf] * len(kept)
    if known:
        own = moderated([kept[n].spread or 0.0 for n in known], [kept[n].blocks for n in known])
        for n, variance, df in zip(known, *own, strict=True):
            variances[n], freedom[n] = float(variance), float(df)
    for n, each in enumerate(kept):
        if math.isnan(variances[n]):
            ends = [abs(end - each.log_ratio) for end in (each.low, each.high) if end is not None]
            reach = max(ends, default=1.0)  # open on both sides: it says next to nothing
            variances[n], freedom[n] = max(reach / 2.0, 1e-6) ** 2, max(each.blocks - 1.0, 1.0)
    return variances, freedom


def _chain(links: Sequence[_Link], commits: Sequence[Commit]) -> tuple[tuple[ChainPoint, ...], tuple[Gap, ...]]:
    placed = {each.place: each for each in chain(Compared(e.base, e.head, e.value, e.variance) for e in links)}
    points = []
    for place, commit in enumerate(commits):
        each = placed.get(place)
        facts = (commit.id, commit.time, commit.title)
        if each is None:
            points.append(ChainPoint(*facts, None, None, None, -1))
        else:
            reach = _NORMAL_95 * math.sqrt(each.variance)
            ends = (each.log_ratio - reach, each.log_ratio + reach)
            points.append(ChainPoint(*facts, each.log_ratio, *ends, each.piece))
    covered = {place for each in links for place in range(each.base, each.head)}
    gaps = [Gap(commits[n].id, commits[n + 1].id) for n in range(len(commits) - 1) if n not in covered]
    return tuple(points), tuple(gaps)


def _changes(links: Sequence[_Link], commits: Sequence[Commit]) -> tuple[Change, ...]:
    """Return the steps and drifts of the links from commit to commit, then what longer ones say beyond these."""
    pooled = combined(Compared(each.base, each.head, each.value, each.variance) for each in links)
    freedom: dict[tuple[int, int], float] = {}
    for link in links:
        freedom[link.base, link.head] = freedom.get((link.base, link.head), 0.0) + link.freedom
    starts = {each.base for each in pooled}
    over = {(e.base, e.head) for e in pooled if any(place in starts for place in range(e.base + 1, e.head))}
    short = [each for each in pooled if (each.base, each.head) not in over]
    found: list[Change] = []
    if len(short) >= LEAST_LINKS:
        values = [each.log_ratio for each in short]
        variances, df = [each.variance for each in short], [freedom[each.base, each.head] for each in short]
        found += [_change(change, short, commits) for change in link_changes(values, variances, df)]
    for each in pooled:
        if (each.base, each.head) in over:
            found += _unexplained(each, found, freedom[each.base, each.head], len(pooled), commits)
    place = {commit.id: number for number, commit in enumerate(commits)}
    return tuple(sorted(found, key=lambda change: (place[change.head], place[change.base])))


def _change(found: Found, links: Sequence[Compared], commits: Sequence[Commit]) -> Change:
    base, head = links[found.first].base, links[found.last].head
    named = found.kind == "drift" or head - base == found.last - found.first + 1
    kind: Nature = found.kind if named else "range"
    return Change(
        kind,
        commits[base].id,
        commits[head].id,
        tuple(commits[n].id for n in range(base + 1, head + 1)),
        *(found.probability, found.size, found.low, found.high),
    )


def _unexplained(
    each: Compared, found: Sequence[Change], freedom: float, comparisons: int, commits: Sequence[Commit]
) -> list[Change]:
    """Return what a comparison over several commits shows that no change between its ends explains."""
    inside = {commit.id for commit in commits[each.base + 1 : each.head + 1]}
    known = [change for change in found if set(change.commits) <= inside]
    rest = each.log_ratio - sum(change.log_ratio for change in known)
    errors = sum(((change.high - change.low) / (2 * _NORMAL_95)) ** 2 for change in known)
    variance = each.variance + errors
    level = -NormalDist().inv_cdf(0.025 / comparisons)
    if abs(float(scores([rest], [variance], [freedom])[0])) < level:
        return []
    reach = _NORMAL_95 * math.sqrt(variance)
    names = tuple(commit.id for commit in commits[each.base + 1 : each.head + 1])
    kind: Nature = "drift" if len(names) > 1 else "step"
    return [Change(kind, commits[each.base].id, commits[each.head].id, names, 1.0, rest, rest - reach, rest + reach)]


def _series(figures: Sequence[KeptFigure]) -> Mapping[tuple[str, str, str, str, int], list[KeptFigure]]:
    found: dict[tuple[str, str, str, str, int], list[KeptFigure]] = {}
    for each in figures:
        key = (each.machine, each.told, each.interpreter, each.settings, each.operations)
        found.setdefault(key, []).append(each)
    return found


def _level(key: tuple[str, str, str, str, int], figures: Sequence[KeptFigure]) -> Level:
    machine, told, interpreter, settings, operations = key
    points = tuple(
        LevelPoint(each.run, each.commit, each.when, each.value, each.low, each.high, each.dirty, each.ladder)
        for each in figures
    )
    positive = [each.value > 0.0 for each in figures]
    note, changes = "", tuple[Change, ...]()
    if len(figures) < LEAST_LEVELS:
        note = f"{len(figures)} runs: where they change is looked for from {LEAST_LEVELS} on"
    elif not all(positive):
        note = "a figure of 0 has no logarithm: no change is looked for"
    else:
        changes = tuple(
            _level_change(each, figures) for each in level_changes(np.log([each.value for each in figures]))
        )
    facts = ", ".join(f"{name} {value}" for name, value in json.loads(told).items())
    unit = figures[0].unit
    work = f"{settings}, {operations} operations" if operations else settings
    return Level(machine, facts, interpreter, work, unit, points, changes, note)


def _level_change(found: Found, figures: Sequence[KeptFigure]) -> Change:
    named = [figures[n].commit or f"run {figures[n].run}" for n in range(found.first - 1, found.last + 1)]
    kind: Nature = "step" if found.first == found.last else "range"
    return Change(kind, named[0], named[-1], tuple(named[1:]), found.probability, found.size, found.low, found.high)


def _counted(counts: Mapping[str, Sequence[KeptFigure]]) -> list[Counted]:
    """Return each count where it is another one than before: steps."""
    found = []
    for what, figures in counts.items():
        before = math.nan
        for each in figures:
            if each.value != before:
                found.append(Counted(each.commit, each.when, what, each.value))
                before = each.value
    return found


__all__ = ["HODGES_LEHMANN", "trend_of"]
