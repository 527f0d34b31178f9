"""The gate's counted witnesses: allocations per operation always, instructions on request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tailgate.documents.gate import Counted, judged_count
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tailgate.config import GateConfig
    from tailgate.judge.gate import Trial
    from tailgate.measure.lockstep import Plan

_INSTRUCTIONS_MARGIN = 0.005
"""Half a percent: what hash seed and layout leave, once both are fixed, is far below."""


def counted(
    trials: Sequence[Trial], plan: Plan, config: GateConfig, options: Mapping[str, Any], say: Callable[[str], None]
) -> tuple[tuple[Counted, ...], tuple[str, ...]]:
    """Count what base and head do per operation; a missing tool is a note, not a verdict."""
    found: list[Counted] = []
    notes: list[str] = []
    for trial in (each for each in trials if not each.failure):
        try:
            if not options["no_allocations"]:
                say(f"{trial.name}: allocations")
                found.append(_allocations(trial, plan, config))
            if options["instructions"]:
                say(f"{trial.name}: instructions")
                found.append(_instructions(trial, plan))
        except TailgateError as error:
            notes.append(f"{trial.name}: not counted: {error}")
    return tuple(found), tuple(dict.fromkeys(notes))


def _allocations(trial: Trial, plan: Plan, config: GateConfig) -> Counted:
    from tailgate.profilers.allocations import allocations_of  # noqa: PLC0415  imports memray

    base, head = (allocations_of(side, plan).per_operation for side in (trial.arms.base, trial.arms.head))
    reason = config.accept_allocations.get(trial.name, "")
    return judged_count(trial.name, "allocations", base, head, config.allocations_margin, reason)


def _instructions(trial: Trial, plan: Plan) -> Counted:
    from tailgate.profilers.instructions import instructions_of  # noqa: PLC0415  beside its fellow

    base, head = (instructions_of(side, plan) for side in (trial.arms.base, trial.arms.head))
    return judged_count(trial.name, "instructions", base, head, _INSTRUCTIONS_MARGIN * base)
