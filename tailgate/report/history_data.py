"""The curves of a history as a page carries them: whole numbers in columns, packed a benchmark each.

A page of a thousand commits and two hundred benchmarks holds more than a million figures. As one JSON text they would
be parsed before anything is seen; packed apart (gzip, base64), the browser unpacks those of the benchmark that is
looked at.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tailgate.report.blocks import Tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tailgate.documents.provenance import Commit
    from tailgate.documents.trend import Change, Level, Trend

UNIT: Final = 1e-5
"""Log ratios are kept in steps of 0.001 %; tables show 0.01 %."""

_DIGITS: Final = 4  # of a duration; what is shown of one has four at the most


@dataclass(slots=True)
class Line:
    """The commits of the page, the oldest first, and the words that its columns name by number."""

    commits: Sequence[Commit]
    machines: dict[str, str] = field(default_factory=dict)
    """Every machine by its fingerprint: what is told of it, empty where only a comparison names it."""
    verdicts: list[str] = field(default_factory=list)
    places: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.places = {commit.id: place for place, commit in enumerate(self.commits)}

    def machine(self, fingerprint: str, told: str = "") -> int:
        """Return the number of a machine."""
        self.machines[fingerprint] = told or self.machines.get(fingerprint, "")
        return list(self.machines).index(fingerprint)

    def verdict(self, word: str) -> int:
        """Return the number of a verdict."""
        if word not in self.verdicts:
            self.verdicts.append(word)
        return self.verdicts.index(word)


def line_of(known: Sequence[Commit], main: Sequence[Commit]) -> tuple[Line, dict[str, str]]:
    """Return the commits of a page, and what a known commit that is not among them is there: the one of the same files.

    known: those that a run measured or was held against; main: the main line of the repository, empty for none.
    """
    if not main:
        return Line(known), {}
    ids, trees = {each.id for each in known}, {each.tree for each in known if each.tree}
    first = next((n for n, each in enumerate(main) if each.id in ids or each.tree in trees), len(main))
    line = Line(main[first:])
    by_tree = {each.tree: each.id for each in reversed(line.commits) if each.tree}
    return line, {each.id: by_tree[each.tree] for each in known if each.id not in line.places and each.tree in by_tree}


def tag_of(benchmark: str) -> Tag:
    """Return what the filters know a benchmark by: book and bisect of book/bisect[read_every=1]."""
    path, slash, rest = benchmark.partition("/")
    return Tag(path, rest.partition("[")[0]) if slash else Tag()


def packed(trend: Trend, line: Line, same: Mapping[str, str]) -> str:
    """Return the curves of a benchmark as base64 of gzip of JSON; same: see line_of."""
    text = json.dumps(columns(trend, line, same), separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode("ascii")


def columns(trend: Trend, line: Line, same: Mapping[str, str]) -> dict[str, Any]:
    """Return the curves of a benchmark in columns; commits by their places on the line, log ratios in UNIT."""
    places = line.places
    start = places[trend.chain[0].commit] if trend.chain else 0
    levels = [_level(each, line, same) for each in trend.levels]
    return {
        "start": start,
        "ratio": [_steps(each.log_ratio) for each in trend.chain],
        "low": [_steps(each.low) for each in trend.chain],
        "high": [_steps(each.high) for each in trend.chain],
        "pieces": _pieces(trend, start),
        "gaps": _runs((places[each.base], places[each.head]) for each in trend.gaps),
        "changes": _changes(trend.changes, places, same),
        "links": {
            "head": [places[each.head] for each in trend.comparisons],
            "back": [places[each.head] - places[each.base] for each in trend.comparisons],
            "machine": [line.machine(each.machine) for each in trend.comparisons],
            "verdict": [line.verdict(each.verdict) for each in trend.comparisons],
            "ratio": [_steps(each.log_ratio) for each in trend.comparisons],
            "low": [_steps(each.low) for each in trend.comparisons],
            "high": [_steps(each.high) for each in trend.comparisons],
        },
        "levels": levels,
        "counts": _counts(trend, places, same),
        "notes": list(trend.notes),
    }


def _level(of: Level, line: Line, same: Mapping[str, str]) -> dict[str, Any]:
    placed = [(place, each) for each in of.points if (place := _place(each.commit, line.places, same)) is not None]
    placed.sort(key=lambda pair: pair[0])  # runs of one commit stay in the order of their times
    away = len(of.points) - len(placed)
    note = [of.note] if of.note else []
    note += [f"{away} runs are of no commit of this line, and are not drawn"] if away else []
    return {
        "machine": line.machine(of.machine, of.told),
        "interpreter": of.interpreter,
        "settings": of.settings,
        "unit": of.unit,
        "at": [place for place, _ in placed],
        "ladder": list(map(list, zip(*(map(_digits, each.ladder) for _, each in placed), strict=True))),
        "low": [_digits(each.low) for _, each in placed],
        "high": [_digits(each.high) for _, each in placed],
        "dirty": [number for number, (_, each) in enumerate(placed) if each.dirty],
        "changes": _changes(of.changes, line.places, same),
        "note": note,
    }


def _place(commit: str, places: Mapping[str, int], same: Mapping[str, str]) -> int | None:
    return places.get(same.get(commit, commit))


def _changes(changes: Iterable[Change], places: Mapping[str, int], same: Mapping[str, str]) -> list[dict[str, Any]]:
    found = []
    for each in changes:
        ends = _place(each.base, places, same), _place(each.head, places, same)
        if None not in ends:
            facts = {"kind": each.kind, "base": ends[0], "head": ends[1], "probability": round(each.probability, 3)}
            found.append(facts | {"ratio": _steps(each.log_ratio), "low": _steps(each.low), "high": _steps(each.high)})
    return found


def _counts(trend: Trend, places: Mapping[str, int], same: Mapping[str, str]) -> dict[str, list[list[float]]]:
    found: dict[str, list[list[float]]] = {}
    for each in trend.counts:
        if (place := _place(each.commit, places, same)) is not None:
            found.setdefault(each.what, []).append([place, each.value])
    return {what: sorted(steps, key=lambda step: step[0]) for what, steps in found.items()}


def _pieces(trend: Trend, start: int) -> list[list[int]]:
    """Return the first and the last place of each stretch of commits of one piece."""
    found: list[list[int]] = []
    before = -1
    for place, each in enumerate(trend.chain, start):
        if each.piece >= 0:
            if each.piece == before:
                found[-1][1] = place
            else:
                found.append([place, place])
        before = each.piece
    return found


def _runs(pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Join gaps that touch."""
    found: list[list[int]] = []
    for base, head in sorted(pairs):
        if found and found[-1][1] == base:
            found[-1][1] = head
        else:
            found.append([base, head])
    return found


def _steps(log_ratio: float | None) -> int | None:
    return None if log_ratio is None else round(log_ratio / UNIT)


def _digits(value: float | None) -> float | None:
    """Round to the digits that are shown; whole numbers stay whole, which are shorter."""
    if value is None or not value:
        return value
    rounded = round(value, _DIGITS - 1 - math.floor(math.log10(abs(value))))
    return int(rounded) if rounded == int(rounded) else rounded
