"""`tailgate profile`: where time and memory go in one benchmark, or in two side by side."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from tailgate.errors import TailgateError
from tailgate.files import slug
from tailgate.measure.sides import side_of
from tailgate.profilers.catalogue import PROFILERS
from tailgate.profilers.profile import Job, folder_of, run_profile, write_comparison
from tailgate.project.environments import environment_for, executable_of
from tailgate.project.folders import output_folder
from tailgate.project.opening import default_benchmark, open_project
from tailgate.project.plans import plan_of
from tailgate.project.selection import select_each
from tailgate.results.profile_report import comparison_table, profile_table
from tailgate.terminal.options import SuiteCommand, names_of, settings_of, sized, words_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tailgate.benchmark import Benchmark
    from tailgate.profilers.profile import Profile
    from tailgate.project.opening import Project

_EPILOG = """\b
Examples:
  tailgate profile py-spy parse  the recommended one
  tailgate profile memray parse=simple,fast
  tailgate profile py-spy --compare parse=simple parse=fast
  tailgate profile perf --python python3.13 parse
"""


@click.command("profile", cls=SuiteCommand, epilog=_EPILOG)
@click.argument("profiler", metavar="PROFILER", type=click.Choice(list(PROFILERS)))
@click.option("--compare", nargs=2, metavar="A B", help="Two of them, side by side.")
@click.option("--python", default="", metavar="PATH", help="Profile under this interpreter.")
@sized("--seconds", click.FloatRange(0.1), 10.0, 1.0, "How long, for samplers.")
@sized("--operations", click.IntRange(1), 20_000, 2_000, "Operations per pass.")
@click.option("--sites", type=click.IntRange(1), default=15, show_default=True, help="Lines that are printed.")
@click.option("--output", type=click.Path(path_type=Path), metavar="DIR", help="Where to write.  [default: build]")
def profile(**options: Any) -> None:
    """See where time and memory go in a benchmark.

    The benchmarks are those that `bench` measures, each in a process of its own.

    PROFILER is memray, py-spy, scalene, perf, tracemalloc, cprofile or sampling (CPython 3.15's profiling.sampling).
    Each SELECTOR names one benchmark, or several implementations; without any it is the first that is gated.
    """
    project = open_project(passing=names_of(options))
    chosen = _chosen(project, options)
    plan = plan_of(project.config, settings_of(options), operations=options["operations"])
    inputs = project.inspect(plan.settings)
    python = _python(project, options["python"])
    build = output_folder(options["output"] or project.root / "build")
    profiler = PROFILERS[options["profiler"]]
    console = Console(stderr=True)
    done: list[Profile] = []
    for each in chosen:
        if not options["python"] and (reason := each.unavailable()):
            raise TailgateError(f"{each.name} cannot be profiled here: {reason}")
        side = side_of(each, python)
        with console.status(f"{each.name} under {profiler.name}"):
            folder = folder_of(build, profiler.name, each.name)
            done.append(run_profile(profiler, Job(side, plan, folder, options["seconds"], tuple(inputs))))
        click.echo(profile_table(done[-1].document, options["sites"]).text() + "\n")
    written = [folder for each in done for folder in [each.folder]]
    if options["compare"]:
        one, other = done
        click.echo(comparison_table(one.document, other.document).text() + "\n")
        between = one.folder.with_name(f"{slug(one.document.benchmark)}-against-{slug(other.document.benchmark)}")
        written += write_comparison(one, other, between)
    click.echo("Written: " + ", ".join(_shown(path, project.root) for path in written))


def _chosen(project: Project, options: Mapping[str, Any]) -> Sequence[Benchmark]:
    words = words_of(options)
    if options["compare"] and words:
        raise TailgateError("--compare names both benchmarks; nothing else is to be named")
    found = select_each(project.suite, options["compare"] or words)
    if options["compare"] and len(found) != 2:
        raise TailgateError("--compare needs two different benchmarks", hint="--compare parse=simple parse=fast")
    return found or [default_benchmark(project)]


def _python(project: Project, name: str) -> str:
    return environment_for(project, executable_of(project, name)) if name else sys.executable


def _shown(path: Path, root: Path) -> str:
    return str(path.relative_to(root) if path.is_relative_to(root) else path)
