"""`python -m suites.sizes`: what an operation costs as the things that it works on grow."""

from __future__ import annotations

import random
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from documents.sizes.document import NAME, Sizes, curve_of
from documents.sizes.tables import LEAD, machine_of, sizes_tables
from documents.span import span_of
from implementations.registry import catalogue
from suites.settings import DEFAULTS, tape_of
from suites.sizes.benchmarks import MODULE, benchmarks
from suites.sizes.dimensions import DIMENSIONS
from suites.tapes.fitted import Fitted
from tailgate.config import Config
from tailgate.documents.envelope import save
from tailgate.errors import INTERRUPTED, TailgateError
from tailgate.files import replacing
from tailgate.judge.league import run_league
from tailgate.machine.place import choose_place
from tailgate.measure.sides import Side
from tailgate.project.folders import guard_file, output_folder
from tailgate.project.plans import plan_of
from tailgate.statistics.quantiles import LADDER
from tailgate.terminal.command_line import CommandLine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from documents.span import Span
    from suites.sizes.dimensions import Dimension
    from tailgate.judge.league import League
    from tailgate.machine.place import AssessedPlace

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = "sizes.md"
_PASSES: Final = 5
_WHEN: Final = datetime(2026, 1, 1, tzinfo=UTC)  # the same file each time: a tape is kept by its digest
_EPILOG: Final = """\b
Examples:
  python -m suites.sizes                              every dimension
  python -m suites.sizes depth                        how books bear depth
  python -m suites.sizes depth --path book=near-window,bisect --size 100,1000,10000
  python -m suites.sizes --quick burst read_every
"""


def _numbers(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[int, ...]:
    try:
        sizes = tuple(sorted({int(word) for word in value.split(",") if word}))
    except ValueError:
        raise click.BadParameter(f"{value!r}: sizes are whole numbers with commas between them") from None
    if sizes and not 1 <= sizes[0] <= sizes[-1] <= 100_000:
        raise click.BadParameter(f"{value!r}: a size is between 1 and 100,000")
    return sizes


@click.command("suites.sizes", cls=CommandLine, epilog=_EPILOG)
@click.argument("dimensions", nargs=-1, type=click.Choice(list(DIMENSIONS)), metavar="[DIMENSION]...")
@click.option(
    "--path",
    "paths",
    multiple=True,
    metavar="PATH[=NAME,...]",
    help="Of the dimension's paths these alone. May be repeated.",
)
@click.option(
    "--size",
    "sizes",
    default="",
    callback=_numbers,
    metavar="N,...",
    help="Sizes of depth, levels or symbols in place of the usual ones.",
)
@click.option(
    "--blocks", type=click.IntRange(2), help="Processes of each implementation and size.  [default: 6; 2 if quick]"
)
@click.option("--affinity", type=int, metavar="CPU", help="Pin the workers here.")
@click.option("--quick", is_flag=True, help="Three sizes, two blocks; what it says is a hint.")
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="[default: build/sizes]"
)
@click.option("--force", is_flag=True, help="Replace the results of a folder outside build/.")
def main(**asked: Any) -> int:
    """Measure cost against size: DIMENSION is depth, levels, symbols, burst or read_every; all of them without any.

    At each size all implementations of a path take turns in the same blocks; growth and bends are fitted over sizes.
    What was measured is on the disk after every size.
    """
    folder = output_folder(asked["output"] or ROOT / "build" / "sizes")
    for file in () if asked["force"] else (NAME, PAGE):
        guard_file(folder / file, ROOT, "--force replaces it, --output DIR writes elsewhere")
    wanted = _wanted(asked)
    command = shlex.join(["python", "-m", "suites.sizes", *sys.argv[1:]])
    place = choose_place(asked["affinity"], probe_seconds=0.3)
    blocks = asked["blocks"] or (2 if asked["quick"] else 6)
    points: dict[tuple[str, str], Any] = {}
    unavailable: dict[str, str] = {}
    interrupted = False
    try:
        for number, (name, path, names, size) in enumerate(wanted, 1):
            click.echo(f"{number} of {len(wanted)}: {path} at {size:,} {DIMENSIONS[name].unit}", err=True)
            league = _league(name, path, names, size, place, blocks)
            unavailable |= {f"{path}/{side}": why for side, why in league.unavailable.items()}
            for side in league.sides():
                curves = points.setdefault((name, path), {})
                spans = (_span(league, side, p) for p in (0.5, 0.99))
                curves.setdefault(side, {})[size] = (*spans, league.series.different)
            _write(folder, _document(command, place, points, unavailable))
    except KeyboardInterrupt:
        if not points:
            raise
        interrupted = True
    found = _document(command, place, points, unavailable)
    click.echo("\n\n".join(table.text() for table in sizes_tables(found)))
    click.echo(f"\nWritten: {folder / NAME}, {folder / PAGE}")
    return INTERRUPTED if interrupted else 0


