"""`tailgate search`: the best composition of a benchmark's axes, by racing in lockstep."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console

from tailgate.commands._fleet import fleet_of, scheduler_options
from tailgate.documents.envelope import load, save
from tailgate.documents.search import FILE, Search, Stage, Term, objective_words
from tailgate.errors import INTERRUPTED, TailgateError
from tailgate.files import replacing
from tailgate.judge.blocks import CrewGoneError
from tailgate.judge.search.axes import Chosen, chosen_axes, composition_of, searched_benchmark
from tailgate.judge.search.conclude import search_of
from tailgate.judge.search.engine import CompositionSearch, SearchRules
from tailgate.judge.search.measuring import BlockMeasuring, checked_figure, refuse_off_the_ladder
from tailgate.machine.place import choose_place
from tailgate.project.folders import claimed, output_folder
from tailgate.project.opening import open_project
from tailgate.project.plans import plan_of
from tailgate.results.search_report import progress_line, search_markdown, search_text
from tailgate.terminal.options import SuiteCommand, names_of, settings_of, sized, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from tailgate.benchmark import Benchmark
    from tailgate.judge.blocks import Fleet
    from tailgate.project.opening import Project

_OPEN: Final = 3
_SELECTORS: Final = """\b
SELECTOR: an axis (parse), or some of its levels (parse=simple,fast); the benchmark's own
level always counts. Without any: every axis that need not be asked for. allocator=NAME,...
and python=PATH,... are axes of every benchmark.
"""
_EPILOG = """\b
Examples:
  tailgate search                                     every axis of the recommended benchmark, for its p99
  tailgate search --budget 1200                       for twenty minutes
  tailgate search parse write=fast,slow               these axes alone
  tailgate search allocator=jemalloc,malloc gc        those as well
  tailgate search --objective allocations             another figure
  tailgate search --objective p50=1 --objective p99.9=2     a weighted sum, each against the benchmark's own
  tailgate search --prove parse=fast,write=slow       only the proof, of this one, e.g. on another input
  tailgate search --accept                            write the winner where the benchmark is declared

