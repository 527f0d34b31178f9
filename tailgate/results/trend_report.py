"""A trend drawn as text: what changed and where, the chain, the levels of each machine, the counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tailgate.documents.comparison import signed
from tailgate.results.chart import Dot, chart
from tailgate.results.table import Table, duration, percentile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tailgate.documents.trend import ChainPoint, Change, Level, Trend

SHORT = 10
"""The digits by which a commit is named."""

_MOST_GAPS = 5


def trend_text(trend: Trend) -> str:
    """Return all of it: tables and sentences, in the order in which they are asked."""
    return "\n\n".join(["\n".join(_chain_sentences(trend)), *(table.text() for table in _tables(trend))])


def figure_name(trend: Trend) -> str:
    """Name the figure that the trend is of."""
    return f"{trend.benchmark}, {trend.kind} {percentile(trend.percentile)}"


def short(commit: str) -> str:
    """Return a commit's name as a person reads it."""
    return commit[:SHORT] if len(commit) > SHORT and " " not in commit else commit


def _chain_sentences(trend: Trend) -> list[str]:
    known = [point for point in trend.chain if point.log_ratio is not None]
    lines = [f"{figure_name(trend)}: the chain of {trend.links} comparisons, over all machines"]
    if not known:
        return [*lines, "  no comparison of two commits is kept: tailgate gate --base REV adds one", *_notes(trend)]
    for number in dict.fromkeys(point.piece for point in known):
        piece = [point for point in known if point.piece == number]
        first, last = piece[0], piece[-1]
        lines.append(
            f"  {short(last.commit)} ({last.when:%Y-%m-%d}) is {_interval(last)} against "
            f"{short(first.commit)} ({first.when:%Y-%m-%d}); {len(piece)} commits are placed"
        )
    return lines + _gaps(trend) + _notes(trend)


def _gaps(trend: Trend) -> list[str]:
    if not trend.gaps:
        return []
    pairs = ", ".join(f"{short(each.base)}..{short(each.head)}" for each in trend.gaps[:_MOST_GAPS])
    more = f" and {len(trend.gaps) - _MOST_GAPS} more" if len(trend.gaps) > _MOST_GAPS else ""
    first, last = trend.gaps[0], trend.gaps[-1]
    number = f"{len(trend.gaps)} gap{'s' if len(trend.gaps) > 1 else ''}"
    return [
        f"  {number} in the chain, where no comparison was made: {pairs}{more}",
        f"  close them with: tailgate history fill {short(first.base)}..{short(last.head)} '{trend.benchmark}'",
    ]


def _notes(trend: Trend) -> list[str]:
    return [f"  {note}" for note in trend.notes]


def _interval(point: ChainPoint) -> str:
    if point.log_ratio is None or point.low is None or point.high is None:
        return "not placed"
    return f"{signed(point.log_ratio)} [{signed(point.low)}, {signed(point.high)}]"


def _tables(trend: Trend) -> list[Table]:
    titles = {point.commit: point.title for point in trend.chain}
    found = [changes_table("Changes in the chain", trend.changes, titles)] if trend.chain else []
    for level in trend.levels:
        found.append(_level_table(level))
        if level.changes:
            found.append(changes_table(f"Changes on machine {level.machine}", level.changes, titles))
    if trend.counts:
        rows = tuple((short(each.commit) or "?", each.what, f"{each.value:g}") for each in trend.counts)
        found.append(Table("Counts per operation, where they became others", ("commit", "what", "value"), rows))
    return found


def changes_table(title: str, changes: Sequence[Change], titles: Mapping[str, str]) -> Table:
    """Return one row a change, the commit named or the range that it lies in."""
    if not changes:
        return Table(title, ("none was found",), ())
    rows = tuple(
        (
            place_of(each),
            each.kind,
            f"{each.probability:.0%}",
            signed(each.log_ratio),
            f"[{signed(each.low)}, {signed(each.high)}]",
            titles.get(each.head, "") if len(each.commits) == 1 else f"{len(each.commits)} commits",
        )
        for each in changes
    )
    return Table(title, ("commit", "kind", "probability", "change", "95 % interval", "title"), rows)


