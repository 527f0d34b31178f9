"""`tailgate gate`: stop a change that makes the p99 worse; the exit status is the verdict."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console

from tailgate.commands._fleet import fleet_of, scheduler_options
from tailgate.history.keeping import keep
from tailgate.history.provenance import Origin
from tailgate.judge.change import judge_change, sides_of
from tailgate.judge.trials import GateRequest
from tailgate.measure.revisions import WORKTREE, resolve
from tailgate.measure.timing import timing_table
from tailgate.project.folders import claimed, output_folder
from tailgate.project.opening import open_project
from tailgate.results.gate_report import gate_text
from tailgate.terminal.options import SuiteCommand, lanes_option, names_of, settings_of, words_of
from tailgate.terminal.output import OutputError, let_go_of_output

if TYPE_CHECKING:
    from tailgate.documents.gate import GateDocument
    from tailgate.project.opening import Project

_EPILOG = """\b
Examples:
  tailgate gate --base origin/main              this commit against the branch it goes to
  tailgate gate --quick --base HEAD --head worktree    in fifteen seconds, before a push
  tailgate gate --base HEAD --head worktree     what is not committed yet against what is
  tailgate gate --base v1.2 parse render=fast
  tailgate gate --base main --scheduler tcp://10.0.0.4:8786    by all hosts of a cluster
  tailgate gate --base v1.2 --explain parse    where the shift is and what it is, whatever the verdict

\b
Exit status: 0 pass, 1 regression, 2 error, 3 undecided (budget spent), 4 unfit (the machine cannot judge now),
130 interrupted (what the whole blocks say is reported and written, and nothing passes).
"""

_SAME: Final = ("base", "head", "margin", "suites", "quick", "instructions", "explain", "affinity", "lanes")


@click.command("gate", cls=SuiteCommand, epilog=_EPILOG, quick="Before a push: 5 % in about 15 s, no allocations.")
@click.option("--base", metavar="REV", required=True, help="The revision to hold head against.")
@click.option("--head", metavar="REV", default="HEAD", show_default=True, help="A revision, or `worktree`.")
@click.option(
    "--margin",
    type=click.FloatRange(0),
    help="Tolerated slowdown, as a fraction.  [default: the configuration's, 0.02]",
)
@click.option("--budget", type=click.FloatRange(0, min_open=True), help="Seconds for the whole gate.  [default: 300]")
@click.option(
    "--suites", type=click.Choice(["shared", "each"]), help="Each revision with its own suite.  [default: shared]"
)
@click.option("--instructions", is_flag=True, help="Also count instructions by callgrind: exact, slow.")
@click.option(
    "--explain/--no-explain",
    default=None,
    help="Find out what makes head slower, beyond the budget.  [default: on a regression, unless quick]",
)
@click.option("--no-allocations", is_flag=True, help="Leave the allocations out.")
@click.option("--affinity", type=int, metavar="CPU", help="Pin the workers here.")
@lanes_option
@scheduler_options
@click.option("--timing", is_flag=True, help="Also say where the time went, phase by phase.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where to write.  [default: build/gate]",
)
def gate(**options: Any) -> int:
    """Stop a change that makes the p99 worse.

    Judge head's p99 against base's in lockstep, between two controls; certify the judgement or refuse it.

    The negative control is base once more and must stand still; the positive control is head with a known delay, which
    must be seen. Each SELECTOR names one benchmark, or several implementations; without any the configured ones.
    """
    project = open_project(passing=names_of(options))
    asked = GateRequest(
        words=words_of(options),
        settings=settings_of(options),
        budget_s=options["budget"],
        allocations=False if options["no_allocations"] else None,
        fleet=fleet_of(project, options),
        **{name: options[name] for name in _SAME},
    )
    folder = output_folder(options["output"] or project.root / "build" / "gate")
    ends = {side: _named(project, options[side]) for side in ("base", "head")}  # a branch may move while it is judged
    console = Console(stderr=True)
    with console.status("starting") as status, claimed(sides_of(project)):
        found, timing = judge_change(project, asked, folder, status.update)
    if options["timing"]:
        console.print(timing_table(timing).text(), highlight=False)
    answer = _conclude(found, folder)
    files = ("verdict.json", "blocks.json")
    origin = Origin(files, ends["head"], ends["base"], project.config.subject, asked.settings, chained=True)
    keep(project.root, folder, origin, partial(click.echo, err=True))
    return answer


def _named(project: Project, revision: str) -> str:
    return revision if revision == WORKTREE else resolve(project.root, revision)


def _conclude(report: GateDocument, folder: Path) -> int:
    """Print the verdict; return the exit status."""
    try:
        click.echo(gate_text(report))
        click.echo(f"\nWritten: {folder / 'verdict.json'}, {folder / 'verdict.md'}")
    except OutputError as error:
        if not error.reader_left:
            raise
        let_go_of_output()  # as `| head` does; the status is the verdict all the same
    return report.exit_status
