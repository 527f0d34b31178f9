"""Compares builds of the interpreter in lockstep: the pipeline and each path, on the training tape and on others.

    python -m suites.interpreters 3.13.15-plain 3.13.15-pgo 3.13.15-pgo-both

The first build is the base. Each build runs in an environment of its own with the same packages; an implementation
whose package has no wheel for a build is left out there. A second copy of the base (`twin`) shows what two processes of
the very same build differ by.
"""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from suites.settings import DEFAULTS
from tailgate.commands.project import Project, choose_place, open_project
from tailgate.commands.sides import built_folders
from tailgate.errors import TailgateError
from tailgate.judge.league import League, run_league
from tailgate.measure.environments import interpreter, prepare_environment
from tailgate.measure.lockstep import Plan
from tailgate.measure.selection import selected
from tailgate.measure.sides import Side
from tailgate.results.store import replacing
from tailgate.results.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT: Final = Path(__file__).resolve().parents[1]
BENCHMARKS: Final = ("pipeline", "decode", "book", "risk", "codec")
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
    """Give a side a build, the twin of the first among them; environments are made where they are missing."""
    sides = []
    for name in builds:
        python, _ = prepare_environment(
            interpreter(name, built_folders(project)),
            project.config.requirements,
            (),
            project.root / "build" / "environments",
        )
        sides.append(Side(name, benchmark, python=python))
    return [*sides, replace(sides[0], name=TWIN)]


def compare(
    project: Project, builds: Sequence[str], words: Sequence[str], blocks: int, capture: str
) -> dict[str, League]:
    """Run a league for each benchmark and tape; the key is `benchmark, tape`."""
    place = choose_place(None, probe_seconds=0.3)
    leagues = {}
    for word in words:
        benchmark = selected(project.suite, word).name
        sides = sides_of(project, builds, benchmark)
        for tape, settings in tapes(capture).items():
            plan = Plan(
                module=project.config.benchmarks,
                root=project.root,
                settings=settings,
                passes=5,
                operations=20_000,
                process_budget_s=2.0,
                cpu=place.cpu,
                coordinator_cpus=place.coordinator_cpus,
                seat=place.seat,
            )
            title = f"{benchmark}, {tape}"
            click.echo(f"{title}: {blocks} blocks of {len(sides)} builds", err=True)
            leagues[title] = run_league(sides, plan, random.Random(), blocks)
    return leagues


def table(title: str, league: League) -> Table:
    """Give how each build stands to the first; above 1 is faster."""
    rows = []
    for side in league.sides():
        cells = [str(league.times(side, "reproducible", p)) for p in (0.5, 0.99)]
        rows.append((side, *cells, str(league.times(side, "raw", 0.99))))
    notes = tuple(f"{name}: unavailable: {why}" for name, why in league.unavailable.items())
    columns = ("build", "p50", "p99 reproducible", "p99 raw")
    return Table(f"{title} (times as fast as {league.base})", columns, tuple(rows), notes)


def plain(leagues: dict[str, League]) -> dict[str, Any]:
    """Give the leagues as JSON can hold them."""
    return {
        title: {"base": league.base, "unavailable": dict(league.unavailable), "series": league.series.to_plain()}
        for title, league in leagues.items()
    }


@click.command(epilog=f"Benchmarks by default: {', '.join(BENCHMARKS)}.")
@click.argument("builds", nargs=-1)
@click.option("--only", default="", metavar="NAME,NAME", help="Compare on these benchmarks.")
@click.option("--blocks", type=click.IntRange(2), default=8, show_default=True, help="Processes of each build.")
@click.option("--capture", default="", metavar="FILE", help="A capture as a further tape that was not trained on.")
@click.option("--output", type=click.Path(path_type=Path), default=ROOT / "build" / "interpreter-comparison")
def main(*, builds: tuple[str, ...], only: str, blocks: int, capture: str, output: Path) -> None:
    """Compare BUILDS (names of built interpreters, or paths) in lockstep; the first is the base."""
    if len(builds) < 2:
        raise click.UsageError("name at least two builds; nox -s interpreters -- list   shows what is built")
    try:
        words = [word for word in only.split(",") if word] or list(BENCHMARKS)
        leagues = compare(open_project(ROOT), builds, words, blocks, capture)
        with replacing(output / "interpreters.json") as temporary:
            temporary.write_text(json.dumps(plain(leagues)) + "\n", encoding="utf-8")
        tables = [table(title, league) for title, league in leagues.items()]
        with replacing(output / "interpreters.md") as temporary:
            temporary.write_text("\n\n".join(each.markdown() for each in tables) + "\n", encoding="utf-8")
        for each in tables:
            click.echo(each.text() + "\n")
    except TailgateError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
