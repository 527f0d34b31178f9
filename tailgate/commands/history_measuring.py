"""`tailgate history gate` and `fill`: judges by what is kept, and measures what the chain lacks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tailgate.commands.history import opened, part
from tailgate.config import find_root, load_config
from tailgate.documents.comparison import KINDS
from tailgate.documents.duel import DuelDocument
from tailgate.documents.envelope import load, save
from tailgate.errors import INTERRUPTED, TailgateError
from tailgate.files import slug
from tailgate.history.provenance import main_line, project_of
from tailgate.results.level_gate_report import level_gate_text
from tailgate.results.trend_report import short
from tailgate.statistics.quantiles import LADDER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailgate.documents.provenance import Commit


@click.command("gate")
@click.option("--last", type=click.IntRange(2), default=20, show_default=True, help="Runs to hold it against.")
@click.option("--margin", type=click.FloatRange(0), help="Tolerated slowdown.  [default: the configuration's, 0.02]")
@click.option(
    "--alpha", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.01, show_default=True,
    help="False alarms over all benchmarks together.",
)  # fmt: skip
@click.option("--percentile", type=click.Choice([f"p{100 * p:g}" for p in LADDER]), default="p99", show_default=True)
@click.option("--kind", type=click.Choice(KINDS), default=KINDS[0], show_default=True)
@click.argument("benchmarks", nargs=-1, metavar="[BENCHMARK]...")
def gate(**options: Any) -> int:
    """Judge the newest bench by the last ones of this machine, where base cannot be run beside head.

    The exit status is 0 pass, 1 regression, 3 undecided (fewer than six runs before it). The verdict is written into
    build/history/gate.json.
    """
    root = find_root(Path.cwd())
    margin = load_config(root).gate.margin if options["margin"] is None else options["margin"]
    found = part("history.level_gate").judge_level(
        opened(root),
        project_of(root),
        last=options["last"],
        margin=margin,
        alpha=options["alpha"],
        kind=options["kind"],
        percentile=float(options["percentile"][1:]) / 100,
        chosen=options["benchmarks"],
    )
    written = save(root / "build" / "history" / "gate.json", found)
    click.echo(level_gate_text(found))
    click.echo(f"\nWritten: {written}")
    status: int = found.exit_status
    return status


@click.command("fill")
@click.option(
    "--budget", type=click.FloatRange(0, min_open=True), default=60.0, show_default=True, help="Seconds a duel."
)
@click.option("--most", type=click.IntRange(1), default=20, show_default=True, help="Duels at the most.")
@click.argument("revisions", metavar="REV..REV")
@click.argument("benchmark")
def fill(*, budget: float, most: int, revisions: str, benchmark: str) -> int:
    """Measure what the chain lacks from the one REV to the other: a duel of the ends, then of the middle.

    Where the ends do not differ, nothing in between is measured; where they do, each half is a duel of its own, down to
    two neighbours, the greater difference first. What is there after --most duels stays.
    """
    root = find_root(Path.cwd())
    first, dots, last = revisions.partition("..")
    line = main_line(root, last or "HEAD")
    base = _whole(root, first) if dots and first else ""
    places = [n for n, each in enumerate(line) if each.id == base]
    if not places or places[0] == len(line) - 1:
        raise TailgateError(
            f"{revisions!r} names no part of the main line", hint="give REV..REV, the earlier one first"
        )
    waiting = [line[places[0] :]]
    done = 0
    while waiting and done < most:
        span = waiting.pop(0)
        click.echo(f"{short(span[0].id)}..{short(span[-1].id)}: {len(span) - 1} commits", err=True)
        duel = _duel(root, span, benchmark, budget)
        done += 1
        if duel is None:
            return INTERRUPTED
        click.echo(
            f"{short(span[0].id)}..{short(span[-1].id)}  {duel.verdict:9}  {duel.primary.shift.percent} "
            f"{duel.primary.shift.interval}"
        )
        if duel.verdict != "undecided" and len(span) > 2:
            middle = len(span) // 2
            waiting += [span[: middle + 1], span[middle:]]
    if waiting:
        click.echo(f"{len(waiting)} spans that differ are left: --most {2 * most} goes on", err=True)
    click.echo(f"{done} duels; tailgate history show {benchmark}")
    return 0


def _whole(root: Path, revision: str) -> str:
    commit = part("history.provenance").commit_of(root, revision)
    if commit is None:
        raise TailgateError(f"there is no revision {revision!r} in {root}", hint="git log --oneline   shows them")
    return str(commit.id)


def _duel(root: Path, span: Sequence[Commit], benchmark: str, budget: float) -> DuelDocument | None:
    """Run the duel of a span's ends in a process of its own, which keeps it in the history; None after Ctrl-C."""
    base, head = span[0].id, span[-1].id
    folder = root / "build" / "history" / f"{slug(benchmark)}-{short(base)}-{short(head)}"
    words = ["duel", "--base", base, "--head", head, "--budget", str(budget), "--output", str(folder), benchmark]
    command = [sys.executable, "-m", "tailgate.cli", *words]
    done = subprocess.run(command, cwd=root, stdout=subprocess.DEVNULL, check=False)
    if done.returncode == INTERRUPTED:
        return None
    if done.returncode:
        raise TailgateError(f"the duel of {short(base)} and {short(head)} ended with {done.returncode}; see above")
    return load(folder / "duel.json", DuelDocument)
