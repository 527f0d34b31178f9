"""`tailgate calibrate`: run the gate's decision many times on identical code and on known slowdowns."""

from __future__ import annotations

import platform
import random
import shlex
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from tailgate.commands._fleet import fleet_of, scheduler_options
from tailgate.documents.calibration import FILE, Calibration, Recording
from tailgate.documents.envelope import load, save
from tailgate.errors import TailgateError
from tailgate.files import replacing, slug
from tailgate.judge.blocks import run_order
from tailgate.judge.calibrate import KINDS_OF_HEAD, arm_of, calibrated, replay_gate
from tailgate.judge.fixtures import STEADY
from tailgate.judge.gate import GateRules
from tailgate.judge.lanes import Lanes, spots_for
from tailgate.judge.recording import Recorded, arms, competing_load, record_blocks, view
from tailgate.machine.identity import described
from tailgate.machine.place import choose_place
from tailgate.measure.sides import Side
from tailgate.project.opening import open_project
from tailgate.project.plans import gate_plan
from tailgate.project.selection import select_each
from tailgate.results.calibration_report import calibration_page, calibration_tables
from tailgate.statistics.sequential import Plan as Looks
from tailgate.terminal.options import SuiteCommand, lanes_option, names_of, settings_of, sized, words_of
from tailgate.terminal.progress import progress_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from tailgate.judge.blocks import Fleet, Spot
    from tailgate.judge.recording import Run
    from tailgate.machine.place import Place
    from tailgate.measure.lockstep import Plan
    from tailgate.project.opening import Project
    from tailgate.terminal.progress import BlockProgress

_EPILOG = """\b
Examples:
  tailgate calibrate                                              20 whole gates of the first gated benchmark
  tailgate calibrate parse render --gates 5                       two benchmarks in the same processes, as in a gate
  tailgate calibrate fixture --load                               on steady work, with the other CPU kept busy
  tailgate calibrate --judge-only --page calibration.md          judge what was recorded
"""


@click.command("calibrate", cls=SuiteCommand, epilog=_EPILOG)
@sized("--gates", click.IntRange(1), 20, 1, "Whole gates to run.")
@sized("--decisions", click.IntRange(1), 300, 20, "Resampled decisions of each kind.")
@click.option("--load", is_flag=True, help="Keep the other CPU busy meanwhile.")
@lanes_option
@scheduler_options
@click.option("--operations", type=click.IntRange(1), help="Operations per pass.  [default: the gate's]")
@click.option("--affinity", type=int, metavar="CPU", help="Pin the workers here.")
@click.option(
    "--folder", type=click.Path(path_type=Path), metavar="DIR", help="Recordings.  [default: build/calibrate]"
)
@click.option("--judge-only", is_flag=True, help="Run nothing: judge the recordings of the folder.")
@click.option("--page", "page_path", type=click.Path(path_type=Path), metavar="FILE", help="Write the page here.")
def calibrate(**options: Any) -> None:
    """Measure how often the gate errs.

    False alarms on identical code and detection of known slowdowns, with exact binomial intervals.
    """
    project = open_project(passing=names_of(options))
    folder = options["folder"] or project.root / "build" / "calibrate"
    config = project.config.gate
    rules = GateRules(Looks(config.interim_analyses, config.alpha), config.margin, float("inf"))
    place = choose_place(options["affinity"], probe_seconds=0.3)
    plan = gate_plan(
        project.config, settings_of(options), place, options["operations"] or (2_000 if options["quick"] else None)
    )
    if not options["judge_only"]:
        project.inspect(plan.settings)
        _record(project, options, folder, rules, plan, place)
    found = Calibration(
        shlex.join(["tailgate", *sys.argv[1:]]),
        f"{described()}, CPython {platform.python_version()}",
        tuple(
            calibrated(each, rules, plan, random.Random(1), decisions=options["decisions"])
            for each in _recordings(folder)
        ),
    )
    for each in found.recordings:
        for table in calibration_tables(each):
            click.echo(table.text() + "\n")
    written = [save(folder / FILE, found)]
    if options["page_path"]:
        with replacing(options["page_path"]) as temporary:
            temporary.write_text(calibration_page(found, f"{datetime.now(UTC):%Y-%m-%d}"), encoding="utf-8")
        written.append(options["page_path"])
    click.echo(f"Written: {', '.join(map(str, written))}")


