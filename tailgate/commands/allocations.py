"""`tailgate allocations`: what each implementation allocates per operation, where, and what it keeps."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from tailgate.documents.allocations import FILE, AllocationCount, Allocations
from tailgate.documents.allocators import FILE as ALLOCATORS
from tailgate.documents.allocators import Allocators
from tailgate.documents.envelope import save
from tailgate.errors import MissingToolError, TailgateError
from tailgate.files import replacing
from tailgate.measure.lockstep import Plan
from tailgate.measure.sides import side_of
from tailgate.profilers.allocations import OPERATIONS, allocations_of
from tailgate.profilers.allocators import Allocator, allocators, memory_under
from tailgate.project.folders import output_folder
from tailgate.project.opening import open_project
from tailgate.project.plans import plan_of
from tailgate.project.selection import select
from tailgate.results.allocations_report import allocations_table, allocator_table, site_table, stage_table
from tailgate.terminal.options import SuiteCommand, names_of, settings_of, sized, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tailgate.benchmark import Benchmark
    from tailgate.measure.lockstep import Plan
    from tailgate.results.table import Table

_EPILOG = """\b
Examples:
  tailgate allocations                      every implementation
  tailgate allocations parse                those of one path
  tailgate allocations parse --allocators all
  tailgate duel --allocator jemalloc parse  its speed, in lockstep
"""


@click.command("allocations", cls=SuiteCommand, epilog=_EPILOG)
@sized("--operations", click.IntRange(1), OPERATIONS, 500, "Operations counted.")
@click.option("--sites", type=click.IntRange(0), default=3, show_default=True, help="Lines of code per benchmark.")
@click.option("--allocators", "names", metavar="NAME,NAME", default="", help="Also weigh under these; `all`, or names.")
@click.option("--output", type=click.Path(path_type=Path), metavar="DIR", help="Where.  [default: build/allocations]")
def allocations(**options: Any) -> None:
    """Count allocations and bytes per operation, by site.

    And by stage, with peak and growth: deterministic, by memray (pip install 'tailgate[allocations]').
    """
    project = open_project(passing=names_of(options))
    chosen = select(project.suite, words_of(options))
    plan = plan_of(project.config, settings_of(options), operations=options["operations"])
    inputs = project.inspect(plan.settings)
    folder = output_folder(options["output"] or project.root / "build" / "allocations")
    weighing, missing = _allocators(options["names"])
    console = Console(stderr=True)
    with console.status("starting") as status:
        counts, unavailable = count_all(chosen, plan, status.update)
        weighed = [
            memory_under(each.name, side_of(benchmark), plan)
            for benchmark in chosen
            if benchmark.name not in unavailable
            for each in weighing
        ]
    if not counts:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in unavailable.items())
        raise TailgateError(f"nothing could be counted: {reasons}")
    found = Allocations(tuple(counts), unavailable, inputs)
    memory = Allocators(tuple(weighed), {each.name: f"{each.missing}: {each.hint}" for each in missing}, inputs)
    tables = [allocations_table(found), *(each.under(inputs) for each in _details(counts, options["sites"]))]
    if weighed:
        tables.append(allocator_table(memory))
    for table in tables:
        click.echo(table.text() + "\n")
    written = _write(found, memory, tables, folder)
    click.echo("Written: " + ", ".join(str(path) for path in written))


def count_all(
    benchmarks: Iterable[Benchmark], plan: Plan, say: Callable[[str], None], python: str = ""
) -> tuple[list[AllocationCount], dict[str, str]]:
    """Count each benchmark; return the counts, and why the others were not counted. A missing memray ends it all."""
    counts: list[AllocationCount] = []
    unavailable: dict[str, str] = {}
    for each in benchmarks:
        say(f"{each.name}: allocations")
        if reason := "" if python else each.unavailable():  # another interpreter has other packages: it is asked there
            unavailable[each.name] = reason
            continue
        try:
            counts.append(allocations_of(side_of(each, python or sys.executable), plan, plan.operations or OPERATIONS))
        except TailgateError as error:
            if isinstance(error, MissingToolError):
                raise
            unavailable[each.name] = error.message.strip().splitlines()[-1]
    return counts, unavailable


def _details(counts: Sequence[AllocationCount], sites: int) -> list[Table]:
    tables = [site_table(each, sites) for each in counts if sites and each.sites]
    return tables + [table for each in counts if (table := stage_table(each))]


def _allocators(names: str) -> tuple[list[Allocator], list[Allocator]]:
    """Return the allocators to weigh under, and those that are not here."""
    if not names:
        return [], []
    known = allocators()
    wanted = list(known) if names == "all" else names.split(",")
    for name in wanted:
        if name not in known:
            raise TailgateError(f"there is no allocator {name!r}", hint=f"the right ones: {', '.join(known)}, all")
    return (
        [known[name] for name in wanted if not known[name].missing],
        [known[name] for name in wanted if known[name].missing],
    )


def _write(found: Allocations, weighed: Allocators, tables: Sequence[Table], folder: Path) -> list[Path]:
    written = [save(folder / FILE, found)]
    if weighed.weighed:
        written.append(save(folder / ALLOCATORS, weighed))
    for each in written:
        each.with_suffix(".jsonl").unlink(missing_ok=True)  # what an older version left
    with replacing(folder / "allocations.md") as temporary:
        temporary.write_text(
            "# Allocations\n\n" + "\n\n".join(each.markdown() for each in tables) + "\n", encoding="utf-8"
        )
    return [*written, folder / "allocations.md"]
