"""The picture of a duel: by how much each percentile moved, with its interval, raw and reproducible."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.palette import look
from reports.pictures import STYLE, save
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

KINDS: Final = ("reproducible", "raw")


@dataclass(frozen=True, slots=True)
class Shift:
    """One percentile's shift, as log ratios of the second side to the first; an open end is infinite."""

    kind: str
    p: float
    log_ratio: float
    low: float
    high: float
    advisory: bool


def draw(duel_json: Path) -> list[Path]:
    """Draw a duel's shift function beside its JSON; give the PNG and the SVG."""
    try:
        plain = json.loads(duel_json.read_text(encoding="utf-8"))
        shifts = shifts_of(plain)
        title = f"{plain['head']} against {plain['base']}: {plain['verdict']}"
        blocks = int(plain["blocks"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TailgateError(f"{duel_json} holds no duel: {error!r}", hint="make one with `tailgate duel`") from error
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 4.2), dpi=110, layout="constrained")
        axes = figure.add_subplot()
        _draw(axes, shifts)
        confidence = plain["shifts"][0]["comparison"]["estimate"]["confidence"]
        figure.suptitle(title, x=0.015, ha="left", fontsize=12, fontweight="bold")
        axes.set_title(f"{blocks} blocks; {100 * confidence:g} % intervals", loc="right", fontsize=9, color="#555555")
        return save(figure, duel_json.parent, "shift")


def shifts_of(duel: Mapping[str, Any]) -> list[Shift]:
    """Read the shifts of a duel's plain data; null and infinite ends are open."""
    found = []
    for each in duel["shifts"]:
        estimate = each["comparison"]["estimate"]
        low, high = estimate["low"], estimate["high"]
        found.append(
            Shift(
                each["kind"],
                each["p"],
                estimate["estimate"],
                -math.inf if low is None else low,
                math.inf if high is None else high,
                each["advisory"],
            )
        )
    return found


def percent(log_ratio: float) -> float:
    """Give a log ratio in percent: log 1.5 is 50."""
    return 100 * math.expm1(log_ratio)


def _draw(axes: Axes, shifts: Sequence[Shift]) -> None:
    places = {p: place for place, p in enumerate(sorted({each.p for each in shifts}))}
    finite = [end for each in shifts for end in (each.log_ratio, each.low, each.high, 0.0) if math.isfinite(end)]
    margin = 0.08 * (max(finite) - min(finite)) + 0.002
    bottom, top = min(finite) - margin, max(finite) + margin
    axes.axhline(0, color="#444444", linewidth=1)
    for number, kind in enumerate(KINDS):
        seen = look(number)
        chosen = sorted((each for each in shifts if each.kind == kind), key=lambda each: each.p)
        if not chosen:
            continue
        across = [places[each.p] + 0.16 * (number - 0.5) for each in chosen]
        axes.plot(across, [each.log_ratio for each in chosen], color=seen.light, linewidth=0.8, alpha=0.5)
        for x, each in zip(across, chosen, strict=True):
            axes.plot([x, x], [max(each.low, bottom), min(each.high, top)], color=seen.light, linewidth=2.2)
            _open_ends(axes, x, each, (bottom, top), seen.light)
            face = "white" if each.advisory else seen.light
            axes.plot([x], [each.log_ratio], marker=seen.marker, markersize=7, color=seen.light, markerfacecolor=face)
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
            for tick in MaxNLocator(8).tick_values(percent(bottom), percent(top))
            if tick > -100
        }
    else:
        factors = [step * 10.0**decade for decade in range(8) for step in (1, 2, 5)]
        labels = {math.log(factor): f"{factor:g}x slower" for factor in factors}
        labels |= {-math.log(factor): f"{factor:g}x faster" for factor in factors}
    labels[0.0] = "the same"
    shown = {place: text for place, text in labels.items() if bottom <= place <= top}
    axes.set_yticks(list(shown), list(shown.values()))


def _open_ends(axes: Axes, x: float, each: Shift, limits: tuple[float, float], colour: str) -> None:
    """Put an arrow head where so few blocks do not bound the shift."""
    if math.isinf(each.low):
        axes.plot([x], [limits[0]], marker="v", color=colour, markersize=7, clip_on=False)
    if math.isinf(each.high):
        axes.plot([x], [limits[1]], marker="^", color=colour, markersize=7, clip_on=False)
