"""`tailgate history`: every run that was kept: what there is, the trend of a benchmark, and what goes in and out."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console

from tailgate.config import find_root
from tailgate.documents.comparison import KINDS
from tailgate.documents.envelope import encode
from tailgate.errors import MissingToolError, TailgateError
from tailgate.files import replacing
from tailgate.history.place import OFF, VARIABLE, place_of
from tailgate.history.provenance import main_line, project_of
from tailgate.project.folders import guard_file
from tailgate.project.opening import register_documents
from tailgate.results.table import Table
from tailgate.results.trend_report import opinion_table, short, trend_chart, trend_text
from tailgate.statistics.quantiles import LADDER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailgate.documents.trend import Trend
    from tailgate.history.queries import KeptRun
    from tailgate.history.store import History

_EPILOG = """\b
Examples:
  tailgate history list                              the last runs
  tailgate history show pipeline/recommended         its trend, and where it changed
  tailgate history plot --png build pipeline/recommended
  tailgate history add build/gate                    what could not be kept when it was measured
  tailgate history add ../other-job/history.sqlite3  another history: twice adds once
  tailgate history add --revision v1.2 results.json.gz
  tailgate history export --format parquet --output history.parquet

\b
It is kept in .tailgate/history.sqlite3, or where [tool.tailgate] history says, or TAILGATE_HISTORY:
a file, postgresql+psycopg://USER@HOST/DATABASE, or `off`.
It needs an extra: pip install 'tailgate[history]'
"""
_PERCENTS: Final = [f"p{100 * p:g}" for p in LADDER]


@click.group("history", epilog=_EPILOG)
def history() -> None:
    """Look at the runs that were kept: trends, changes, exports."""


def part(name: str) -> Any:
    """Import a module of the history; MissingToolError where the extra is not installed."""
    try:
        return importlib.import_module(f"tailgate.{name}")
    except ModuleNotFoundError as error:
        raise MissingToolError(f"the history needs {error.name}", hint="pip install 'tailgate[history]'") from error


def opened(root: Path, *, to_add: bool = False) -> History:
    """Open the project's history; TailgateError where none is kept, or none is there yet."""
    place = place_of(root)
    if not place:
        raise TailgateError(f"no history is kept: {VARIABLE} or [tool.tailgate] history says {OFF!r}")
    store = part("history.store").History
    found: History = store.open(place) if to_add else store.read(place)
    if found.copied:
        click.echo(f"migrated; as it was before: {found.copied}", err=True)
    return found


@history.command("list")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many, the newest first.")
@click.option("--kind", default="", metavar="KIND", help="Only these: bench, gate, duel, ledger, wire, doctor, import.")
@click.option("--benchmarks", is_flag=True, help="Name the benchmarks instead, one a line.")
def list_(*, limit: int, kind: str, benchmarks: bool) -> None:
    """List the runs that are kept."""
    root = find_root(Path.cwd())
    store, queries = opened(root), part("history.queries")
    if benchmarks:
        for name in queries.benchmarks_of(store):
            click.echo(name)
        return
    runs = queries.runs_of(store, limit=limit, kind=kind)
    title = f"{store.name}: " + (f"the last {len(runs)} runs" if runs else "no run yet")
    columns = ("run", "measured", "kind", "commit", "against", "machine", "verdict", "project", "title")
    click.echo(Table(title, columns, tuple(map(_row, runs))).text())


def _row(run: KeptRun) -> tuple[str, ...]:
    commit = f"{short(run.head) or '?'}{'*' if run.dirty else ''}"
    when = f"{run.when:%Y-%m-%d %H:%M}"
    told = run.verdict or run.fitness
    kind = run.kind if run.source == "tailgate" else run.source
    return (str(run.id), when, kind, commit, short(run.base), run.machine, told[:24], run.project, run.title[:40])


def _figure(command: Any) -> Any:
    """Add the options that name a figure."""
    percent = click.option("--percentile", type=click.Choice(_PERCENTS), default="p99", show_default=True)
    kind = click.option("--kind", type=click.Choice(KINDS), default=KINDS[0], show_default=True)
    return click.argument("benchmark")(kind(percent(command)))


@history.command("show")
@_figure
@click.option("--json", "as_json", is_flag=True, help="Print the document.")
@click.option("--second-opinion", is_flag=True, help="Ask apache-otava too, in an environment of its own.")
def show(*, benchmark: str, percentile: str, kind: str, as_json: bool, second_opinion: bool) -> None:
    """Show the trend of one BENCHMARK: the chained ratio over all machines, each machine's figures, what changed."""
    trend = _trend(benchmark, percentile, kind)
    click.echo(encode(trend).decode() if as_json else trend_text(trend), nl=not as_json)
    if second_opinion:
        asking = part("history.second_opinion")
        with Console(stderr=True).status("asking otava"):
            told = asking.second_opinion(trend, asking.otava(find_root(Path.cwd()) / "build" / "environments"))
        click.echo(f"\n{opinion_table(told).text()}", err=as_json)


