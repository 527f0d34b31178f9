"""The page of the ledger: docs/ledger.md from build/ledger/ledger.json.

python -m reports.ledger build/ledger/ledger.json -o docs/ledger.md
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from documents.ledger import Ledger
from reports.ledger_tables import ledger_tables
from tailgate.documents.envelope import load
from tailgate.files import replacing
from tailgate.report.tables import markdown
from tailgate.terminal.command_line import CommandLine

if TYPE_CHECKING:
    from collections.abc import Iterator


def ledger_markdown(ledger: Ledger) -> str:
    """Return the page."""
    return "\n".join(_lines(ledger)) + "\n"


def _lines(ledger: Ledger) -> Iterator[str]:
    yield "# The ledger: what was claimed, and what is measured"
    yield ""
    yield (
        "Every figure says how many times as fast the fix is as the bottleneck, both measured in lockstep, with the "
        "interval over the blocks. The claim is the performance analysis's; its verdict is that of its first row."
    )
    yield ""
    yield f"{ledger.tally}."
    yield ""
    when = f"{ledger.when:%Y-%m-%d %H:%M} UTC"
    yield f"Measured on {when} in {ledger.seconds / 60:.1f} min by `{ledger.command}`:"
    yield ""
    yield from (f"- {name}: {value}" for name, value in ledger.machine.items())
    yield from (f"- {note}" for note in ledger.notes)
    for table in ledger_tables(ledger):
        yield ""
        yield markdown(table)


@click.command(
    "reports.ledger",
    cls=CommandLine,
    epilog="Example: python -m reports.ledger build/ledger/ledger.json --output docs/ledger.md",
)
@click.argument("ledger", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("docs/ledger.md"), show_default=True)
def main(ledger: Path, output: Path) -> None:
    """Write the Markdown document of LEDGER, a ledger.json."""
    text = ledger_markdown(load(ledger, Ledger))
    with replacing(output) as temporary:
        temporary.write_text(text, encoding="utf-8")
    click.echo(f"Written: {output}")


if __name__ == "__main__":
    main()
