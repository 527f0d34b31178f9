"""`tailgate calibrate`: run the gate's decision many times on identical code and on known slowdowns."""

from __future__ import annotations

import json
import platform
import random
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from tailgate.errors import TailgateError
from tailgate.judge.calibrate import KINDS_OF_HEAD, arm_of, replay_gate
from tailgate.judge.calibration_page import Validation, page, tables, validate
from tailgate.judge.fixtures import STEADY
from tailgate.judge.gate import GateRules
from tailgate.judge.recording import Recording, arms, competing_load, record_block
from tailgate.machine.place import choose_place
from tailgate.measure.sides import Side
from tailgate.project.opening import open_project
from tailgate.project.plans import gate_plan
from tailgate.project.selection import selected
from tailgate.results.store import replacing, slug
from tailgate.statistics.sequential import Plan as Looks
from tailgate.terminal.options import SuiteCommand, settings_of
from tailgate.terminal.progress import progress_on

if TYPE_CHECKING:
    from tailgate.machine.place import Place
    from tailgate.measure.lockstep import Plan
    from tailgate.project.opening import Project
    from tailgate.terminal.progress import BlockProgress

_EPILOG = """\b
Examples:
  tailgate calibrate                          20 whole gates of the first gated benchmark
  tailgate calibrate fixture --load           on steady work, with the other CPU kept busy
  tailgate calibrate --judge-only --page docs/gate-validation.md    judge what was recorded
"""


@click.command("calibrate", cls=SuiteCommand, epilog=_EPILOG)
@click.argument("benchmark", default="")
@click.option("--gates", type=click.IntRange(1), default=20, show_default=True, help="Whole gates to run.")
@click.option("--decisions", type=click.IntRange(1), default=300, show_default=True, help="Resampled decisions a kind.")
@click.option("--load", is_flag=True, help="Keep the other CPU busy meanwhile.")
@click.option("--operations", type=click.IntRange(1), help="Operations per pass.  [default: the gate's]")
@click.option("--affinity", type=int, metavar="CPU", help="Pin the workers here.")
@click.option(
    "--folder", type=click.Path(path_type=Path), metavar="DIR", help="Recordings.  [default: build/calibrate]"
)
@click.option("--judge-only", is_flag=True, help="Run nothing: judge the recordings of the folder.")
@click.option("--page", "page_path", type=click.Path(path_type=Path), metavar="FILE", help="Write the page here.")
def calibrate(**options: Any) -> None:
    """Measure false alarms and detection of the gate, with exact binomial intervals."""
    project = open_project()
    folder = options["folder"] or project.root / "build" / "calibrate"
    config = project.config.gate
    rules = GateRules(Looks(config.looks, config.alpha), config.margin, float("inf"))
    place = choose_place(options["affinity"], probe_seconds=0.3)
    plan = gate_plan(project.config, settings_of(options), place, options["operations"])
    if not options["judge_only"]:
        _record(project, options, folder, rules, plan, place)
    found = _validations(folder, rules, plan, options["decisions"])
    for each in found:
        for table in tables(each):
            click.echo(table.text() + "\n")
    if options["page_path"]:
        command = shlex.join(["tailgate", *sys.argv[1:]])
        text = page(found, command, time.strftime("%Y-%m-%d", time.gmtime()), _cpu())
        with replacing(options["page_path"]) as temporary:
            temporary.write_text(text, encoding="utf-8")
        click.echo(f"Written: {options['page_path']}")


def _record(
    project: Project, options: dict[str, Any], folder: Path, rules: GateRules, plan: Plan, place: Place
) -> None:
    if options["benchmark"] == "fixture":
        base = Side("scout", STEADY, module="tailgate.judge.fixtures")
    else:
        word = options["benchmark"] or next(iter(project.config.gate.benchmarks), "")
        base = Side("scout", selected(project.suite, word).name if word else project.suite.benchmarks[0].name)
    condition = "the other CPU busy" if options["load"] else "as the machine was"
    rng = random.Random()
    with competing_load(place.coordinator_cpus, wanted=options["load"]):
        sides, plan = arms(base, plan, rng, canary_percent=project.config.gate.canary_percent)
        recording = Recording(base.benchmark, condition)
        progress = progress_on(Console(stderr=True))
        path = folder / f"{slug(base.benchmark)}-{slug(condition)}.json"
        try:
            _gates(recording, sides, plan, rules, rng, options["gates"], path, progress)
        except KeyboardInterrupt:
            raise TailgateError(f"interrupted; the gates that were whole by then are kept in {path}") from None
        finally:
            progress.close()


def _gates(
    recording: Recording,
    sides: list[Side],
    plan: Plan,
    rules: GateRules,
    rng: random.Random,
    gates: int,
    path: Path,
    progress: BlockProgress,
) -> None:
    progress.total(gates * rules.looks.looks[0])
    groups: list[list[int]] = []
    for number in range(gates):
        start = len(recording.series)
        for look in rules.looks.looks:
            while len(recording.series) - start < look:
                progress.begin(f"gate {number + 1}", len(recording.series) - start + 1, look)
                record_block(recording, sides, plan, rng, time.monotonic)
                progress.done()
            group = list(range(start, len(recording.series)))
            if all(_decided(recording, kind, group, rules, plan) for kind in KINDS_OF_HEAD):
                break
        groups.append(group)
        recording.save(path)
        with replacing(path.with_suffix(".gates")) as temporary:
            temporary.write_text(json.dumps(groups), encoding="utf-8")


def _decided(recording: Recording, kind: str, group: list[int], rules: GateRules, plan: Plan) -> bool:
    """Tell whether a gate with this head would have ended within the group's blocks."""
    if len(group) == rules.looks.looks[-1]:
        return True
    return replay_gate(recording.view(arm_of(kind), group), rules, plan).verdict is not None


def _validations(folder: Path, rules: GateRules, plan: Plan, decisions: int) -> list[Validation]:
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise TailgateError(f"no recordings in {folder}", hint="run `tailgate calibrate` without --judge-only")
    return [
        validate(
            Recording.load(path),
            json.loads(path.with_suffix(".gates").read_text(encoding="utf-8")),
            rules,
            plan,
            random.Random(1),
            decisions=decisions,
        )
        for path in paths
    ]


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
