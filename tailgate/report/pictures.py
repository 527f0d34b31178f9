"""The static picture of a group: percentile curves on the 1/(1-p) axis, raw solid and reproducible dashed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from tailgate.documents.bench import P99
from tailgate.files import replacing
from tailgate.report.curves import parted
from tailgate.report.palette import look
from tailgate.report.scale import tick_duration
from tailgate.results.bench_report import ladder_cells
from tailgate.statistics.quantiles import LADDER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from tailgate.report.curves import Curves, Point

STYLE: Final[Any] = {  # Any: the keys that matplotlib knows are a type that lists them all
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.8,
    "axes.axisbelow": True,
    "svg.hashsalt": "tailgate",  # the same run gives the same file
    "svg.fonttype": "none",  # text stays text: it can be searched and read aloud
}
_DASHES: Final = (0, (4, 2))
_TICKS: Final = {
    1: "min",
    2: "p50",
    10: "p90",
    100: "p99",
    1e3: "p99.9",
    1e4: "p99.99",
    1e5: "p99.999",
    1e6: "p99.9999",
}


def draw_group(title: str, members: Sequence[Curves], folder: Path, name: str) -> list[Path]:
    """Draw one group of benchmarks that are compared with each other; return the PNG and the SVG."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 4.8), dpi=110, layout="constrained")
        axes = figure.add_subplot()
        for place, each in enumerate(members):
            _lines(axes, each, place)
        _axes(axes, members)
        _names(axes, members)
        figure.suptitle(title, x=0.012, ha="left", fontsize=13, fontweight="bold")
        _key(axes)
        return save(figure, folder, name)


def save(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write a figure as PNG and SVG, each whole or not at all."""
    written = []
    for kind in ("png", "svg"):
        path = folder / f"{name}.{kind}"
        with replacing(path) as temporary:
            figure.savefig(temporary, format=kind, metadata={"Date": None} if kind == "svg" else {"Software": None})
        written.append(path)
    return written


def _lines(axes: Axes, each: Curves, place: int) -> None:
    seen = look(place)
    for points, width in zip(parted(each.raw, each.sure_to), (2.0, 0.9), strict=True):
        axes.plot(*_xy(points), color=seen.light, linewidth=width)
    for points, width in zip(parted(each.reproducible, each.sure_to), (1.4, 0.7), strict=True):
        axes.plot(*_xy(points), color=seen.light, linewidth=width, linestyle=_DASHES)
    for p, ns, low, high in zip(LADDER, each.figures.raw, each.figures.low, each.figures.high, strict=True):
        axes.plot([1 / (1 - p)] * 2, [low, high], color=seen.light, linewidth=4, alpha=0.4, solid_capstyle="butt")
        axes.plot([1 / (1 - p)], [ns], color=seen.light, marker=seen.marker, markersize=5)


def _xy(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    return [point.one_in for point in points], [seen_ns(point) for point in points]


def seen_ns(point: Point) -> float:
    """Return where a point stands on a logarithmic axis, which has no 0: less than the clock shows is at 1 ns."""
    return max(point.ns, 1.0)


def _axes(axes: Axes, members: Sequence[Curves]) -> None:
    last = max(each.raw[-1].one_in for each in members)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(1, last)
    ticks = [tick for tick in _TICKS if tick <= last]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(ticks, [_TICKS[tick] for tick in ticks])
    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high / low < 3e3 else (1.0,), numticks=12))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: tick_duration(value)))
    axes.set_xlabel("percentile, on the scale of 1/(1-p): each step to the right is rarer")
    axes.set_ylabel("latency of one operation (log scale)")


def _names(axes: Axes, members: Sequence[Curves]) -> None:
    """Write each name beside the end of its raw curve; names that would overlap are moved apart."""
    ordered = sorted(enumerate(members), key=lambda pair: pair[1].raw[-1].ns)
    low, high = (math.log(limit) for limit in axes.get_ylim())
    ends = [(math.log(seen_ns(each.raw[-1])) - low) / (high - low) for _, each in ordered]
    for (place, each), end, height in zip(ordered, ends, apart(ends, 0.105), strict=True):
        seen = look(place)
        axes.annotate(
            f"{each.figures.implementation}\np99 {ladder_cells(each.figures.raw, each.figures.advisory)[P99]}",
            xy=(1.0, end),
            xytext=(1.04, height),
            xycoords="axes fraction",
            textcoords="axes fraction",
            color=seen.light,
            fontsize=9,
            va="center",
            linespacing=1.15,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": seen.light, "linewidth": 0.7, "relpos": (0, 0.5), "shrinkA": 1},
        )


def apart(heights: Sequence[float], least: float) -> list[float]:
    """Return ascending heights moved as little as possible (least squares) to stand `least` apart, within 0 to 1.

    Isotonic regression by pooling neighbours, of the heights less what the ones below need at least. More names than
    fit begin at 0 and go beyond 1.
    """
    pools: list[list[float]] = []
    for place, height in enumerate(heights):
        pools.append([height - place * least])
        while len(pools) > 1 and _mean(pools[-2]) > _mean(pools[-1]):
            last = pools.pop()
            pools[-1] += last
    room = max(1.0 - least * (len(heights) - 1), 0.0)
    flat = [min(max(_mean(pool), 0.0), room) for pool in pools for _ in pool]
    return [height + place * least for place, height in enumerate(flat)]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _key(axes: Axes) -> None:
    grey = "#555555"
    axes.legend(
        handles=[
            Line2D([], [], color=grey, linewidth=2.0, label="raw"),
            Line2D([], [], color=grey, linewidth=0.9, label="thin: advisory (few operations)"),
            Line2D([], [], color=grey, linewidth=1.4, linestyle=_DASHES, label="reproducible"),
            Line2D([], [], color=grey, linewidth=3, alpha=0.45, label="range over processes"),
        ],
        loc="lower left",
        bbox_to_anchor=(-0.01, 1.0),
        ncols=4,
        frameon=False,
        fontsize=9,
        handlelength=2.2,
        borderaxespad=0.2,
    )
