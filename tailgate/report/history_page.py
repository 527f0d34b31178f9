"""The page of a history: what changed and where, every benchmark's state, and its curves over the commits.

The tables stand in the page as they are; the curves are unpacked and drawn by the script when they are looked at
(see history_data).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tailgate.documents.comparison import signed
from tailgate.files import replacing
from tailgate.report.blocks import Card
from tailgate.report.history_data import Line, line_of, packed, tag_of
from tailgate.report.html import TEMPLATES, environment, script_json
from tailgate.report.palette import GLYPHS, LOOKS
from tailgate.results.table import percentile
from tailgate.results.trend_report import place_of, short, valued
from tailgate.statistics.quantiles import LADDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from tailgate.documents.comparison import Kind
    from tailgate.documents.provenance import Commit
    from tailgate.documents.trend import Change, Trend
    from tailgate.report.blocks import Tag, Tone

FILE: Final = "history.html"


@dataclass(frozen=True, slots=True)
class About:
    """What a page is of. line: the main line of the repository, the oldest first, empty for none.

    commits: those that a run measured or was held against; runs: how many runs are kept.
    """

    project: str
    kind: Kind
    percentile: float
    runs: int
    commits: Sequence[Commit]
    line: Sequence[Commit]

    @property
    def figure(self) -> str:
        """Name the figure whose ratios are chained."""
        return f"{self.kind} {percentile(self.percentile)}"


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A change as a row. first, last: the places of the commits between which it lies."""

    where: str
    benchmark: int
    name: str
    tag: Tag
    kind: str
    probability: str
    ratio: str
    interval: str
    title: str
    first: int
    last: int
    tone: str


@dataclass(frozen=True, slots=True)
class BenchmarkRow:
    """The state of a benchmark as a row; packed: its curves."""

    name: str
    tag: Tag
    ratio: str
    interval: str
    placed: str
    gaps: str
    changes: str
    newest: str
    allocations: str
    packed: str


def write_history_page(about: About, trends: Iterable[Trend], page: Path, report: str = "") -> Path:
    """Write the page; report: the address of the report that it belongs to, empty for none."""
    text = history_html(about, trends, report)
    page.parent.mkdir(parents=True, exist_ok=True)
    with replacing(page) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return page


def history_html(about: About, trends: Iterable[Trend], report: str = "") -> str:
    """Return the page as HTML."""
    line, same = line_of(about.commits, about.line)
    rows: list[BenchmarkRow] = []
    changes: list[ChangeRow] = []
    gaps = 0
    for number, trend in enumerate(trends):
        rows.append(_benchmark(trend, line, packed(trend, line, same)))
        changes += [_change(each, trend, number, line) for each in trend.changes]
        gaps += bool(trend.gaps)
    changes.sort(key=lambda row: (-row.last, -row.first, row.name))
    head = {
        "commits": [[short(each.id), f"{each.time:%Y-%m-%d %H:%M}", each.title] for each in line.commits],
        "machines": [[fingerprint, told] for fingerprint, told in line.machines.items()],
        "verdicts": line.verdicts,
        "percentiles": [percentile(each) for each in LADDER],
        "chosen": LADDER.index(about.percentile),
        "names": [row.name for row in rows],
    }
    return (
        environment()
        .get_template("history.html.j2")
        .render(
            about=about,
            subtitle=_subtitle(about, line),
            cards=_cards(rows, changes, gaps),
            rows=rows,
            changes=changes,
            machines=list(line.machines),
            report=report,
            looks=LOOKS,
            glyphs=GLYPHS,
            paths=sorted({row.tag.path for row in rows if row.tag.path}),
            implementations=sorted({row.tag.implementation for row in rows if row.tag.implementation}),
            percentiles=[percentile(each) for each in LADDER],
            chosen=LADDER.index(about.percentile),
            head=script_json(head),
            style=_text("page.css") + _text("history.css"),
            script=_text("history.js"),
        )
    )


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _subtitle(about: About, line: Line) -> str:
    if not line.commits:
        return f"{about.figure}: no commit of this line was measured; {about.runs} runs are kept"
    first, last = line.commits[0], line.commits[-1]
    return (
        f"{about.figure}: {len(line.commits):,} commits, {short(first.id)} ({first.time:%Y-%m-%d}) to {short(last.id)} "
        f"({last.time:%Y-%m-%d}); {about.runs:,} runs on {len(line.machines)} machines"
    )


def _cards(rows: Sequence[BenchmarkRow], changes: Sequence[ChangeRow], gaps: int) -> list[Card]:
    worse = sum(row.tone == "bad" for row in changes)
    places = len({(row.first, row.last) for row in changes})
    told = f"{worse} slower, {len(changes) - worse} faster, at {places} place{'s' if places != 1 else ''}"
    tone: Tone = "bad" if worse else "plain"
    parted = "of the chains have commits that no comparison reaches" if gaps else "every chain is whole"
    return [
        Card("Benchmarks", f"{len(rows):,}", "of which a figure is kept", "plain", "#benchmarks"),
        Card("Changes of the chain", f"{len(changes):,}", told if changes else "none was found", tone, "#changes"),
        Card("Gaps", f"{gaps:,}", parted, "doubtful" if gaps else "plain", "#benchmarks"),
    ]


def _change(of: Change, trend: Trend, number: int, line: Line) -> ChangeRow:
    alone = len(of.commits) == 1
    last = line.places[of.head]
    return ChangeRow(
        place_of(of),
        number,
        trend.benchmark,
        tag_of(trend.benchmark),
        of.kind,
        f"{of.probability:.0%}",
        signed(of.log_ratio),
        f"[{signed(of.low)}, {signed(of.high)}]",
        line.commits[last].title if alone else f"{len(of.commits)} commits",
        line.places[of.base],
        last,
        "bad" if of.log_ratio > 0.0 else "good",
    )


def _benchmark(trend: Trend, line: Line, curves: str) -> BenchmarkRow:
    placed = [point for point in trend.chain if point.log_ratio is not None]
    ratio = interval = ""
    if placed and (last := placed[-1]).log_ratio is not None and last.low is not None and last.high is not None:
        ratio, interval = signed(last.log_ratio), f"[{signed(last.low)}, {signed(last.high)}]"
    newest = max(
        ((point.when, point.value, level.unit) for level in trend.levels for point in level.points), default=None
    )
    counted = [each.value for each in trend.counts if each.what == "allocations"]
    return BenchmarkRow(
        trend.benchmark,
        tag_of(trend.benchmark),
        ratio,
        interval,
        f"{len(placed):,} of {len(line.commits):,}",
        f"{len(trend.gaps):,}" if trend.gaps else "",
        f"{len(trend.changes)}" if trend.changes else "",
        valued(newest[1], newest[2]) if newest else "",
        f"{counted[-1]:g}" if counted else "",
        curves,
    )
