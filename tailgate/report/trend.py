"""The picture of a trend: the chained ratio with its interval and its changes, and the levels of each machine below."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure

from tailgate.files import slug
from tailgate.report.palette import look
from tailgate.report.pictures import STYLE, save
from tailgate.results.trend_report import figure_name, percent, place_of, short

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from tailgate.documents.trend import Trend

_MOST_LABELS = 12


def draw(trend: Trend, folder: Path) -> list[Path]:
    """Draw a trend; return the PNG and the SVG."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 6 if trend.levels else 4), dpi=110, layout="constrained")
        axes = figure.subplots(2 if trend.levels else 1, 1, squeeze=False)[:, 0]
        _chain(axes[0], trend)
        if trend.levels:
            _levels(axes[1], trend)
        figure.suptitle(figure_name(trend), x=0.015, ha="left", fontsize=12, fontweight="bold")
        return save(figure, folder, f"trend-{slug(trend.benchmark)}")


def _chain(axes: Axes, trend: Trend) -> None:
    seen = look(0)
    for piece in dict.fromkeys(point.piece for point in trend.chain if point.piece >= 0):
        places, middle, low, high = [], [], [], []
        for place, point in enumerate(trend.chain):
            if (
                point.piece == piece
                and point.log_ratio is not None
                and point.low is not None
                and point.high is not None
            ):
                places.append(place)
                middle.append(percent(point.log_ratio))
                low.append(percent(point.low))
                high.append(percent(point.high))
        axes.fill_between(places, low, high, color=seen.light, alpha=0.18, linewidth=0)
        axes.plot(places, middle, color=seen.light, linewidth=1.4, marker=seen.marker, markersize=3)
    order = {point.commit: place for place, point in enumerate(trend.chain)}
    for change in trend.changes:
        colour = look(1).light if change.log_ratio > 0 else look(2).light
        axes.axvspan(order[change.base] + 0.5, order[change.head] + 0.5, color=colour, alpha=0.15, linewidth=0)
        text = f"{place_of(change)} {percent(change.log_ratio):+.1f} %"
        axes.annotate(
            text, (order[change.head], 1), xycoords=("data", "axes fraction"), rotation=90, va="top", fontsize=7
        )
    step = max(1, len(trend.chain) // _MOST_LABELS)
    ticks = list(range(0, len(trend.chain), step))
    axes.set_xticks(ticks, [short(trend.chain[n].commit)[:7] for n in ticks], rotation=30, ha="right", fontsize=7)
    axes.axhline(0, color="#444444", linewidth=0.8)
    axes.set_ylabel("% against the first commit")
    axes.set_title("chained over all machines, 95 % interval", loc="left", fontsize=9, color="#555555")


def _levels(axes: Axes, trend: Trend) -> None:
    for number, level in enumerate(trend.levels):
        seen = look(number)
        values = [each.value for each in level.points]
        when = [each.when for each in level.points]
        # matplotlib takes datetimes, which its annotations do not say
        axes.plot(when, values, color=seen.light, marker=seen.marker, markersize=3, label=f"machine {level.machine}")  # type: ignore[arg-type]
    axes.set_ylabel(trend.levels[0].unit)
    axes.set_title("absolute, by machine, interpreter and settings", loc="left", fontsize=9, color="#555555")
    axes.legend(frameon=False, fontsize=8)
