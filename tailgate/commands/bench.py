"""`tailgate bench`: measure every benchmark of the suite and print its percentiles."""

from __future__ import annotations

import random
import shlex
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from tailgate.commands.allocations import count_all
from tailgate.documents.allocations import FILE as ALLOCATIONS
from tailgate.documents.allocations import Allocations
from tailgate.documents.bench import FILE as SUMMARY
from tailgate.documents.envelope import save
from tailgate.documents.run import FILE as RUN
from tailgate.documents.run import RunFacts
from tailgate.errors import MissingToolError, TailgateError
from tailgate.files import replacing
from tailgate.history.keeping import keep
from tailgate.history.provenance import Origin
from tailgate.machine.place import choose_place
from tailgate.measure.bench import run_bench
from tailgate.measure.lockstep import Plan
from tailgate.measure.timing import timing_table
from tailgate.project.environments import COUNTER, environment_for, executable_of
from tailgate.project.folders import guard_file, output_folder
from tailgate.project.opening import Project, call_hook, open_project
from tailgate.project.plans import plan_of
from tailgate.project.selection import select
from tailgate.results.allocations_report import allocations_table
from tailgate.results.bench_report import bench_markdown, bench_tables
from tailgate.results.load import load_results
from tailgate.results.run import left_by_run
from tailgate.results.store import Store
from tailgate.results.summary import summarise
from tailgate.results.table import Table
from tailgate.terminal.options import SuiteCommand, names_of, settings_of, sized, words_of
from tailgate.terminal.progress import progress_on

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailgate.benchmark import Benchmark
    from tailgate.documents.bench import BenchSummary, Spending
    from tailgate.machine.place import Place
    from tailgate.measure.lockstep import Plan

_COUNTED_OPERATIONS = 4_000
_EPILOG = """\b
Examples:
  tailgate bench --quick            everything, roughly, in about a minute
  tailgate bench parse render       two paths
  tailgate bench parse=simple,fast  two implementations
  tailgate bench --resume           go on where an interrupted run stopped
"""


@click.command("bench", cls=SuiteCommand, epilog=_EPILOG)
@sized("--processes", click.IntRange(1), 5, 2, "Processes (blocks) of each.")
@sized("--passes", click.IntRange(1), 7, 3, "Measured passes per process.")
@click.option("--operations", type=click.IntRange(1), default=20_000, show_default=True, help="Operations per pass.")
@click.option("--affinity", type=int, metavar="CPU", help="Pin the workers here.  [default: isolated, or the quietest]")
@click.option("--timing", is_flag=True, help="Also say where the time went, phase by phase.")
@click.option(
    "--interpreter", default="", metavar="NAME|PATH", help="Run under this one, in an environment of its own."
)
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="DIR", help="This run's folder.  [default: build/bench]"
)
@click.option("--resume", is_flag=True, help="Go on with what the folder already has.")
@click.option("--force", is_flag=True, help="Replace the results of a folder outside build/.")
@click.option("--allocations/--no-allocations", default=None, help="Count allocations too.  [default: unless --quick]")
@click.option("--budgets", is_flag=True, help="Exit with status 1 when a budget of [tool.tailgate.budgets] is broken.")
@click.option("--list", "listing", is_flag=True, help="List the benchmarks, and the unavailable ones with the reason.")
def bench(**options: Any) -> int:
    """Measure every benchmark in lockstep and print percentiles."""
    project = open_project(passing=names_of(options))
    benchmarks = select(project.suite, words_of(options))
    if options["listing"]:
        for each in benchmarks:
            click.echo(_listed(each))
        return 0
    folder = options["output"] or project.root / "build" / "bench"
    store = Store(folder, stale=left_by_run(folder))
    _guard_results(store, project, resume=options["resume"], force=options["force"])
    output_folder(folder)
    place = choose_place(options["affinity"], probe_seconds=0.3 if options["quick"] else 1.0)
    plan = _plan(project, place, options)
    inputs = project.inspect(plan.settings)
    console = Console(stderr=True)
    progress = progress_on(console)
    began = time.time()
    try:
        run = run_bench(
            benchmarks,
            plan,
            store,
            blocks=options["processes"],
            rng=random.Random(),  # the order of things must differ from run to run
            progress=progress,
            machine=place.fitness.summary(),
            python=_python(project, options),
        )
    except KeyboardInterrupt:
        kept = "nothing was finished" if store.is_empty else f"every block that was finished is kept in {store.path}"
        raise TailgateError(f"interrupted; {kept}", hint=f"go on with: {_command('--resume')}") from None
    finally:
        progress.close()
    if options["timing"]:
        console.print(timing_table(plan.timing).text(), highlight=False)
    if store.is_empty:
        raise TailgateError(
            "nothing could be measured" + "".join(f"\n  {name}: {why}" for name, why in run.unavailable.items()),
            hint="tailgate bench --list   shows what can be",
        )
    facts = RunFacts(
        _command(),
        began,
        time.time() - began,
        place.fitness.verdict,
        (*place.fitness.notes(), *(f"{name} did not run free-threaded: {why}" for name, why in run.gil.items())),
        run.unavailable,
        project.config.budgets,
        inputs=inputs,
    )
    save(folder / RUN, facts)
    wanted = options["allocations"]
    counting = wanted or (wanted is None and not options["quick"])
    counted = _count(project, benchmarks, plan, folder, console, options) if counting else []
    try:
        spent = _show(project, store, facts, counted)
    finally:  # the results are whole, whatever the project's own report, or who reads the output, makes of them
        origin = Origin((store.path.name,), subject=project.config.subject, settings=plan.settings)
        keep(project.root, folder, origin, partial(click.echo, err=True))
    if options["budgets"] and not spent:
        raise TailgateError(
            "no budget names a benchmark of this run",
            hint="[tool.tailgate.budgets] takes names of benchmarks or groups",
        )
    return 1 if options["budgets"] and any(each.broken for each in spent) else 0