def _record(
    project: Project, options: dict[str, Any], folder: Path, rules: GateRules, plan: Plan, place: Place
) -> None:
    fleet = fleet_of(project, options, one_host="what is recorded does not tell them apart")
    spots, told = spots_for(options["lanes"] if fleet is None else 1, place)
    beside = f", {len(spots)} blocks at once" if len(spots) > 1 else ", by a fleet" if fleet else ""
    condition = ("the other CPU busy" if options["load"] else "as the machine was") + beside
    rng = random.Random()
    for line in told:
        click.echo(line, err=True)
    bases = [_base(project, word) for word in words_of(options) or ("",)]
    percent = project.config.gate.positive_control_percent
    with competing_load(place.coordinator_cpus, wanted=options["load"]), _running(spots, place, fleet) as (run, lanes):
        how: dict[str, Any] = {"condition": condition, "margin": rules.margin}
        recorded = arms(bases, plan, rng, positive_control_percent=percent, **how)
        progress = progress_on(Console(stderr=True))
        paths = [folder / f"{slug(base.benchmark)}-{slug(condition)}.json" for base in bases]
        try:
            _gates(recorded, rules, rng, options["gates"], paths, (run, lanes), progress)
        except KeyboardInterrupt:
            raise TailgateError(f"interrupted; the gates that were whole by then are kept in {folder}") from None
        finally:
            progress.close()


@contextmanager
def _running(
    spots: Sequence[Spot], place: Place, fleet: Callable[[Callable[[str], None]], AbstractContextManager[Fleet]] | None
) -> Iterator[tuple[Run, int]]:
    """Return what runs blocks, and how many at once: in this process where there is one spot."""
    if fleet is not None:
        with fleet(partial(click.echo, err=True)) as crew:
            yield crew.run, len(crew)
            for host in crew.told():
                click.echo(host.said, err=True)
    elif len(spots) == 1:
        yield lambda orders: [run_order(order, spots[0], place.seat) for order in orders], 1
    else:
        with Lanes(spots) as lanes:
            yield lanes.run, len(lanes)


def _base(project: Project, word: str) -> Side:
    """Return the side that a word names; without one, the first gated benchmark."""
    if word == "fixture":
        return Side("scout", STEADY, module="tailgate.judge.fixtures")
    word = word or next(iter(project.config.gate.benchmarks), "")
    return Side("scout", select_each(project.suite, [word])[0].name if word else project.suite.benchmarks[0].name)


def _gates(
    recorded: Sequence[Recorded],
    rules: GateRules,
    rng: random.Random,
    gates: int,
    paths: Sequence[Path],
    running: tuple[Run, int],
    progress: BlockProgress,
) -> None:
    run, lanes = running
    series = recorded[0].recording.series
    before = len(series)
    for number in range(gates):
        start = len(series)
        for look in rules.looks.looks:
            while (have := len(series) - start) < look:
                count = min(lanes, look - have)
                progress.total(start - before + look + (gates - number - 1) * rules.looks.looks[0])
                progress.begin(f"gate {number + 1}", have + 1, look)
                record_blocks(recorded, rng, run, count)
                for _ in range(count):
                    progress.done()
            group = list(range(start, len(series)))
            if all(_decided(each, kind, group, rules) for each in recorded for kind in KINDS_OF_HEAD):
                break
        for each, path in zip(recorded, paths, strict=True):
            each.recording.gates.append(group)
            save(path, each.recording)


def _decided(each: Recorded, kind: str, group: list[int], rules: GateRules) -> bool:
    """Tell whether a gate with this head would have ended within the group's blocks."""
    if len(group) == rules.looks.looks[-1]:
        return True
    return replay_gate(view(each.recording, arm_of(kind), group), rules, each.plan).verdict is not None


def _recordings(folder: Path) -> list[Recording]:
    paths = [path for path in sorted(folder.glob("*.json")) if path.name != FILE]
    if not paths:
        raise TailgateError(f"no recordings in {folder}", hint="run `tailgate calibrate` without --judge-only")
    return [load(path, Recording) for path in paths]
