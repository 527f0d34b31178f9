"""Compares builds of the interpreter in lockstep: the pipeline and each path, on the training tape and on others.

    python -m suites.interpreters 3.13.15-plain 3.13.15-pgo 3.13.15-pgo-both

The first build is the base. Each build runs in an environment of its own with the same packages; an implementation
whose package has no wheel for a build is left out there. A second copy of the base (`twin`) shows what two processes of
the very same build differ by; a replica (`NAME.r2`, beside NAME) shows what two builds of one variant differ by, which
is printed as the error of a build. What was measured is on the disk after every benchmark and tape.
"""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from documents.interpreters import Compared, Interpreters, compared_of, compared_table
from suites.settings import DEFAULTS, tape_of
from tailgate.documents.envelope import save
from tailgate.files import replacing
from tailgate.judge.league import League, run_league
from tailgate.machine.place import choose_place
from tailgate.measure.sides import Side
from tailgate.project.environments import environment_for, executable_of
from tailgate.project.opening import Project, open_project
from tailgate.project.plans import plan_of
from tailgate.project.selection import select_each, split_words
from tailgate.terminal.command_line import CommandLine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tailgate.benchmark import Benchmark

ROOT: Final = Path(__file__).resolve().parents[1]
HELD_OUT_SEED: Final = 1_000_003
TWIN: Final = "twin of the base"


def tapes(capture: str) -> dict[str, dict[str, Any]]:
    """Name the tapes: the one that training ran on, another seed, and a capture where one is given."""
    found: dict[str, dict[str, Any]] = {
        "training tape": dict(DEFAULTS),
        "held out: another seed": {**DEFAULTS, "seed": HELD_OUT_SEED},
    }
    if capture:
        found["held out: capture"] = {**DEFAULTS, "capture": capture}
    return found


def sides_of(project: Project, builds: Sequence[str], benchmark: str) -> list[Side]:
    """Return a side a build, the twin of the first among them; environments are made where they are missing."""
    pythons = {name: environment_for(project, executable_of(project, name)) for name in builds}
    sides = [Side(name, benchmark, python=python) for name, python in pythons.items()]
    return [*sides, replace(sides[0], name=TWIN)]


def benchmarks_of(project: Project, words: Sequence[str]) -> list[Benchmark]:
    """Return the benchmarks that are named: without any the pipeline, then every other path."""
    paths = dict.fromkeys(("pipeline", *(each.path for each in project.suite.benchmarks)))
    return select_each(project.suite, words or paths)


def compare(
    project: Project, builds: Sequence[str], words: Sequence[str], blocks: int, capture: str
) -> Iterator[tuple[str, League]]:
    """Run a league for each benchmark and tape, under the title `benchmark, tape`; each is given when it is done.

    Whatever was named wrongly is a TailgateError before the first league runs.
    """
    benchmarks, wanted = [each.name for each in benchmarks_of(project, words)], tapes(capture)
    for settings in wanted.values():
        tape_of(settings)
    found = {benchmark: sides_of(project, builds, benchmark) for benchmark in benchmarks}
    place = choose_place(None, probe_seconds=0.3)
    for benchmark, sides in found.items():
        for tape, settings in wanted.items():
            plan = plan_of(project.config, settings, place, passes=5, operations=20_000, process_budget_s=2.0)
            title = f"{benchmark}, {tape}"
            click.echo(f"{title}: {blocks} blocks of {len(sides)} builds", err=True)
            yield title, run_league(sides, plan, random.Random(), blocks)


def write(document: Interpreters, output: Path) -> None:
    """Write what was measured so far, as JSON and as tables."""
    save(output / "interpreters.json", document)
    with replacing(output / "interpreters.md") as temporary:
        temporary.write_text("\n\n".join(compared_table(each).markdown() for each in document.compared) + "\n")


@click.command(
    "suites.interpreters",
    cls=CommandLine,
    epilog="Benchmarks by default: the pipeline and every path, each by its recommended implementation.",
)
@click.argument("builds", nargs=-1)
@click.option("--only", default="", metavar="NAME,NAME", help="Compare on these benchmarks.")
@click.option("--blocks", type=click.IntRange(2), default=8, show_default=True, help="Processes of each build.")
@click.option("--capture", default="", metavar="FILE", help="A capture as a further tape that was not trained on.")
@click.option("--output", type=click.Path(path_type=Path), default=ROOT / "build" / "interpreter-comparison")
def main(*, builds: tuple[str, ...], only: str, blocks: int, capture: str, output: Path) -> None:
    """Compare BUILDS (names of built interpreters, or paths) in lockstep; the first is the base."""
    if len(builds) < 2:
        raise click.UsageError("name at least two builds; nox -s interpreters -- list   shows what is built")
    if len(set(builds)) < len(builds):
        raise click.UsageError("a build is named twice; the twin of the first is added without being named")
    done: list[Compared] = []
    words = split_words(only)
    for title, league in compare(open_project(ROOT), builds, words, blocks, capture):
        done.append(compared_of(title, league.base, league.series.rows, league.unavailable))
        write(Interpreters(tuple(done)), output)
        click.echo(compared_table(done[-1]).text() + "\n")


if __name__ == "__main__":
    main()