def _command(*more: str) -> str:
    """Return the command line as it was typed, with what it lacks of `more`."""
    given = sys.argv[2:]
    return shlex.join(["tailgate", "bench", *given, *(word for word in more if word not in given)])


def _listed(benchmark: Benchmark) -> str:
    reason = benchmark.unavailable()
    role = f"  ({benchmark.role})" if benchmark.role else ""
    return benchmark.name + role + (f"  unavailable: {reason}" if reason else "")


def _guard_results(store: Store, project: Project, *, resume: bool, force: bool) -> None:
    if resume:
        store.resume()
        return
    if not force:
        ways = "--resume goes on with it, --force replaces it, --output DIR writes elsewhere"
        guard_file(store.path, project.root, ways)


def _plan(project: Project, place: Place, options: dict[str, Any]) -> Plan:
    return plan_of(
        project.config,
        settings_of(options),
        place,
        passes=options["passes"],
        operations=options["operations"],
        process_budget_s=1.0 if options["quick"] else 20.0,
    )


def _python(project: Project, options: dict[str, Any], *more: str) -> str:
    """Make the environment of another interpreter; a package without a wheel for it makes benchmarks unavailable."""
    name = options["interpreter"]
    return environment_for(project, executable_of(project, name), more) if name else ""


def _count(
    project: Project,
    benchmarks: Sequence[Benchmark],
    plan: Plan,
    folder: Path,
    console: Console,
    options: dict[str, Any],
) -> list[Table]:
    """Count allocations on the interpreter that was timed, after the timing; without memray the table says why."""
    few = replace(plan, operations=min(plan.operations or _COUNTED_OPERATIONS, _COUNTED_OPERATIONS))
    with console.status("allocations") as status:
        try:
            counts, missing = count_all(benchmarks, few, status.update, _python(project, options, COUNTER))
        except TailgateError as error:
            return [Table("Allocations per operation: not counted", ("reason",), ((error.message,),))]
    found = Allocations(tuple(counts), missing, project.inspect(plan.settings))
    save(folder / ALLOCATIONS, found)
    return [allocations_table(found)]


def _show(project: Project, store: Store, facts: RunFacts, more: list[Table]) -> Sequence[Spending]:
    """Write the documents, print the tables; return the budgets.

    What is written comes first: a reader of the output may go away. The project's own report comes last: where it fails
    nothing of what was measured is lost by it.
    """
    summary = summarise(load_results(store.path), facts.budgets, facts.inputs)
    tables = [*bench_tables(summary), *more]
    page, made = store.folder / "report.md", [save(store.folder / SUMMARY, summary)]
    with replacing(page) as temporary:
        temporary.write_text(_page(summary, facts, more), encoding="utf-8")
    made.append(page)
    failed: Exception | None = None
    if project.config.report:
        try:
            made += call_hook(project.config.report, store.folder)
        except Exception as error:  # noqa: BLE001  the project's own function: raised again once the tables are told
            failed = error
        else:
            with page.open("a", encoding="utf-8") as out:
                out.write(_more(more))
    counts = [store.folder / ALLOCATIONS] if (store.folder / ALLOCATIONS).is_file() and more else []
    names = tuple(path.name for path in (*made, *counts) if path.parent == store.folder and path != store.path)
    save(store.folder / RUN, replace(facts, documents=names))
    for table in tables:
        click.echo(table.text() + "\n")
    for name, reason in facts.unavailable.items():
        click.echo(f"{name}  unavailable: {reason}")
    click.echo(f"This machine is {facts.verdict}:")
    for note in facts.notes:
        click.echo(f"  {note}")
    written = dict.fromkeys((store.path, *made))
    click.echo("\nWritten: " + ", ".join(str(_short(path, project.root)) for path in written))
    if isinstance(failed, MissingToolError):
        click.echo(failed, err=True)
    elif failed is not None:
        raise failed
    return summary.budgets


def _page(summary: BenchSummary, facts: RunFacts, more: Sequence[Table]) -> str:
    return bench_markdown(summary, facts) + _more(more)


def _more(more: Sequence[Table]) -> str:
    return "".join(f"\n{table.markdown()}\n" for table in more)


def _short(path: Path, root: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path
