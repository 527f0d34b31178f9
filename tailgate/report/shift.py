"""The picture of a duel: by how much each percentile moved, with its interval, raw and reproducible."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tailgate.documents.duel import DuelDocument
from tailgate.documents.envelope import load
from tailgate.report.palette import look
from tailgate.report.pictures import STYLE, save
from tailgate.statistics.estimate import ratio_percent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from tailgate.documents.comparison import Shift
    from tailgate.documents.duel import DuelFigure

KINDS: Final = ("reproducible", "raw")


def draw(duel_json: Path) -> list[Path]:
    """Draw a duel's shift function beside its JSON; return the PNG and the SVG."""
    duel = load(duel_json, DuelDocument)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 4.2), dpi=110, layout="constrained")
        axes = figure.add_subplot()
        _draw(axes, duel.figures)
        title = f"{duel.head} against {duel.base}: {duel.verdict}"
        figure.suptitle(title, x=0.015, ha="left", fontsize=12, fontweight="bold")
        sure = f"{duel.blocks} blocks; {100 * duel.primary.shift.confidence:g} % intervals"
        axes.set_title(sure, loc="right", fontsize=9, color="#555555")
        return save(figure, duel_json.parent, "shift")


def _draw(axes: Axes, shifts: Sequence[DuelFigure]) -> None:
    places = {p: place for place, p in enumerate(sorted({each.p for each in shifts}))}
    finite = ends_of([each.shift for each in shifts])
    margin = 0.08 * (max(finite) - min(finite)) + 0.002
    bottom, top = min(finite) - margin, max(finite) + margin
    axes.axhline(0, color="#444444", linewidth=1)
    for number, kind in enumerate(KINDS):
        seen = look(number)
        chosen = sorted((each for each in shifts if each.kind == kind), key=lambda each: each.p)
        if not chosen:
            continue
        across = [places[each.p] + 0.16 * (number - 0.5) for each in chosen]
        axes.plot(across, [each.shift.log_ratio for each in chosen], color=seen.light, linewidth=0.8, alpha=0.5)
        for x, each in zip(across, chosen, strict=True):
            shift = each.shift
            low, high = bottom if shift.low is None else shift.low, top if shift.high is None else shift.high
            axes.plot([x, x], [low, high], color=seen.light, linewidth=2.2)
            _open_ends(axes, x, shift, (bottom, top), seen.light)
            face = "white" if each.advisory else seen.light
            axes.plot([x], [shift.log_ratio], marker=seen.marker, markersize=7, color=seen.light, markerfacecolor=face)
        axes.plot([], [], label=kind, marker=seen.marker, linewidth=2.2, color=seen.light)
    axes.plot([], [], linestyle="none", marker="o", color="#555555", markerfacecolor="white", label="advisory")
    axes.set_ylim(bottom, top)
    axes.set_xlim(-0.5, len(places) - 0.5)
    axes.set_xticks(list(places.values()), [f"p{100 * p:g}" for p in places])
    axes.grid(visible=False, axis="x")
    _ticks(axes, bottom, top)
    axes.set_ylabel("shift of the percentile: slower is up")
    axes.legend(loc="upper left", bbox_to_anchor=(0, 1.09), ncols=3, frameon=False, fontsize=9, borderaxespad=0)


def _ticks(axes: Axes, bottom: float, top: float) -> None:
    """Label the log ratios as round percents; as round factors where one side is several times the other."""
    if max(-bottom, top) < math.log(3):
        labels = {
            math.log1p(tick / 100): f"{tick:+g} %"
            for tick in MaxNLocator(8).tick_values(ratio_percent(bottom), ratio_percent(top))
            if tick > -100
        }
    else:
        factors = [step * 10.0**decade for decade in range(8) for step in (1, 2, 5)]
        labels = {math.log(factor): f"{factor:g}x slower" for factor in factors}
        labels |= {-math.log(factor): f"{factor:g}x faster" for factor in factors}
    labels[0.0] = "the same"
    shown = {place: text for place, text in labels.items() if bottom <= place <= top}
    axes.set_yticks(list(shown), list(shown.values()))


def ends_of(shifts: Sequence[Shift]) -> list[float]:
    """Return every log ratio that an axis must hold, with that of no difference."""
    return [0.0, *(end for each in shifts for end in (each.log_ratio, each.low, each.high) if end is not None)]


def _open_ends(axes: Axes, x: float, each: Shift, limits: tuple[float, float], colour: str) -> None:
    """Put an arrow head where so few blocks do not bound the shift."""
    if each.low is None:
        axes.plot([x], [limits[0]], marker="v", color=colour, markersize=7, clip_on=False)
    if each.high is None:
        axes.plot([x], [limits[1]], marker="^", color=colour, markersize=7, clip_on=False)
