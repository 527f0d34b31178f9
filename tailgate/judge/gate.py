"""The gate: is head's p99 worse than base's? It certifies itself: a control must stand still, a canary must be seen."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Final, Literal

from tailgate.judge.arms import BASE, CANARY, CONTROL, HEAD, Arms
from tailgate.judge.series import KINDS, Series
from tailgate.measure.lockstep import run_block
from tailgate.measure.sides import SideError
from tailgate.statistics.decision import Comparison, Decision, compare, decide, judge, overall
from tailgate.statistics.estimate import log_shift

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence

    from tailgate.judge.series import Kind
    from tailgate.measure.lockstep import Plan
    from tailgate.statistics.sequential import Plan as Looks

P: Final = 0.99
"""The gated percentile."""

FitFor = Literal[
    "yes", "not yet", "too few blocks", "control moved", "canary missed", "no delay was seen while scouting"
]


class Verdict(Enum):
    """What a gate may say; the value is the exit status."""

    PASS = 0
    REGRESSION = 1
    UNDECIDED = 3
    UNFIT = 4


@dataclass(frozen=True, slots=True)
class Witness:
    """The two arms that vouch for the machine, at one figure: the control's shift and the canary's."""

    control: Comparison
    canary: Decision


@dataclass(slots=True)
class Trial:
    """One benchmark under judgement: its arms, its blocks, and what is known so far."""

    name: str
    arms: Arms
    plan: Plan
    series: Series = field(default_factory=Series)
    seconds: float = 0.0
    blocks_judged: int = 0
    cut: bool = False  # its time ran out, maybe between two planned analyses
    decisions: Mapping[Kind, Decision] = field(default_factory=dict)
    witnesses: Mapping[Kind, Witness] = field(default_factory=dict)
    fitness: FitFor = "not yet"
    verdict: Verdict | None = None
    failure: str = ""


@dataclass(frozen=True, slots=True)
class GateRules:
    """How strictly: the looks with their alpha, the margin as a fraction, seconds per benchmark."""

    looks: Looks
    margin: float
    budget_s: float


def run_gate(
    trials: Sequence[Trial],
    rules: GateRules,
    measure: Callable[[Trial], None],
    *,
    heard: Callable[[Trial, int], None] = lambda *_: None,
    clock: Callable[[], float] = time.monotonic,
) -> Verdict:
    """Judge all trials together, look by look; each ends with a verdict. A trial that fails ends with its failure.

    `measure` adds one block to a trial's series: it runs one (see `measured`), or takes a recorded one.
    """
    for look, blocks in enumerate(rules.looks.looks):
        for trial in (each for each in trials if each.verdict is None and not each.failure):
            _run_to(trial, blocks, rules, measure, heard, clock)
        judge_trials(trials, rules, last=look == rules.looks.last)
    return overall_verdict(trials)


def measured(rng: random.Random) -> Callable[[Trial], None]:
    """Give what runs one block of a trial's four arms."""

    def measure(trial: Trial) -> None:
        trial.series.add(run_block(trial.arms.sides(), trial.plan, rng))

    return measure


def overall_verdict(trials: Sequence[Trial]) -> Verdict:
    """Give the verdict over all benchmarks: the gravest; a regression outweighs a machine that is unfit for another."""
    verdicts = {trial.verdict for trial in trials}
    order = (Verdict.REGRESSION, Verdict.UNFIT, Verdict.UNDECIDED, Verdict.PASS)
    return next((each for each in order if each in verdicts), Verdict.UNDECIDED)


def interrupt_trials(trials: Sequence[Trial]) -> Verdict:
    """End as undecided what Ctrl-C left open; the whole is then undecided too."""
    for trial in trials:
        if trial.verdict is None and not trial.failure:
            trial.verdict = Verdict.UNDECIDED
    return Verdict.UNDECIDED


def _run_to(
    trial: Trial,
    blocks: int,
    rules: GateRules,
    measure: Callable[[Trial], None],
    heard: Callable[[Trial, int], None],
    clock: Callable[[], float],
) -> None:
    while len(trial.series) < blocks and trial.seconds < rules.budget_s:
        began = clock()
        try:
            measure(trial)
        except SideError as error:
            trial.failure = str(error)
            return
        trial.seconds += clock() - began
        heard(trial, blocks)


