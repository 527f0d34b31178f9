"""`python -m reports FILES...`: make the page of any results."""

from __future__ import annotations

from pathlib import Path

import click

import reports.kinds  # noqa: F401  the page draws what this repository measures besides
from tailgate.report.gather import gather
from tailgate.report.page import write_page
from tailgate.terminal.command_line import CommandLine

EPILOG = """\b
Examples:
  python -m reports build/                        everything that was measured, as build/report.html
  python -m reports build/duel/duel.json build/gate/verdict.json -o verdicts.html
"""


@click.command("reports", cls=CommandLine, epilog=EPILOG)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="The page.  [default: report.html beside the first]"
)
def main(files: tuple[Path, ...], output: Path | None) -> None:
    """Make one self-contained HTML page of FILES: results of any command, or folders that hold them."""
    first = files[0]
    page = output or (first if first.is_dir() else first.parent) / "report.html"
    write_page(gather(files), page)
    click.echo(f"Written: {page}")


if __name__ == "__main__":
    main()