\b
The same command goes on where an earlier one was interrupted or out of budget; --fresh begins anew.
Exit status: 0 no single swap of the winner is better, 2 error, 3 that is still open, 130 interrupted.
"""


@click.command("search", cls=SuiteCommand, epilog=_EPILOG, selectors=_SELECTORS)
@click.option("--of", "base", metavar="NAME", default="", help="The benchmark to begin from.  [default: recommended]")
@click.option(
    "--objective",
    multiple=True,
    metavar="FIGURE[=WEIGHT]",
    help="p50, p99, p99.9 (least durations), raw-p99, allocations, bytes; several are summed.  [default: p99]",
)
@sized(
    "--budget", click.FloatRange(0, min_open=True), 1200.0, 60.0, "Seconds to spend, those of earlier runs included."
)
@sized("--blocks", click.IntRange(1), 1000, 24, "Blocks, at most.")
@sized("--sides", click.IntRange(3, 32), 8, 6, "Compositions in lockstep, the benchmark among them.")
@click.option(
    "--margin",
    type=click.FloatRange(0, 0.5, min_open=True),
    default=0.01,
    show_default=True,
    help="What is better by less is not better.",
)
@click.option(
    "--alpha",
    type=click.FloatRange(0, 0.5, min_open=True),
    default=0.05,
    show_default=True,
    help="Chance that the race drops its best candidate.",
)
@sized("--passes", click.IntRange(1), 3, 2, "Measured passes per process.")
@sized("--operations", click.IntRange(1), 20_000, 2_000, "Operations per pass.")
@click.option("--search-seed", type=int, default=0, show_default=True, metavar="N", help="What is drawn at random.")
@click.option("--prove", metavar="COMPOSITION", help="Only the proof: axis=level,...; '' is the benchmark itself.")
@click.option("--accept", is_flag=True, help="Write a proved winner where the benchmark is declared.")
@click.option("--fresh", is_flag=True, help="Use no block of an earlier run.")
@click.option("--affinity", type=int, metavar="CPU", help="Pin the workers here.")
@scheduler_options
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Where.  [default: build/search]"
)
def search(**options: Any) -> int:
    """Find the best composition of a benchmark's axes.

    Each level runs alone first, then what a model of effects and pairs hopes for; the best of it race, and the winner
    is held against each of its single swaps.
    """
    project = open_project(passing=names_of(options))
    base = searched_benchmark(project, options["base"])
    chosen = chosen_axes(project, base, words_of(options))
    terms = _terms(options["objective"])
    proving = None if options["prove"] is None else composition_of(chosen.space, options["prove"])
    folder = output_folder(options["output"] or project.root / "build" / "search")
    click.get_current_context().with_resource(claimed(folder))
    place = choose_place(options["affinity"], probe_seconds=0.3)
    plan = plan_of(
        project.config,
        settings_of(options),
        place,
        passes=options["passes"],
        operations=options["operations"],
        process_budget_s=30.0,
    )
    facts: dict[str, Any] = {
        "inputs": project.inspect(plan.settings),
        "unavailable": chosen.unavailable,
        "settings": dict(plan.settings) | {"operations": plan.operations or 0, "passes": plan.passes},
    }
    rules = SearchRules(sides=options["sides"], margin=options["margin"], alpha=options["alpha"])
    kept = None if options["fresh"] else _kept(folder / FILE, base, chosen, terms, rules, facts, proving is not None)
    fleet = fleet_of(project, options, one_host="a search takes one, whose CPUs see the same machine")
    if fleet is not None:
        refuse_off_the_ladder(terms)
    measuring = BlockMeasuring(base, chosen.space, terms, plan, random.Random(), project.suite.find, means=chosen.means)
    earlier, began = kept.seconds if kept else 0.0, time.monotonic()

    def seconds() -> float:
        return earlier + time.monotonic() - began

    def told(**more: Any) -> Search:
        return search_of(work, base.name, seconds=seconds(), **facts, **more)

    console = Console(stderr=True)
    with console.status("starting") as status:

        def heard(_: CompositionSearch) -> None:
            now = told()
            save(folder / FILE, now)
            line = f"[{now.seconds:5.0f} s of {options['budget']:,.0f}] {progress_line(now)}"
            if console.is_terminal:
                status.update(line)
            else:
                console.print(line, highlight=False, soft_wrap=True)

        work = CompositionSearch(
            chosen.space,
            terms,
            rules,
            measuring,
            lambda: max(seconds() / options["budget"], len(work.blocks) / options["blocks"]),
            options["search_seed"],
            list(kept.blocks) if kept else [],
            list(kept.stages) if kept else [],
            list(kept.left_out) if kept else [],
            heard,
        )
        if proving is not None and not work.stages:
            work.stages.append(Stage("proof", 0, (proving,)))
        interrupted, notes = _run(work, measuring, fleet, partial(console.print, highlight=False, soft_wrap=True))
    found = told(interrupted=interrupted, notes=notes)
    save(folder / FILE, found)
    with replacing(folder / "search.md") as temporary:
        temporary.write_text(search_markdown(found), encoding="utf-8")
    click.echo(search_text(found))
    click.echo(f"\nWritten: {folder / FILE}, {folder / 'search.md'}")
    if interrupted:
        return INTERRUPTED
    if options["accept"]:
        click.echo(f"Accepted: {accept(project, base, found)}")
    return 0 if found.verdict == "proved" else _OPEN


def _run(
    work: CompositionSearch,
    measuring: BlockMeasuring,
    fleet: Callable[[Callable[[str], None]], AbstractContextManager[Fleet]] | None,
    say: Callable[[str], None],
) -> tuple[bool, tuple[str, ...]]:
    """Search until it ends or is interrupted, which is told, with what is to be said of the hosts of a fleet."""
    try:
        if fleet is None:
            work.run()
            return False, ()
        with fleet(say) as crew:
            work.at_once = partial(measuring.several, crew=crew)
            work.run()
            return False, tuple(host.said for host in crew.told())
    except KeyboardInterrupt:
        return True, ()
    except CrewGoneError as gone:
        if not work.blocks:
            raise
        return False, (f"the search ended with what it had: {gone.message}; the same command goes on",)


def _terms(words: tuple[str, ...]) -> tuple[Term, ...]:
    terms = []
    for word in words or ("p99",):
        name, equals, weight = word.partition("=")
        try:
            terms.append(Term(checked_figure(name), float(weight) if equals else 1.0))
        except ValueError:
            raise TailgateError(
                f"--objective {word!r}: {weight!r} is no weight", hint="e.g. --objective p99=2"
            ) from None
    if not all(term.weight > 0.0 for term in terms) or len({term.figure for term in terms}) < len(terms):
        raise TailgateError("--objective: every figure once, with a weight above 0", hint="e.g. p50=1 and p99=2")
    return tuple(terms)


def _kept(
    path: Path,
    base: Benchmark,
    chosen: Chosen,
    terms: tuple[Term, ...],
    rules: SearchRules,
    facts: Mapping[str, Any],
    proving: bool,  # noqa: FBT001  one of the facts that are compared
) -> Search | None:
    """Return an earlier run of the same question."""
    if not path.is_file():
        return None
    earlier = load(path, Search)
    asked = (base.name, chosen.space, terms, rules.sides, rules.margin, rules.alpha, dict(facts["settings"]))
    was = (earlier.benchmark, earlier.space, earlier.objective, earlier.sides, earlier.margin, earlier.alpha)
    only_proof = bool(earlier.stages) and earlier.stages[0].phase == "proof"
    return earlier if asked == (*was, dict(earlier.settings)) and only_proof == proving else None


def accept(project: Project, base: Benchmark, found: Search) -> Path:
    """Write the winner where its benchmark is declared; TailgateError where the search did not prove it."""
    if project.suite.accept is None:
        raise TailgateError(
            f"{project.config.benchmarks} has no function accept(levels, note)", hint="the search itself is kept"
        )
    if found.verdict != "proved" or found.winner is None:
        raise TailgateError(
            "nothing is accepted: the search did not prove its winner", hint="give it a larger --budget, then --accept"
        )
    if not any(found.winner) or found.against is None:
        raise TailgateError(f"nothing is to be accepted: {base.name} is the best itself", hint="leave it as it is")
    if found.against.high is None or found.against.high >= 0.0:
        raise TailgateError(
            f"nothing is accepted: the winner is not proved better than {base.name} ({found.against.interval})",
            hint="leave it as it is",
        )
    beyond = [axis.name for axis in found.space.axes if axis.where != "benchmark" and axis.name in _changed(found)]
    if beyond:
        raise TailgateError(
            f"{', '.join(beyond)} cannot be declared with the benchmark", hint="search without it, then --accept"
        )
    tape = ", ".join(f"{key} {Path(str(value)).name}" for key, value in found.settings.items() if value not in {"", 0})
    note = (
        f"found by `tailgate search` on {datetime.now(UTC):%Y-%m-%d}: {objective_words(found.objective)} "
        f"{found.against.percent} {found.against.interval} against the one before ({tape})"
    )
    return project.suite.accept(_changed(found), note)


def _changed(found: Search) -> dict[str, str]:
    return found.space.changes(found.winner) if found.winner else {}