@dataclass(frozen=True, slots=True)
class Opinion:
    """A change in one series, as we see it and as otava does: its share of the mean and p value; None for who does not.

    where: the commit, or the range.
    """

    series: str
    where: str
    ours: Change | None
    otava: float | None
    p_value: float | None


def opinion_table(opinions: Sequence[Opinion]) -> Table:
    """Return one row a change that either sees."""
    title = "Second opinion: apache-otava on the same series"
    if not opinions:
        return Table(title, ("neither sees a change",), ())
    rows = tuple(
        (
            each.series,
            each.where,
            signed(each.ours.log_ratio) if each.ours else "none",
            "none"
            if each.otava is None or each.p_value is None
            else f"{100 * each.otava:+.2f} % (p {each.p_value:.1g})",
        )
        for each in opinions
    )
    wanders = "of a chain otava sees the curve, whose errors add up: what it calls changes there may be their wandering"
    notes = (wanders,) if any(each.series == "chain" for each in opinions) else ()
    return Table(title, ("series", "commit", "ours", "otava"), rows, notes)


def place_of(change: Change) -> str:
    """Return the commit of a change, or the range after whose first commit it lies."""
    return short(change.head) if len(change.commits) == 1 else f"{short(change.base)}..{short(change.head)}"


def _level_table(level: Level) -> Table:
    newest = level.points[-8:]
    rows = tuple(
        (
            f"{short(each.commit) or '?'}{'*' if each.dirty else ''}",
            f"{each.when:%Y-%m-%d %H:%M}",
            valued(each.value, level.unit),
            ""
            if each.low is None or each.high is None
            else f"{valued(each.low, level.unit)} .. {valued(each.high, level.unit)}",
        )
        for each in newest
    )
    shown = (
        f"the last {len(newest)} of {len(level.points)} runs"
        if len(newest) < len(level.points)
        else f"{len(newest)} runs"
    )
    notes = [level.told, f"settings {level.settings}", *([level.note] if level.note else [])]
    notes += ["* with changes that are in no commit"] if any(each.dirty for each in newest) else []
    title = f"Machine {level.machine}, {level.interpreter}: {shown}"
    return Table(title, ("commit", "measured", "value", "over processes"), rows, tuple(notes))


def valued(value: float, unit: str) -> str:
    """Return a figure with its unit."""
    return duration(value) if unit == "ns" else f"{value:,.4g} {unit}"


def trend_chart(trend: Trend, width: int = 72) -> str:
    """Return the chain, and each machine's level, as pictures of characters."""
    parts = []
    dots = [
        None if point.log_ratio is None or point.low is None or point.high is None
        else Dot(point.log_ratio, point.low, point.high)
        for point in trend.chain
    ]  # fmt: skip
    if lines := chart(dots, signed, width=width):
        ends = f"{short(trend.chain[0].commit)} to {short(trend.chain[-1].commit)}, {len(trend.chain)} commits"
        parts.append("\n".join([f"{figure_name(trend)}: the chained ratio with its 95 % interval, {ends}", *lines]))
        parts += [
            f"  {place_of(each)}: {signed(each.log_ratio)} ({each.kind}, {each.probability:.0%})"
            for each in trend.changes
        ]
    for level in (each for each in trend.levels if len(each.points) > 1):
        values = [Dot(each.value, each.low or each.value, each.high or each.value) for each in level.points]
        lines = chart(values, partial(valued, unit=level.unit), width=width)
        parts.append("\n".join([f"machine {level.machine} ({level.told}), {len(values)} runs", *lines]))
    return "\n\n".join(parts) or f"the history has no curve of {figure_name(trend)}"


def percent(log_ratio: float) -> float:
    """Return a log ratio in percent."""
    return 100.0 * math.expm1(log_ratio)
