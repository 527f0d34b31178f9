"""The documents of a bench run: report.md with the pictures of its groups beside it, and report.html."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.curves import curves
from reports.gather import beside, recognise
from reports.page import UNKNOWN, write_page
from reports.pictures import draw_group
from tailgate.results.document import bench_markdown
from tailgate.results.load import load_results
from tailgate.results.run import load_run_facts
from tailgate.results.store import RESULTS, replacing, slug

if TYPE_CHECKING:
    from pathlib import Path

    from tailgate.results.load import Results


def write(folder: Path) -> list[Path]:
    """Write the documents of the run in that folder; give their paths, the page first."""
    results = load_results(folder / RESULTS)
    facts = load_run_facts(folder) or UNKNOWN
    drawn = draw_groups(results, folder)
    pictures = {title: paths[0].name for title, paths in drawn.items()}
    page = folder / "report.md"
    with replacing(page) as temporary:
        temporary.write_text(bench_markdown(results, facts, pictures), encoding="utf-8")
    html = write_page([recognise(results.path), *beside(folder)], folder / "report.html")
    return [page, html, *(path for paths in drawn.values() for path in paths)]


def draw_groups(results: Results, folder: Path) -> dict[str, list[Path]]:
    """Draw the percentile curves of each group; give the paths by the group's title."""
    drawn = {}
    for group, members in results.groups().items():
        plain = [curves(each) for each in members if not each.stages()]
        if plain:
            drawn[group] = draw_group(group, plain, folder, f"curves-{slug(group)}")
    return drawn