@history.command("plot")
@_figure
@click.option("--width", type=click.IntRange(20), default=72, show_default=True, help="Columns.")
@click.option(
    "--png", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Draw a picture (PNG, SVG) there."
)
def plot(*, benchmark: str, percentile: str, kind: str, width: int, png: Path | None) -> None:
    """Draw the trend of one BENCHMARK, in the terminal or as a picture."""
    trend = _trend(benchmark, percentile, kind)
    if png is None:
        click.echo(trend_chart(trend, width))
        return
    try:
        drawn = importlib.import_module("tailgate.report.trend").draw(trend, png)
    except ModuleNotFoundError as error:
        raise MissingToolError(f"a picture needs {error.name}", hint="pip install 'tailgate[report]'") from error
    for path in drawn:
        click.echo(f"Written: {path}")


def _trend(benchmark: str, percentile: str, kind: str) -> Trend:
    root = find_root(Path.cwd())
    store, project = opened(root), project_of(root)
    names = part("history.queries").benchmarks_of(store, project)
    if benchmark not in names:
        near = [name for name in names if benchmark in name][:5]
        raise TailgateError(
            f"the history has no benchmark {benchmark!r}" + (f"; near are: {', '.join(near)}" if near else ""),
            hint="tailgate history list --benchmarks   names them",
        )
    line = main_line(root)
    found: Trend = part("history.trend").trend_of(
        store, project, benchmark, kind, LADDER[_PERCENTS.index(percentile)], line
    )
    return found


@history.command("add")
@click.option("--revision", default="", metavar="REV", help="The commit of results that do not say it themselves.")
@click.option("--project", default="", metavar="NAME", help="For other tools' results.  [default: this project's name]")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
def add(*, revision: str, project: str, paths: Sequence[Path]) -> None:
    """Add runs: twice adds once.

    PATH is a folder of results (build/gate, or build for all of them), another history, or a published file: pyperf's
    JSON (also .json.gz), pytest-benchmark's storage, asv's results folder, github-action-benchmark's data.js,
    Bencher's BMF.
    """
    root = find_root(Path.cwd())
    register_documents(root)
    store, adding = opened(root, to_add=True), part("history.adding")
    for path in paths:
        new = there = 0
        with Console(stderr=True).status(f"{path}") as status:
            for entry in adding.entries_in(path, root, project or project_of(root), revision):
                added = store.add(entry)
                new, there = new + added, there + (not added)
                status.update(f"{path}: {new + there} runs")
        click.echo(f"{path}: {new} added" + (f", {there} were there already" if there else ""))


@history.command("prune")
@click.option("--before", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Remove what was measured before.")
@click.option("--kind", default="", metavar="KIND", help="Only these: bench, gate, ...")
@click.option("--chain", is_flag=True, help="Also comparisons of commits, which the chained ratio is made of.")
@click.option("--yes", is_flag=True, help="Do it; without it the command only says what it would remove.")
def prune(*, before: datetime, kind: str, chain: bool, yes: bool) -> None:
    """Remove old runs. What the chain is made of stays unless --chain is given: a gap cannot be measured again."""
    store = opened(find_root(Path.cwd()), to_add=yes)
    since = before.replace(tzinfo=UTC)
    runs = [
        run
        for run in part("history.queries").runs_of(store, kind=kind)
        if run.when < since and (chain or not (run.base and run.kind in {"gate", "duel"}))
    ]
    if not yes:
        click.echo(f"{len(runs)} runs would be removed; --yes removes them")
        return
    click.echo(f"{store.remove([run.id for run in runs])} runs removed")


@history.command("export")
@click.option("--format", "form", type=click.Choice(["csv", "jsonl", "parquet"]), default="csv", show_default=True)
@click.option("--project", default="", metavar="NAME", help="Only this one's.")
@click.option("--force", is_flag=True, help="Replace a file outside build/.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="[default: stdout]")
def export(*, form: str, project: str, force: bool, output: Path | None) -> None:
    """Write all that is kept: a line a figure (csv, parquet), or a line a run with its histograms (jsonl)."""
    root = find_root(Path.cwd())
    if output is None and form == "parquet":
        raise TailgateError("Parquet is not for a terminal", hint="--output FILE")
    if output is not None and not force:
        guard_file(output, root, "--force replaces it")
    entries = part("history.whole").entries_of(opened(root), project)
    written = part("history.exporting").FORMATS[form](entries)
    if output is None:
        click.echo(written, nl=False)
        return
    with replacing(output) as temporary:
        temporary.write_bytes(written)
    click.echo(f"Written: {output}")


@history.command("check")
def check() -> int:
    """Look whether the history is whole; the exit status is 1 where it is not.

    The database's own check, rows without their run, runs without figures, and whether the newest two hundred
    histograms give the percentiles that stand beside them.
    """
    store = opened(find_root(Path.cwd()))
    found = part("history.checking").problems(store)
    for line in found:
        click.echo(line)
    if found:
        click.echo(f"{store.name} is not whole: {len(found)} problems; what is readable: tailgate history export")
        return 1
    counts = store.counts()
    told = ", ".join(
        f"{counts[name]:,} {name}s" for name in ("run", "benchmark", "result", "link", "measure", "histogram")
    )
    click.echo(f"{store.name} is whole: {told}")
    return 0
