"""`tailgate doctor`: is this machine fit to measure, what can be found on it in a minute, and what to do."""

from __future__ import annotations

import math
import random
from pathlib import Path

import click
from rich.console import Console

from tailgate.commands.project import choose_place
from tailgate.judge.duel import Budget, run_duel
from tailgate.judge.fixtures import STEADY
from tailgate.machine.doctor import diagnose, render_text, to_json
from tailgate.measure.lockstep import Plan
from tailgate.measure.sides import Side
from tailgate.statistics.effect import minimum_detectable_effect, spread
from tailgate.statistics.sequential import Plan as Looks

_MODULE = "tailgate.judge.fixtures"
_MINUTE_S = 60.0
_EPILOG = """\b
Examples:
  tailgate doctor                     about half a minute
  tailgate doctor --seconds 0         the conditions and a short jitter probe only
  tailgate doctor --json | jq .verdict
"""


@click.command("doctor", epilog=_EPILOG)
@click.option("--seconds", type=click.FloatRange(0), default=20.0, show_default=True, help="For the A/A comparison.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(*, seconds: float, as_json: bool) -> None:
    """Say whether this machine is fit to measure, the best CPU, and the smallest p99 effect found in a minute."""
    with Console(stderr=True).status("looking at the machine"):
        found = diagnose(2.0, a_a=(lambda: _smallest_effect(seconds)) if seconds else None)
    click.echo(to_json(found) if as_json else render_text(found))


def _smallest_effect(seconds: float) -> float:
    """Run the steady fixture against itself; give the least effect that a minute of blocks would find."""
    place = choose_place(None, probe_seconds=0.2)
    plan = Plan(
        module=_MODULE,
        root=Path.cwd(),
        settings={},
        cpu=place.cpu,
        coordinator_cpus=place.coordinator_cpus,
        seat=place.seat,
        process_budget_s=1.0,
    )
    same = (Side("one", STEADY), Side("the same", STEADY))
    duel = run_duel(same, plan, random.Random(), Budget(seconds, 0.01))
    blocks = min(60, max(8, int(duel.blocks * _MINUTE_S / duel.seconds)))
    d = duel.series.ratio_at("reproducible", "one", "the same", 0.99)
    level = Looks((blocks,), 0.005).nominal_alpha(0)
    return math.expm1(minimum_detectable_effect(spread(d), blocks, level))
