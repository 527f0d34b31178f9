"""`tailgate report`: one HTML page of any results, and the pictures of a bench or a duel."""

from __future__ import annotations

import contextlib
import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tailgate.commands.history_page import REPORT, page_beside
from tailgate.config import find_root
from tailgate.errors import MissingToolError, TailgateError
from tailgate.project.opening import register_documents

if TYPE_CHECKING:
    from collections.abc import Sequence

_EPILOG = """\b
Examples:
  tailgate report                                    all that build/ holds, as build/report.html
  tailgate report build/gate/verdict.json            the page of a gate, beside it
  tailgate report --pictures build/bench             its page, report.md and the curves (PNG, SVG) too
  tailgate report --pictures build/duel/duel.json    the page, and the shift of each percentile as a picture

It needs an extra: pip install 'tailgate[report]'
"""


@click.command("report", epilog=_EPILOG)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="The page.")
@click.option("--pictures", is_flag=True, help="Draw the curves of a bench and the shift of a duel as pictures too.")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
def report(*, output: Path | None, pictures: bool, files: tuple[Path, ...]) -> None:
    """Make one self-contained HTML page of results.

    FILE is the result of any command, a suite of pyperf's of any other program (.json, .json.gz), or a folder that
    holds some; without it build/ of this project, and beside the page history.html, where a history is kept. The page
    stands beside the first, as report.html.
    """
    with contextlib.suppress(TailgateError):  # a page is made anywhere
        register_documents(find_root(Path.cwd()))
    gather, page = _part("gather"), _part("page")
    paths = files or (find_root(Path.cwd()) / "build",)
    first = paths[0]
    found = gather.gather(paths)
    target = output or (first if first.is_dir() else first.parent) / REPORT
    history = _history(paths, target)
    links = [("History", history.name)] if history else []
    written = [page.write_page(found, target, links), *([history] if history else [])]
    for each in found if pictures else ():
        if each.kind == "bench":
            written += _part("bench").write(each.path.parent)
        if each.kind == "duel":
            written += _part("shift").draw(each.path)
    for path in dict.fromkeys(written):
        click.echo(f"Written: {path}")


def _history(paths: Sequence[Path], page: Path) -> Path | None:
    """Write the page of the history beside the report of all that the project has measured; None for none."""
    with contextlib.suppress(TailgateError):  # no project: a page is made anywhere
        root = find_root(Path.cwd())
        if any(path.resolve() == root / "build" for path in paths):
            written, why = page_beside(root, page.parent, page.name)
            if why:
                click.echo(why, err=True)
            return written
    return None


def _part(name: str) -> Any:
    try:
        return importlib.import_module(f"tailgate.report.{name}")
    except ModuleNotFoundError as error:
        raise MissingToolError(
            f"the page and its pictures need {error.name}", hint="pip install 'tailgate[report]'"
        ) from error
