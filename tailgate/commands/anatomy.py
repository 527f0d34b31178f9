"""`tailgate anatomy`: what the slowest operations of a benchmark are, and what happened in them."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from tailgate.errors import TailgateError
from tailgate.machine.place import choose_place
from tailgate.measure.lockstep import run_block
from tailgate.measure.observe import EVERYTHING
from tailgate.measure.sides import side_of
from tailgate.profilers.anatomy import anatomy_of
from tailgate.profilers.sentinel import sentinel
from tailgate.project.folders import output_folder
from tailgate.project.opening import default_benchmark, open_project
from tailgate.project.plans import plan_of
from tailgate.project.selection import select_each
from tailgate.results.anatomy_report import described, write_anatomy
from tailgate.scratch import scratch
from tailgate.terminal.options import SuiteCommand, names_of, settings_of, sized, words_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tailgate.benchmark import Benchmark
    from tailgate.documents.anatomy import Anatomy
    from tailgate.machine.place import Place
    from tailgate.project.opening import Project

_EPILOG = """\b
Examples:
  tailgate anatomy parse
  tailgate anatomy parse=simple parse=fast
  tailgate anatomy --sentinel parse  also watch a second CPU, where one is free
"""


@click.command("anatomy", cls=SuiteCommand, epilog=_EPILOG)
@click.option(
    "--percentile", type=click.FloatRange(50, 99.99), default=99.0, show_default=True, help="Where it begins."
)
@sized("--processes", click.IntRange(1), 3, 1, "Processes per benchmark.")
@sized("--passes", click.IntRange(2), 7, 3, "Measured passes per process.")
@sized("--operations", click.IntRange(100), 20_000, 4_000, "Operations per pass.")
@click.option("--sentinel/--no-sentinel", "watched", default=False, help="Spin on a second CPU and match its gaps.")
@click.option("--affinity", type=int, metavar="CPU", help="Pin the workers here.")
@click.option("--output", type=click.Path(path_type=Path), metavar="DIR", help="Where.  [default: build/anatomy]")
def anatomy(**options: Any) -> None:
    """Explain the tail: what is slow every time, and what struck.

    Each SELECTOR names one benchmark, or several implementations; without any it is the first that is gated.
    """
    project = open_project(passing=names_of(options))
    chosen = select_each(project.suite, words_of(options)) or [default_benchmark(project)]
    place = choose_place(options["affinity"], probe_seconds=0.3)
    console = Console(stderr=True)
    folder = output_folder(options["output"] or project.root / "build" / "anatomy")
    inputs = project.inspect(settings_of(options))
    written: list[Path] = []
    for each in chosen:
        if reason := each.unavailable():
            raise TailgateError(f"{each.name} cannot run here: {reason}")
        with console.status(f"{each.name}: observing"):
            told = described(_dissected(each, project, place, options))
            told = replace(told, notes=(*told.notes, *inputs))
        click.echo(f"{told.benchmark}:")
        for sentence in (*told.sentences, *told.notes):
            click.echo(f"  {sentence}")
        click.echo("")
        written += write_anatomy(told, folder)
    click.echo("Written: " + ", ".join(str(path) for path in written))


def _dissected(benchmark: Benchmark, project: Project, place: Place, options: Mapping[str, Any]) -> Anatomy:
    plan = plan_of(
        project.config,
        settings_of(options),
        place,
        passes=options["passes"],
        operations=options["operations"],
        observe=EVERYTHING,
    )
    side = side_of(benchmark)
    cpu = _second_cpu(place.coordinator_cpus, place.cpu) if options["watched"] else None
    records, gaps = [], []
    for _ in range(options["processes"]):
        with scratch() as folder:
            with sentinel(cpu, folder) as seen:
                record = run_block([side], plan, random.Random()).records[0]
            gaps.append(seen.gaps)
        if record.observed["stages"] is not None:
            raise TailgateError(
                f"{benchmark.name} is split by stage and is not observed", hint="dissect the one that is whole"
            )
        records.append(record)
        plan = replace(plan, operations=record.samples.shape[1], process_budget_s=float("inf"))  # all do equal work
    return anatomy_of(records, options["percentile"], gaps if cpu is not None else ())


def _second_cpu(others: Sequence[int] | frozenset[int], mine: int | None) -> int:
    free = sorted(cpu for cpu in others if cpu != mine)
    if not free:
        raise TailgateError("there is no second CPU for the sentinel", hint="leave --sentinel away")
    return free[-1]
