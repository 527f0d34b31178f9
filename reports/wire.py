"""The page of the measurements over the wire: docs/wire-measured.md from every result below build/wire.

python -m reports.wire build/wire -o docs/wire-measured.md
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from documents.wire.document import NAME, Wire
from documents.wire.tables import LEAD, wire_tables
from tailgate.documents.envelope import load, recognise
from tailgate.errors import TailgateError
from tailgate.files import replacing
from tailgate.report.tables import markdown
from tailgate.terminal.command_line import CommandLine

if TYPE_CHECKING:
    from collections.abc import Iterator


def wire_markdown(folder: Path) -> str:
    """Return the page: one part a result, in the order in which they were measured."""
    paths = sorted(folder.rglob(NAME), key=lambda path: recognise(path).when)
    if not paths:
        raise TailgateError(f"there is no {NAME} below {folder}", hint="run: python -m suites.wire.published")
    return "\n".join(line for path in paths for line in ("", *_part(path))).join(
        (f"# The wire, as measured\n\n{LEAD} docs/wire.md says what each figure means.\n", "\n")
    )


def _part(path: Path) -> Iterator[str]:
    wire = load(path, Wire)
    yield f"## {path.parent.name}"
    yield ""
    yield f"- `{wire.command}`, {recognise(path).when:%Y-%m-%d %H:%M} UTC"
    yield from (f"- {name}: {value}" for name, value in wire.machine.items())
    for table in wire_tables(wire):
        yield ""
        yield markdown(table, level=3)


@click.command(
    "reports.wire", cls=CommandLine, epilog="Example: python -m reports.wire build/wire --output docs/wire-measured.md"
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("docs/wire-measured.md"), show_default=True
)
def main(folder: Path, output: Path) -> None:
    """Write one Markdown page of every result of the wire below FOLDER."""
    text = wire_markdown(folder)
    with replacing(output) as temporary:
        temporary.write_text(text, encoding="utf-8")
    click.echo(f"Written: {output}")


if __name__ == "__main__":
    main()
