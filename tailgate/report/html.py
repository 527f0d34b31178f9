"""Turns the plain data of a page into one self-contained HTML text, by the templates beside this module.

Pictures are drawn here as SVG and HTML, not by a charting library in the browser: they are in the page before a line of
script runs, print sharp, follow the colours of light and dark, and can be read by a screen reader and by a test. What
a library would add, the reading under the pointer, is a hundred lines of script.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import jinja2

from tailgate.report.blocks import Block, Chart, Section, Tag
from tailgate.report.palette import GLYPHS, LOOKS
from tailgate.report.tables import figure_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

TEMPLATES: Final = Path(__file__).with_name("templates")


@dataclass(frozen=True, slots=True)
class Page:
    """What the template gets. links: to pages beside it, as (text, address)."""

    title: str
    subtitle: str
    sections: Sequence[Section]
    links: Sequence[tuple[str, str]] = ()


def environment() -> jinja2.Environment:
    """Return what makes pages from the templates beside this module."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["points"] = points
    made.filters["figures"] = figure_columns
    return made


def render(page: Page) -> str:
    """Return the HTML text."""
    tags = sorted({(tag.path, tag.implementation) for section in page.sections for tag in tags_of(section)})
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            page=page,
            looks=LOOKS,
            glyphs=GLYPHS,
            paths=list(dict.fromkeys(path for path, _ in tags if path)),
            implementations=list(dict.fromkeys(sorted(name for _, name in tags if name))),
            data=script_json(_data(page)),
            style=(TEMPLATES / "page.css").read_text(encoding="utf-8"),
            script=(TEMPLATES / "page.js").read_text(encoding="utf-8"),
        )
    )


def points(line: Iterable[tuple[float, float]]) -> str:
    """Return a line as SVG's points on a square of 1000, y downwards."""
    return " ".join(f"{1000 * x:.1f},{1000 * (1 - y):.1f}" for x, y in line)


def tags_of(section: Section) -> Iterator[Tag]:
    """Yield what the filters may choose of a section's charts."""
    for block in section.blocks:
        if isinstance(block, Chart):
            yield from (series.tag for series in block.series)


def charts_of(blocks: Iterable[Block]) -> Iterator[Chart]:
    """Return the charts among blocks."""
    return (block for block in blocks if isinstance(block, Chart))


def _data(page: Page) -> dict[str, Any]:
    """Return what the pointer reads, by chart."""
    return {
        chart.key: {
            "stops": [[round(stop.at, 4), stop.label] for stop in chart.stops],
            "series": [
                {"name": series.name, "look": series.look, "readings": series.readings} for series in chart.series
            ],
        }
        for section in page.sections
        for chart in charts_of(section.blocks)
    }


def script_json(plain: Any) -> str:
    """Return JSON that cannot end the script element it stands in."""
    return json.dumps(plain, separators=(",", ":")).replace("<", "\\u003c")