def judge_trials(trials: Sequence[Trial], rules: GateRules, *, last: bool) -> None:
    """Judge every trial at the blocks it has; those already decided take part in the multiplicity.

    One whose time ran out is judged at what it has then, between two planned analyses too: no block is thrown away.
    """
    for trial in trials:
        spent = not last and trial.seconds >= rules.budget_s
        trial.cut = trial.cut or (trial.verdict is None and not trial.failure and spent)
    judged = [trial for trial in trials if not trial.failure]
    figures = {
        f"{trial.name} {kind}": _ratio(trial, kind, BASE, HEAD, _reached(trial, rules))
        for trial in judged
        for kind in KINDS
    }
    ended = {f"{trial.name} {kind}" for trial in judged if trial.cut for kind in KINDS}
    margin = log_shift(100.0 * rules.margin)
    decisions = judge(figures, rules.looks, dict.fromkeys(figures, margin), ended=ended)
    for trial in (each for each in judged if each.verdict is None):
        if _reached(trial, rules):
            _conclude(trial, decisions, rules, margin, spent=last or trial.cut)
        else:
            trial.verdict = Verdict.UNDECIDED  # the budget held no block


def _conclude(trial: Trial, decisions: Mapping[str, Decision], rules: GateRules, margin: float, *, spent: bool) -> None:
    blocks = _reached(trial, rules)
    judged = {
        kind: no_finer(decisions[f"{trial.name} {kind}"], trial.series.step(kind, BASE, P), margin) for kind in KINDS
    }
    looks = rules.looks.cut_at(blocks) if trial.cut else rules.looks
    witnesses = {kind: _witness(trial, kind, blocks, looks) for kind in KINDS}
    # All three together, or Ctrl-C would part them.
    trial.blocks_judged, trial.decisions, trial.witnesses = blocks, judged, witnesses
    trial.fitness = _fitness(trial.witnesses, margin)
    trial.verdict = settle(overall(each.verdict for each in trial.decisions.values()), trial.fitness, spent=spent)


def settle(judged: str, fitness: FitFor, *, spent: bool) -> Verdict | None:
    """Put the figures' verdict and the witnesses' together; None: look again."""
    if fitness == "control moved":
        return Verdict.UNFIT
    if judged == "regression":
        return Verdict.REGRESSION  # what was found cannot have been missed
    if fitness == "yes" and judged == "pass":
        return Verdict.PASS
    if not spent:
        return None
    return Verdict.UNDECIDED if fitness in {"yes", "too few blocks"} else Verdict.UNFIT


def no_finer(decision: Decision, step: float, margin: float) -> Decision:
    """Call nothing detectable that is less than a step of the clock, and pass nothing where a step exceeds the margin.

    step, margin: log ratios. A slowdown beyond the margin could then read the same, block after block.
    """
    coarse = decision.verdict == "pass" and step > margin
    return replace(decision, mde=max(decision.mde, step), verdict="undecided" if coarse else decision.verdict)


def _reached(trial: Trial, rules: GateRules) -> int:
    """Return the blocks of the last planned analysis that a trial has reached, or all it has where its time ran out."""
    if trial.cut:
        return len(trial.series)
    return max((blocks for blocks in rules.looks.looks if blocks <= len(trial.series)), default=0)


def _ratio(trial: Trial, kind: Kind, base: str, head: str, blocks: int) -> Sequence[float]:
    return list(trial.series.ratio_at(kind, base, head, P)[:blocks]) if blocks else []


def _witness(trial: Trial, kind: Kind, blocks: int, looks: Looks) -> Witness:
    look = looks.look_at(blocks)
    return Witness(
        compare(_ratio(trial, kind, BASE, CONTROL, blocks), looks, look),
        decide(_ratio(trial, kind, HEAD, CANARY, blocks), looks, look, 0.0),
    )


def _fitness(witnesses: Mapping[Kind, Witness], margin: float) -> FitFor:
    """Tell whether the machine may judge: the control stands still in both figures, the canary is seen in the first.

    The raw p99's canary is not asked for: a raw figure that is too noisy to see it is too noisy to pass by itself.
    """
    for witness in witnesses.values():
        moved = witness.control.verdict in {"slower", "faster"}
        if moved and abs(witness.control.estimate.estimate) > margin:
            return "control moved"
    low = witnesses["reproducible"].canary.estimate.low
    if math.isinf(low):
        return "too few blocks"
    return "yes" if low > 0.0 else "canary missed"
