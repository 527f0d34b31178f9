"""`tailgate bisect`: which commit of a range made a benchmark slower."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console

from tailgate.documents.bisection import FILE, Bisection, Commit
from tailgate.documents.envelope import load, save
from tailgate.errors import INTERRUPTED, TailgateError
from tailgate.files import replacing
from tailgate.judge.bisect import BisectRules, Measuring, Search, bisection_of
from tailgate.judge.explain import explain
from tailgate.machine.place import choose_place
from tailgate.measure.revisions import history
from tailgate.measure.sides import Side
from tailgate.project.folders import claimed, output_folder
from tailgate.project.opening import default_benchmark, open_project, subject_of
from tailgate.project.plans import gate_plan
from tailgate.project.revisions import lay_out
from tailgate.project.selection import select_each, split_by_stage
from tailgate.results.bisect_report import bisect_markdown, bisect_text
from tailgate.terminal.options import SuiteCommand, names_of, settings_of, sized, words_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tailgate.benchmark import Benchmark
    from tailgate.documents.explanation import Explanation
    from tailgate.measure.lockstep import Plan
    from tailgate.project.opening import Project

_UNDECIDED: Final = 3
_EPILOG = """\b
Examples:
  tailgate bisect --good v1.2 --bad HEAD              the first gated benchmark
  tailgate bisect --good v1.2 --bad HEAD parse        another one
  tailgate bisect --good v1.2 --sides 12 --margin 0.005    more revisions a round, smaller steps
  tailgate bisect --good v1.2 --percentile 50         what happened to the median