def _wanted(asked: Mapping[str, Any]) -> list[tuple[str, str, tuple[str, ...], int]]:
    """Return every league: dimension, path, implementations, size; TailgateError for a word that is none."""
    only = dict(word.partition("=")[::2] for word in asked["paths"])
    dimensions = asked["dimensions"] or tuple(DIMENSIONS)
    possible = {path for name in dimensions for path in DIMENSIONS[name].paths}
    if wrong := sorted(only.keys() - possible):
        raise TailgateError(
            f"{wrong[0]!r} is no path of {', '.join(dimensions)}", hint=f"the right ones: {', '.join(sorted(possible))}"
        )
    found = []
    for name in dimensions:
        dimension = DIMENSIONS[name]
        sizes = _sizes(name, dimension, asked)
        for path in dimension.paths:
            if only and path not in only:
                continue
            names = _names(path, only.get(path, ""))
            found += [(name, path, names, size) for size in sizes]
    return found


def _sizes(name: str, dimension: Dimension, asked: Mapping[str, Any]) -> tuple[int, ...]:
    if not asked["sizes"]:
        return dimension.quick if asked["quick"] else dimension.sizes
    if dimension.market is None and (wrong := set(asked["sizes"]) - set(dimension.sizes)):
        raise TailgateError(
            f"{name} is not measured at {min(wrong):,}", hint=f"the sizes of it: {', '.join(map(str, dimension.sizes))}"
        )
    return tuple(asked["sizes"])


def _names(path: str, words: str) -> tuple[str, ...]:
    """Return the implementations, the recommended one first: it is the base of the league."""
    if path == "pipeline":
        known = tuple(dict.fromkeys(each.implementation for each in benchmarks() if each.path == path))
    else:
        known = tuple(each.name for each in catalogue(path))
    chosen = tuple(words.split(",")) if words else known
    if wrong := [each for each in chosen if each not in known]:
        raise TailgateError(
            f"there is no {path} implementation {wrong[0]!r}", hint=f"the right ones: {', '.join(known)}"
        )
    role = {each.implementation: each.role for each in benchmarks() if each.path == path}
    return tuple(sorted(chosen, key=lambda each: role.get(each) != "recommended"))


def _league(name: str, path: str, names: Sequence[str], size: int, place: AssessedPlace, blocks: int) -> League:
    dimension = DIMENSIONS[name]
    settings = {**DEFAULTS, "messages": dimension.messages(size)}
    if dimension.market is not None:
        settings["fitted"] = str(_parameters(name, size, dimension))
        tape_of(settings)  # made once, and not by every worker
    axes = dimension.paths[path].format(size)
    operations = dimension.messages(size)
    plan = plan_of(Config(ROOT, MODULE), settings, place, passes=_PASSES, operations=operations, process_budget_s=5.0)
    return run_league([Side(each, f"{path}/{each}{axes}") for each in names], plan, random.Random(), blocks)


def _parameters(name: str, size: int, dimension: Dimension) -> Path:
    """Write the generator's parameters for a size where the tape of a worker finds them."""
    assert dimension.market is not None  # noqa: S101  who calls has asked
    folder = ROOT / "build" / "sizes" / "generators"
    folder.mkdir(parents=True, exist_ok=True)
    return save(folder / f"{name}-{size}.json", Fitted(f"{name} {size}", 0, dimension.market(size)), _WHEN)


def _span(league: League, side: str, p: float) -> Span:
    column = LADDER.index(p)
    return span_of(row[column] for row in league.series.rows["reproducible"][side])


def _document(
    command: str, place: AssessedPlace, points: Mapping[tuple[str, str], Any], unavailable: Mapping[str, str]
) -> Sizes:
    curves = tuple(
        curve_of((name, DIMENSIONS[name].unit), path, side, by_size)
        for (name, path), sides in points.items()
        for side, by_size in sides.items()
    )
    return Sizes(command, place.fitness.summary(), curves, dict(unavailable))


def _write(folder: Path, found: Sizes) -> None:
    save(folder / NAME, found)
    with replacing(folder / PAGE) as temporary:
        temporary.write_text(markdown(found), encoding="utf-8")


def markdown(found: Sizes) -> str:
    """Return the page."""
    facts = f"- command: `{found.command}`\n- machine: {machine_of(found)}"
    tables = [table.markdown() for table in sizes_tables(found)]
    return "\n\n".join(["# Cost against size", LEAD, facts, *tables]) + "\n"


if __name__ == "__main__":
    main()
