"""The documents of a bench run: report.md with the pictures of its groups beside it, and report.html."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tailgate.files import replacing, slug
from tailgate.report.curves import groups_of
from tailgate.report.gather import beside, recognise
from tailgate.report.page import UNKNOWN, write_page
from tailgate.report.pictures import draw_group
from tailgate.results.bench_report import bench_markdown
from tailgate.results.load import load_results
from tailgate.results.run import load_run_facts
from tailgate.results.store import RESULTS
from tailgate.results.summary import summarise

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path) -> list[Path]:
    """Write the documents of the run in that folder; return their paths, the page first."""
    results = load_results(folder / RESULTS)
    facts = load_run_facts(folder) or UNKNOWN
    summary = summarise(results, facts.budgets, facts.inputs)
    drawn = {
        group: draw_group(group, members, folder, f"curves-{slug(group)}")
        for group, members in groups_of(results, summary).items()
    }
    pictures = {title: paths[0].name for title, paths in drawn.items()}
    page = folder / "report.md"
    with replacing(page) as temporary:
        temporary.write_text(bench_markdown(summary, facts, pictures), encoding="utf-8")
    html = write_page([recognise(results.path), *beside(folder)], folder / "report.html")
    return [page, html, *(path for paths in drawn.values() for path in paths)]
