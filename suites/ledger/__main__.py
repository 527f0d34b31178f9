"""`python -m suites.ledger`: measure what was claimed, and write it down."""

from __future__ import annotations

import contextlib
import shlex
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console

from documents.ledger import Ledger
from suites.ledger.builds import find_builds
from suites.ledger.compiled import build_compiled
from suites.ledger.document import Facts, ledger_of
from suites.ledger.measuring import Measuring
from suites.ledger.state import FILE, State, resume
from suites.ledger.wire import read_runs
from tailgate.documents.envelope import load, save
from tailgate.errors import INTERRUPTED, TailgateError
from tailgate.history.keeping import keep
from tailgate.history.provenance import Origin
from tailgate.machine.place import choose_place
from tailgate.project.opening import open_project
from tailgate.terminal.command_line import CommandLine
from tailgate.terminal.progress import progress_on

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT: Final = Path(__file__).resolve().parents[2]
_EPILOG: Final = """\b
Examples:
  python -m suites.ledger                        everything, at most 40 minutes on two cores
  python -m suites.ledger --quick                fewer blocks, operations and sides, at most 6 minutes
  python -m suites.ledger --resume               go on where a run was interrupted
  python -m suites.ledger --base 3.13.15-plain   on this build, and the others of its release against it
  python -m suites.ledger --document-only        only put together again what is measured

The rows of the wire are read from build/wire: run  nox -s wire  first; a row without runs says which ones it needs.
"""


@click.command("suites.ledger", cls=CommandLine, epilog=_EPILOG)
@click.option("--quick", is_flag=True, help="Fewer blocks, operations and sides.")
@click.option("--resume", "again", is_flag=True, help="Keep the leagues that an interrupted run has measured.")
@click.option("--document-only", is_flag=True, help="Measure nothing; write what is known.")
@click.option("--base", default="", metavar="NAME", help="A plain build.  [default: the newest, else this interpreter]")
@click.option("--affinity", type=int, metavar="CPU", help="Pin the sides of a block here.")
@click.option("--wire", "wire", type=click.Path(path_type=Path), default=ROOT / "build" / "wire", metavar="DIR")
@click.option("--output", type=click.Path(path_type=Path), default=ROOT / "build" / "ledger", metavar="DIR")
def main(**options: Any) -> int:
    """Measure every bottleneck against its fix, and write build/ledger/ledger.json.

    Each path in lockstep, then the whole pipeline with one fix missing, with one made, and phase upon phase; managers
    of books under threads; allocations. Results are kept after every league. The exit status is 1 when a league failed
    and its row is missing, 2 when nothing could be done.
    """
    return run(options, sys.argv[1:])


def run(options: dict[str, Any], arguments: Sequence[str]) -> int:
    """Measure and write; return the exit status: 130 when interrupted, 1 when a league failed."""
    console = Console(stderr=True)
    project = open_project(ROOT)
    with console.status("finding interpreters"):
        builds = find_builds(project, options["base"])
    if not options["document_only"]:
        with console.status("building extension modules"):
            why = build_compiled(project, builds)
        if why:
            click.echo(f"the rows of native code (I4, I6) cannot be measured: {why}", err=True)
    place = choose_place(options["affinity"], probe_seconds=0.3)
    terms = {"quick": options["quick"], "base": builds.base_name, "builds": sorted(builds.bare)}
    path = options["output"] / FILE
    if options["document_only"] and not path.is_file():
        raise TailgateError(f"there is no {path}: nothing was measured", hint="run: nox -s ledger")
    state = resume(path, terms) if options["again"] or options["document_only"] else State(terms)
    progress = progress_on(console)
    measuring = Measuring(project.root, place, builds, state, path, options["quick"], progress)
    status = 0
    try:
        if not options["document_only"]:
            measuring.run()
        status = 1 if state.failed else 0
    except KeyboardInterrupt:
        click.echo("interrupted; what was measured is kept, and --resume goes on", err=True)
        status = INTERRUPTED
    finally:
        progress.close()
    runs, faults = read_runs(options["wire"])
    written = options["output"] / "ledger.json"
    facts = _facts(arguments, project.config.budgets, written if options["document_only"] else None)
    ledger = ledger_of(measuring, runs, faults, facts)
    save(written, ledger)
    for name, why in state.failed.items():
        click.echo(f"{name} failed: {why}", err=True)
    click.echo(f"Written: {written} ({len(ledger.rows)} rows, {state.seconds:.0f} s): {ledger.tally}")
    keep(ROOT, options["output"], Origin((written.name,)), partial(click.echo, err=True))
    return status


def _facts(arguments: Sequence[str], budgets: Mapping[str, float], before: Path | None) -> Facts:
    """Say when, where and by which command; where nothing was measured now, what the ledger `before` says."""
    if before is not None:
        with contextlib.suppress(TailgateError):
            ledger = load(before, Ledger)
            return Facts(ledger.command, ledger.when, budgets, ledger.machine)
    return Facts(shlex.join(["python", "-m", "suites.ledger", *arguments]), datetime.now(UTC), budgets)


if __name__ == "__main__":
    main()
