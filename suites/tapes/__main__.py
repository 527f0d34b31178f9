"""`python -m suites.tapes`: say what a capture holds before anything is timed, and fit the generator to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from suites.settings import CACHE
from suites.tapes.contents import beside, contents, generated
from suites.tapes.fit import fit
from suites.tapes.fitted import Fitted, market_of
from suites.tapes.market import DEFAULT
from suites.tapes.options import capture_options, opened
from suites.tapes.profile import profile
from suites.tapes.wording import FITTED
from tailgate.documents.envelope import save
from tailgate.errors import TailgateError
from tailgate.terminal.command_line import CommandLine

EPILOG = """\b
Examples:
  python -m suites.tapes captures/coinbase_level2_10sym_20210417.raw
  python -m suites.tapes captures/monday.jsonl.zst,captures/tuesday.jsonl.zst --symbols BTC/USD --from +60 --to +120
  python -m suites.tapes captures/today.jsonl.zst --fit twin.json
  python -m suites.tapes captures/today.jsonl.zst --fitted twin.json

\b
The parameters hold the symbols' names, where prices began, and shares; none of the messages. They are taken back by
every command that takes a tape: nox -s bench -- --fitted twin.json
"""


@click.command("suites.tapes", cls=CommandLine, epilog=EPILOG)
@click.argument("capture", metavar="FILE")
@capture_options
@click.option("--messages", type=click.IntRange(min=0), default=0, help="At most so many messages.  [all]")
@click.option(
    "--fit", "target", type=click.Path(path_type=Path, dir_okay=False), help="Write the generator's parameters."
)
@click.option("--force", is_flag=True, help="Let --fit replace a file.")
@click.option(
    "--fitted", type=click.Path(path_type=Path), metavar=FITTED.metavar, help="Hold it to this fitted generator."
)
def main(*, target: Path | None, force: bool, fitted: Path | None, **options: Any) -> None:
    """Say what FILE (a capture, several with commas between, or a folder) holds, and how far the generator is from it.

    Messages by kind, symbols, depth, levels a message, ranks touched, rates and Fano factors, the share of the updates
    that move the top, and what is left out of the tape and why.
    """
    if target is not None and target.exists() and not force:
        raise TailgateError(f"{target} exists", hint="--force replaces it; or name another file")
    market = DEFAULT if fitted is None else market_of(fitted)
    tape = opened(options, CACHE)
    of = profile(tape)
    for table in contents(tape, of):
        click.echo(table.text() + "\n")
    whose = "the generator's default" if fitted is None else str(fitted)
    click.echo(beside(of, generated(of, market), whose).text())
    if target is not None:
        click.echo("\nfitting the generator ...", err=True)
        found, _ = fit(tape)
        save(target, Fitted(tape.name, of.messages, found))
        click.echo("\n" + beside(of, generated(of, found), "the fitted generator").text())
        click.echo(f"\nwritten: {target}; nox -s bench -- --fitted {target}   measures on its tapes")


if __name__ == "__main__":
    main()
