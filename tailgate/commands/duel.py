"""`tailgate duel`: which of two sides is faster, and where in the distribution."""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from tailgate.documents.comparison import signed
from tailgate.documents.envelope import save
from tailgate.errors import INTERRUPTED, MissingToolError, TailgateError
from tailgate.files import replacing
from tailgate.history.keeping import keep
from tailgate.history.provenance import Origin
from tailgate.judge.documents import duel_document
from tailgate.judge.duel import Budget, run_duel
from tailgate.judge.sides import SIDES, left_out, two_sides
from tailgate.machine.place import choose_place
from tailgate.measure.revisions import WORKTREE, resolve
from tailgate.measure.timing import timing_table
from tailgate.project.folders import claimed, output_folder
from tailgate.project.opening import call_hook, open_project
from tailgate.project.plans import plan_of
from tailgate.results.duel_report import duel_markdown, duel_sentence, duel_table
from tailgate.terminal.options import SuiteCommand, settings_of, sized, words_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tailgate.documents.duel import DuelDocument
    from tailgate.measure.sides import Side
    from tailgate.project.opening import Project
    from tailgate.statistics.decision import Comparison

_EPILOG = """\b
Examples:
  tailgate duel parse=simple parse=fast
  tailgate duel --base main --head HEAD parse
  tailgate duel --python python3.12 --python python3.13 parse
  tailgate duel --env PYTHONMALLOC=malloc parse         this against nothing
  tailgate duel --allocator jemalloc parse              that against the interpreter's own
  tailgate duel --with 'msgspec==0.20.0' parse=msgspec  that version against the installed one
  tailgate duel --identical parse                       A/A: what this machine makes of no difference

Ctrl-C ends a duel undecided: its whole blocks are reported and written, and the exit status is 130.
"""


@click.command("duel", cls=SuiteCommand, epilog=_EPILOG)
@click.option("--base", metavar="REV", default="", help="The first side's revision of the subject.")
@click.option("--head", metavar="REV", default="", help="The second side's; `worktree` is the files as they are.")
@click.option(
    "--suites", type=click.Choice(["shared", "each"]), default="shared", help="Each revision with its own suite."
)
@click.option("--python", multiple=True, metavar="PATH", help="Interpreter: once for the second side, twice for both.")
@click.option("--env", multiple=True, metavar="'K=V ...'", help="Variables: once for the second side, twice for both.")
@click.option(
    "--with", "with_packages", multiple=True, metavar="REQ", help="Versions: once for the second, twice for both."
)
@click.option("--allocator", multiple=True, metavar="NAME", help="E.g. jemalloc: once for the second, twice for both.")
@click.option("--identical", is_flag=True, help="Allow two sides that are the same (A/A).")
@sized("--budget", click.FloatRange(0, min_open=True), 60.0, 5.0, "Seconds to spend; eight blocks run in any case.")
@click.option(
    "--alpha",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.01,
    show_default=True,
    help="Error rate, over all interim analyses together.",
)
@sized("--passes", click.IntRange(1), 7, 3, "Measured passes per process.")
@sized("--operations", click.IntRange(1), 20_000, 4_000, "Operations per pass.")
@click.option("--affinity", type=int, metavar="CPU", help="Pin both sides here.")
@click.option("--timing", is_flag=True, help="Also say where the time went, phase by phase.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where to write.  [default: build/duel]",
)
def duel(**options: Any) -> int:
    """Compare two sides in lockstep until the answer is clear.

    Or until the budget is spent.
    """
    project = open_project()
    if options["base"] or options["head"]:
        click.get_current_context().with_resource(claimed(project.root / SIDES))
    sides = two_sides(project, words_of(options), options)
    if changed := left_out(project, options):
        click.echo(
            f"not compared: what is not committed in {', '.join(changed[:5])}{' ...' if len(changed) > 5 else ''}; "
            f"the sides are {sides[0].name} and {sides[1].name}; --head worktree compares the files as they are",
            err=True,
        )
    folder = output_folder(options["output"] or project.root / "build" / "duel")
    place = choose_place(options["affinity"], probe_seconds=0.3)
    plan = plan_of(
        project.config,
        settings_of(options),
        place,
        passes=options["passes"],
        operations=options["operations"],
        process_budget_s=max(1.0, options["budget"] / 30),
    )
    inputs = project.inspect(plan.settings)
    origin = _origin(project, options, sides, plan.settings)
    console = Console(stderr=True)
    with console.status("starting") as status:

        def heard(done: int, last: int, seen: Comparison | None) -> None:
            so_far = f", {signed(seen.estimate.estimate)} so far" if seen else ""
            status.update(f"{done} of at most {last} blocks{so_far}")

        try:
            ended = run_duel(sides, plan, random.Random(), Budget(options["budget"], options["alpha"]), heard=heard)
        except KeyboardInterrupt:
            raise TailgateError("interrupted before the first block was whole; nothing was written") from None
    if options["timing"]:
        console.print(timing_table(plan.timing).text(), highlight=False)
    told = duel_document(ended, inputs)
    written = write_duel(told, folder, project.config.shift_plot)  # a reader that has gone must not cost it
    click.echo(duel_table(told).text())
    click.echo(f"\n{duel_sentence(told)}")
    for path in written:
        click.echo(f"Written: {path}")
    keep(project.root, folder, origin, partial(click.echo, err=True))
    return INTERRUPTED if told.interrupted else 0


def _origin(
    project: Project, options: Mapping[str, Any], sides: tuple[Side, Side], settings: Mapping[str, Any]
) -> Origin:
    """Say what was held against what: revisions that differ in nothing else are a link of the history's chain."""
    others = any(options[name] for name in ("python", "env", "with_packages", "allocator"))
    revisions = bool(options["base"] or options["head"])
    ends = [options[side] or "HEAD" for side in ("base", "head")]
    base, head = "", WORKTREE
    if revisions:
        base, head = (each if each == WORKTREE else resolve(project.root, each) for each in ends)
    return Origin(
        ("duel.json",),
        head,
        "" if base == WORKTREE else base,
        project.config.subject,
        settings,
        chained=revisions and not others and sides[0].benchmark == sides[1].benchmark,
        benchmark=sides[0].benchmark if sides[0].benchmark == sides[1].benchmark else "",
    )


def write_duel(told: DuelDocument, folder: Path, plot: str) -> list[Path]:
    """Write duel.json and duel.md, and the plot of the shift function where the project names what draws it."""
    written = [save(folder / "duel.json", told), folder / "duel.md"]
    with replacing(written[1]) as temporary:
        temporary.write_text(duel_markdown(told), encoding="utf-8")
    try:
        return written + (call_hook(plot, folder / "duel.json") if plot else [])
    except MissingToolError as error:
        click.echo(error, err=True)
        return written
