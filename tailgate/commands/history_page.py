"""`tailgate history page`: every trend of a project on one page; `tailgate report` makes it too, beside the report."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console

from tailgate.commands.history import opened, part
from tailgate.config import find_root
from tailgate.documents.comparison import KINDS
from tailgate.errors import MissingToolError, TailgateError
from tailgate.history.place import place_of
from tailgate.history.provenance import main_line, project_of
from tailgate.project.folders import guard_file
from tailgate.statistics.quantiles import LADDER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tailgate.documents.comparison import Kind
    from tailgate.documents.trend import Trend

_PERCENTS: Final = [f"p{100 * p:g}" for p in LADDER]
REPORT: Final = "report.html"


@click.command("page")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Where.  [default: build/history.html]",
)  # fmt: skip
@click.option("--percentile", type=click.Choice(_PERCENTS), default="p99", show_default=True)
@click.option("--kind", type=click.Choice(KINDS), default=KINDS[0], show_default=True)
@click.option("--force", is_flag=True, help="Replace a file outside build/.")
def page(*, output: Path | None, percentile: str, kind: Kind, force: bool) -> None:
    """Draw the trends of all benchmarks on one self-contained HTML page.

    The chained ratio with its interval, the changes with their commits, absolute percentiles by machine, allocations:
    read by pointer and keys, zoomed by commit, filtered as the report is.
    """
    root = find_root(Path.cwd())
    target = output or root / "build" / "history.html"
    if not force:
        guard_file(target, root, "--force replaces it")
    report = REPORT if (target.parent / REPORT).is_file() else ""
    written = write_page(root, target, kind, LADDER[_PERCENTS.index(percentile)], report=report)
    click.echo(f"Written: {written}")


def write_page(root: Path, target: Path, kind: Kind = KINDS[0], percentile: float = 0.99, *, report: str = "") -> Path:
    """Write the page of the project's history; TailgateError where nothing is kept of it. report: see history_page."""
    try:
        drawing = importlib.import_module("tailgate.report.history_page")
    except ModuleNotFoundError as error:
        raise MissingToolError(f"the page needs {error.name}", hint="pip install 'tailgate[report]'") from error
    store, project = opened(root), project_of(root)
    known = part("history.figures").commits_known(store, project)
    runs = len(part("history.queries").runs_of(store, project))
    if not runs:
        raise TailgateError(
            f"the history {store.name} has no run of {project}", hint="run `tailgate bench` or `tailgate gate`"
        )
    line = main_line(root)
    about = drawing.About(project, kind, percentile, runs, known, line)
    trends = part("history.trend").trends_of(store, project, kind, percentile, line or known)
    found: Path = drawing.write_history_page(about, _counted(trends), target, report)
    return found


def page_beside(root: Path, folder: Path, report: str = REPORT) -> tuple[Path | None, str]:
    """Write the page beside a report of that name; return it, None for none, and why there is none, empty for no need.

    Nobody asked for it: a project without a history, or without the extra, has a report all the same.
    """
    try:
        place = place_of(root)
        if not place or (place.startswith("sqlite:///") and not Path(place.removeprefix("sqlite:///")).is_file()):
            return None, ""
        return write_page(root, folder / "history.html", report=report), ""
    except MissingToolError:
        return None, ""
    except TailgateError as error:
        return None, " ".join(f"no page of the history: {error.message}".split())


def _counted(trends: Iterator[Trend]) -> Iterator[Trend]:
    """Show on a terminal how far it is."""
    with Console(stderr=True).status("reading the history") as status:
        for number, trend in enumerate(trends, 1):
            status.update(f"{number} benchmarks: {trend.benchmark}")
            yield trend