\b
The same command goes on where an earlier one was interrupted; --fresh begins anew. Merges count as one commit.
Exit status: 0 a commit, or each of several, is named, 2 error, 3 none could be (no step, a slow rise, too few blocks),
130 interrupted.
"""


@click.command("bisect", cls=SuiteCommand, epilog=_EPILOG)
@click.option("--good", metavar="REV", required=True, help="A revision from before the rise.")
@click.option("--bad", metavar="REV", default="HEAD", show_default=True, help="One from after it.")
@sized("--sides", click.IntRange(3, 32), 8, 6, "Revisions in lockstep, at most.")
@click.option(
    "--margin", type=click.FloatRange(0, min_open=True), help="A smaller step is none.  [default: half of the gate's]"
)
@click.option(
    "--alpha",
    type=click.FloatRange(0, 0.5, min_open=True),
    default=0.02,
    show_default=True,
    help="Chance of a wrong commit.",
)
@sized("--blocks", click.IntRange(4), 24, 8, "Blocks of a round, at most.")
@click.option(
    "--percentile", type=click.FloatRange(1, 99.9), default=99.0, show_default=True, help="Of the least durations."
)
@click.option(
    "--suites", type=click.Choice(["shared", "each"]), help="Each revision with its own suite.  [default: shared]"
)
@click.option("--explain/--no-explain", default=True, help="Find out what makes the guilty one slower.")
@click.option("--fresh", is_flag=True, help="Use no block of an earlier run.")
@click.option("--affinity", type=int, metavar="CPU", help="Pin the workers here.")
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Where.  [default: build/bisect]"
)
def bisect(**options: Any) -> int:
    """Name the commit that made a benchmark slower.

    Several revisions run in lockstep at once; a round parts the range into as many as fit. SELECTOR names one
    benchmark; without any it is the first gated one.
    """
    project = open_project(passing=names_of(options))
    options["suites"] = project.suites(options["suites"])
    chosen = select_each(project.suite, words_of(options)) or [default_benchmark(project)]
    if len(chosen) != 1:
        raise TailgateError(f"one benchmark is bisected at a time, not {', '.join(each.name for each in chosen)}")
    benchmark = chosen[0]
    commits = [
        Commit(place, *told) for place, told in enumerate(history(project.root, options["good"], options["bad"]))
    ]
    folder = output_folder(options["output"] or project.root / "build" / "bisect")
    sides = project.root / "build" / "bisect" / "sides"
    click.get_current_context().with_resource(claimed(sides))
    place = choose_place(options["affinity"], probe_seconds=0.3)
    margin = options["margin"] or project.config.gate.margin / 2.0
    rules = BisectRules(options["sides"], margin, options["alpha"], options["blocks"], options["percentile"] / 100.0)
    rng, began, console = random.Random(), time.monotonic(), Console(stderr=True)
    plan = gate_plan(project.config, settings_of(options), place)
    facts: dict[str, Any] = {
        "settings": dict(plan.settings) | {"operations": plan.operations or 0, "passes": plan.passes}
    }
    kept, batch = _kept(folder / ("" if options["fresh"] else FILE), benchmark.name, commits, rules, facts["settings"])
    measuring = Measuring(replace(plan, batch=batch or 1), rng, rules.percentile, rules.margin, sized=batch > 0)

    def told(**more: Any) -> Bisection:
        seconds = time.monotonic() - began
        more |= {"notes": tuple(measuring.notes), "batch": measuring.plan.batch}
        return bisection_of(search, benchmark.name, seconds=seconds, **facts, **more)

    with console.status("laying out") as status:

        def heard(now: Search) -> None:
            save(folder / FILE, told())
            low, high = (commits[end].short for end in (now.rounds[-1].places[0], now.rounds[-1].places[-1]))
            status.update(f"round {len(now.rounds)}, {low} to {high}: block {len(now.rounds[-1].rows)}")

        search = Search(
            commits,
            rules,
            lambda commit: _side(project, benchmark, commit, sides, options),
            measuring.block,
            measuring.alone,
            kept,
            heard,
        )
        interrupted = False
        try:
            search.run()
        except KeyboardInterrupt:
            interrupted = True
        explanations: tuple[Explanation, ...] = ()
        found = told()
        if options["explain"] and not interrupted and any(each.shift.log_ratio > 0 for each in found.guilty):
            worst = max(found.guilty, key=lambda each: each.shift.log_ratio)
            ends = zip(("base", "head", "control-of-base"), (worst.after, worst.place, worst.after), strict=True)
            base, head, control = (
                _side(project, benchmark, commits[each], sides, options, name) for name, each in ends
            )
            split = split_by_stage(project.suite, benchmark.name) if options["suites"] == "shared" else ""
            how = {"percentile": rules.percentile, "split": split, "folder": folder / "explained", "say": status.update}
            batched = replace(plan, batch=measuring.plan.batch)
            explanations = _explained((base, head, control), batched, rng, **how)
    found = told(interrupted=interrupted, explanations=explanations)
    save(folder / FILE, found)
    with replacing(folder / "bisect.md") as temporary:
        temporary.write_text(bisect_markdown(found), encoding="utf-8")
    click.echo(bisect_text(found))
    click.echo(f"\nWritten: {folder / FILE}, {folder / 'bisect.md'}")
    if interrupted:
        return INTERRUPTED
    return 0 if found.verdict in {"found", "several"} else _UNDECIDED


def _side(
    project: Project, benchmark: Benchmark, commit: Commit, folder: Path, options: Mapping[str, Any], name: str = ""
) -> Side:
    """Lay a commit out and return it as a side; TailgateError where it has no subject or cannot be built."""
    subject = subject_of(project, options["suites"])
    laid = lay_out(project, commit.commit, subject, folder / (name or commit.short))
    gc = benchmark.gc if options["suites"] == "shared" else "on"
    where = (laid.python, laid.roots, laid.replaced)
    return Side(name or commit.short, benchmark.name, *where, gc=gc, process=name)


def _kept(
    path: Path, benchmark: str, commits: list[Commit], rules: BisectRules, settings: Mapping[str, Any]
) -> tuple[dict[tuple[int, ...], list[tuple[float, ...]]], int]:
    """Return the blocks of an earlier run of the same question; take over its skips.

    Beside them the size of their batches, 0 where there is no block.
    """
    if not path.is_file():
        return {}, 0
    earlier = load(path, Bisection)
    same = (earlier.benchmark, earlier.percentile, dict(earlier.settings)) == (
        benchmark,
        rules.percentile,
        dict(settings),
    )
    if not same or [each.commit for each in earlier.commits] != [each.commit for each in commits]:
        return {}, 0
    commits[:] = earlier.commits
    rows = {each.places: list(each.rows) for each in earlier.rounds}
    return rows, earlier.batch if any(rows.values()) else 0


def _explained(sides: tuple[Side, Side, Side], plan: Plan, rng: random.Random, **how: Any) -> tuple[Explanation, ...]:
    """Explain the commit that rises most against the one before it; what cannot be explained costs nothing else."""
    try:
        return (explain(sides, plan, rng, **how),)
    except (KeyboardInterrupt, TailgateError) as error:
        Console(stderr=True).print(f"it could not be explained: {error}", highlight=False)
        return ()
