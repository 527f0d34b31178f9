"""The gate's counted witnesses: allocations per operation always, instructions on request."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tailgate.documents.gate import Counted, judged_count
from tailgate.errors import MissingToolError, TailgateError
from tailgate.measure.tally import tally

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tailgate.config import GateConfig
    from tailgate.judge.gate import Trial
    from tailgate.measure.lockstep import Plan
    from tailgate.measure.sides import Side

_INSTRUCTIONS_MARGIN = 0.005
"""Half a percent: what hash seed and layout leave, once both are fixed, is far below."""


def counted(
    trials: Sequence[Trial],
    plan: Plan,
    config: GateConfig,
    say: Callable[[str], None],
    *,
    allocations: bool,
    instructions: bool,
) -> tuple[tuple[Counted, ...], tuple[str, ...]]:
    """Count what base and head do per operation.

    A missing tool is a note, and the other count is made all the same; whatever else goes wrong is the trial's failure:
    a head that crashes while it is counted has not passed.
    """
    kinds = (
        ("allocations", _allocations, allocations),
        ("instructions", _instructions, instructions),
    )
    found: list[Counted] = []
    notes: list[str] = []
    for trial in (each for each in trials if not each.failure):
        for what, count in ((what, count) for what, count, wanted in kinds if wanted):
            say(f"{trial.name}: {what}")
            try:
                found.append(count(trial, plan, config))
            except MissingToolError as error:
                notes.append(f"{what} are not counted: {error}")
            except TailgateError as error:
                trial.failure = f"{what} could not be counted: {error}"
                break
    return tuple(found), tuple(dict.fromkeys(notes))


def _allocations(trial: Trial, plan: Plan, config: GateConfig) -> Counted:
    from tailgate.profilers.allocations import allocations_per_operation  # noqa: PLC0415  beside its fellow

    base, head = _both(trial, lambda side: allocations_per_operation(side, plan))
    reason = config.accept_allocations.get(trial.name, "")
    return judged_count(trial.name, "allocations", base, head, config.allocations_margin, reason)


def _instructions(trial: Trial, plan: Plan, _config: GateConfig) -> Counted:
    from tailgate.profilers.instructions import instructions_of  # noqa: PLC0415  beside its fellow

    base, head = (instructions_of(side, plan) for side in (trial.arms.base, trial.arms.head))
    return judged_count(trial.name, "instructions", base, head, _INSTRUCTIONS_MARGIN * base)


def _both(trial: Trial, count: Callable[[Side], float]) -> tuple[float, float]:
    """Count base and head at the same time: what is counted does not depend on what else runs.

    For counts of a second or two: Ctrl-C waits for their end.
    """
    with ThreadPoolExecutor(2) as pool:
        base, head = pool.map(count, (trial.arms.base, trial.arms.head))
    return base, head


def tallied(name: str, kind: str, sides: tuple[Side, Side], plan: Plan, margin: float, config: GateConfig) -> Counted:
    """Return what a benchmark counts in place of being timed, in base and in head; SideError where it cannot.

    kind: what, and the unit. margin: the relative one, as of a time.
    """
    what = kind.partition(" ")[0]
    base, head = (tally(side, plan.module, plan.root, plan.env, what) for side in sides)
    return judged_count(name, kind, base, head, margin * abs(base), config.accept_allocations.get(name, ""))
