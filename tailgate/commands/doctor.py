"""`tailgate doctor`: is this machine fit to measure, what can be found on it in a minute, and what to do."""

from __future__ import annotations

import math
import random
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from tailgate.config import Config, find_root
from tailgate.documents.doctor import FILE
from tailgate.documents.envelope import encode, save
from tailgate.errors import TailgateError
from tailgate.history.keeping import keep
from tailgate.history.provenance import Origin
from tailgate.judge.duel import Budget, run_duel
from tailgate.judge.fixtures import STEADY
from tailgate.machine.doctor import diagnose
from tailgate.machine.pairs import probe_pair
from tailgate.machine.place import place_of
from tailgate.measure.sides import Side
from tailgate.project.folders import output_folder
from tailgate.project.plans import plan_of
from tailgate.results.doctor_report import doctor_text
from tailgate.statistics.effect import minimum_detectable_effect, spread
from tailgate.statistics.sequential import Plan as Looks

if TYPE_CHECKING:
    from tailgate.documents.doctor import Diagnosis
    from tailgate.machine.placement import CpuPlan

_MODULE = "tailgate.judge.fixtures"
_MINUTE_S = 60.0
_EPILOG = """\b
Examples:
  tailgate doctor                     about half a minute
  tailgate doctor --seconds 0         the conditions and a short jitter probe only
  tailgate doctor --json | jq .document.verdict
  tailgate doctor --json > build/doctor.json    for the page of tailgate report

The exit status is 0 whatever the verdict: a script reads it from the JSON.
"""


@click.command("doctor", epilog=_EPILOG)
@click.option("--seconds", type=click.FloatRange(0), default=20.0, show_default=True, help="For the A/A comparison.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(*, seconds: float, as_json: bool) -> None:
    """Say whether this machine is fit to measure.

    With what to do about it, the best CPU, and the smallest p99 effect that is found in a minute.
    """
    if not math.isfinite(seconds):
        raise click.BadParameter(f"{seconds} is not a number of seconds", param_hint="'--seconds'")
    with Console(stderr=True).status("looking at the machine"):
        found = diagnose(2.0, a_a=partial(_smallest_effect, seconds) if seconds else None, probe_pair=probe_pair)
    click.echo(encode(found).decode() if as_json else doctor_text(found), nl=not as_json)
    _keep(found)


def _keep(found: Diagnosis) -> None:
    """Keep the diagnosis in the history of the project around here, if there is one: a doctor may be asked anywhere."""
    try:
        root = find_root(Path.cwd())
        folder = output_folder(root / "build" / "doctor")
        save(folder / FILE, found)
    except TailgateError:
        return
    keep(root, folder, Origin((FILE,)), partial(click.echo, err=True))


def _smallest_effect(seconds: float, cpus: CpuPlan) -> float:
    """Run the steady fixture against itself on these CPUs; return the least effect that a minute would find."""
    plan = plan_of(Config(Path.cwd(), _MODULE), {}, place_of(cpus), process_budget_s=1.0)
    same = (Side("one", STEADY), Side("the same", STEADY))
    duel = run_duel(same, plan, random.Random(), Budget(seconds, 0.01))
    if duel.interrupted:
        raise KeyboardInterrupt
    blocks = min(60, max(8, int(duel.blocks * _MINUTE_S / duel.seconds)))
    d = duel.series.ratio_at("reproducible", "one", "the same", 0.99)
    level = Looks((blocks,), 0.005).nominal_alpha(0)
    step = duel.series.step("reproducible", "one", 0.99)
    return math.expm1(max(minimum_detectable_effect(spread(d), blocks, level), step))
