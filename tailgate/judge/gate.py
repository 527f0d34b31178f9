"""The gate: judges whether the p99 of head is worse than that of base, or the median where an input is repeated.

It certifies itself by two controls: the negative one (base once more) must stand still, the positive one (head with a
known delay) must be seen.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Final, Literal

from tailgate.documents.comparison import KINDS, Series
from tailgate.errors import TailgateError
from tailgate.judge.arms import BASE, CANARY, CONTROL, HEAD, TAIL, Arms
from tailgate.judge.series import add_block
from tailgate.measure.lockstep import Contest, run_contests
from tailgate.statistics.decision import PASS_ALPHA, Comparison, Decision, compare, decide, judge, overall
from tailgate.statistics.estimate import log_shift
from tailgate.statistics.need import Need, chance_of_deciding, need_of

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence

    from tailgate.documents.comparison import Kind
    from tailgate.measure.lockstep import Block, Plan
    from tailgate.statistics.sequential import Plan as Looks

FitFor = Literal[
    "yes",
    "not yet",
    "too few blocks",
    "negative control moved",
    "positive control missed",
    "no delay was seen while scouting",
]


class Verdict(Enum):
    """What a gate may say; the value is the exit status."""

    PASS = 0
    REGRESSION = 1
    UNDECIDED = 3
    UNFIT = 4


@dataclass(frozen=True, slots=True)
class Witness:
    """The two arms that vouch for the machine, at one figure: the negative control's shift and the positive one's."""

    control: Comparison
    canary: Decision


@dataclass(slots=True)
class Trial:
    """One benchmark under judgement: its arms, its blocks, and what is known so far."""

    name: str
    arms: Arms
    plan: Plan
    series: Series = field(default_factory=Series)
    percentile: float = TAIL  # the one that is judged; the others stand beside it
    seconds: float = 0.0
    blocks_judged: int = 0
    cut: bool = False  # its time ran out, maybe between two planned analyses
    decisions: Mapping[Kind, Decision] = field(default_factory=dict)
    witnesses: Mapping[Kind, Witness] = field(default_factory=dict)
    needs: Mapping[Kind, Need] = field(default_factory=dict)  # of the figures that are not decided
    fitness: FitFor = "not yet"
    verdict: Verdict | None = None
    failure: str = ""
    unequal: str = ""  # where head's answers first differ from base's, as its configuration accepts


@dataclass(frozen=True, slots=True)
class GateRules:
    """How strictly: the interim analyses with their alpha, the margin as a fraction, seconds for the whole gate.

    margins: those of single benchmarks (`path/name`), or of one figure of them (`path/name raw`).
    """

    looks: Looks
    margin: float
    budget_s: float
    margins: Mapping[str, float] = field(default_factory=dict)

    def margin_of(self, name: str, kind: Kind) -> float:
        """Return the margin of a figure, as a fraction."""
        return self.margins.get(f"{name} {kind}", self.margins.get(name, self.margin))


def run_gate(
    trials: Sequence[Trial],
    rules: GateRules,
    measure: Callable[[Sequence[Trial]], None],
    *,
    heard: Callable[[int, int, int], None] = lambda *_: None,
    clock: Callable[[], float] = time.monotonic,
) -> Verdict:
    """Judge all trials together, block by block; each ends with a verdict. A trial that fails ends with its failure.

    `measure` adds one block to the series of each trial it is given: it runs them (see `measured`), or takes recorded
    ones. A trial that is decided takes no part in later blocks. No block is begun that the budget would not see the end
    of, if it lasts as long as the last one; one runs in any case.
    """
    began = clock()
    blocks = 0
    while running := [trial for trial in trials if trial.verdict is None and not trial.failure]:
        started = clock()
        measure(running)
        blocks += 1
        now = clock()
        for trial in running:
            trial.seconds += (now - started) / len(running)
        heard(blocks, rules.looks.looks[-1], len(running))
        left = int((rules.budget_s - (now - began)) / max(now - started, 1e-9))
        last = blocks == rules.looks.looks[-1]
        for trial in running:
            trial.cut = left < 1 and not last
        if left < 1 or blocks in rules.looks.looks:
            judge_trials(trials, rules, last=last)
            _give_up(running, blocks + left, rules)
    return overall_verdict(trials)


_HOPELESS: Final = 0.05
"""A figure that the blocks in reach decide with less than this chance is undecided at once."""


def _give_up(trials: Sequence[Trial], reachable: int, rules: GateRules) -> None:
    """End what the blocks in reach would hardly decide; to stop early for that adds no false alarm."""
    most = min(reachable, rules.looks.looks[-1])
    for trial in (each for each in trials if each.verdict is None and not each.failure):
        waiting = (kind for kind, each in trial.decisions.items() if each.verdict == "continue")
        chances = [
            chance_of_deciding(trial.decisions[kind], _ratio(trial, kind, BASE, HEAD, trial.blocks_judged), most)
            for kind in waiting
        ]
        if min(chances, default=1.0) < _HOPELESS:
            trial.verdict = Verdict.UNDECIDED


def measured(rng: random.Random) -> Callable[[Sequence[Trial]], None]:
    """Return what runs one block of all arms, each process with the benchmarks of all trials."""

    def measure(trials: Sequence[Trial]) -> None:
        by_name = {trial.name: trial for trial in trials}

        def take(name: str, outcome: Block | TailgateError) -> None:
            if isinstance(outcome, TailgateError):
                by_name[name].failure = str(outcome)
            else:
                add_block(by_name[name].series, outcome)

        run_contests([Contest(trial.name, trial.arms.sides(), trial.plan) for trial in trials], rng, take)

    return measure


def overall_verdict(trials: Sequence[Trial]) -> Verdict:
    """Return the verdict over all benchmarks: the gravest; a regression outweighs an unfit machine."""
    verdicts = {trial.verdict for trial in trials}
    order = (Verdict.REGRESSION, Verdict.UNFIT, Verdict.UNDECIDED, Verdict.PASS)
    return next((each for each in order if each in verdicts), Verdict.UNDECIDED)


def interrupt_trials(trials: Sequence[Trial]) -> Verdict:
    """End as undecided what Ctrl-C left open; the whole is then undecided too."""
    for trial in trials:
        if trial.verdict is None and not trial.failure:
            trial.verdict = Verdict.UNDECIDED
    return Verdict.UNDECIDED


def judge_trials(trials: Sequence[Trial], rules: GateRules, *, last: bool) -> None:
    """Judge every trial at the blocks it has; those already decided take part in the multiplicity.

    One whose time ran out is judged at what it has then, between two planned analyses too: no block is thrown away.
    """
    judged = [trial for trial in trials if not trial.failure]
    figures = {
        f"{trial.name} {kind}": _ratio(trial, kind, BASE, HEAD, _reached(trial, rules))
        for trial in judged
        for kind in KINDS
    }
    ended = {f"{trial.name} {kind}" for trial in judged if trial.cut for kind in KINDS}
    margins = {
        f"{each.name} {kind}": log_shift(100.0 * rules.margin_of(each.name, kind)) for each in judged for kind in KINDS
    }
    decisions = judge(figures, rules.looks, margins, ended=ended)
    for trial in (each for each in judged if each.verdict is None):
        if _reached(trial, rules):
            _conclude(trial, decisions, rules, spent=last or trial.cut)
        else:
            trial.verdict = Verdict.UNDECIDED  # the budget held no block


def _conclude(trial: Trial, decisions: Mapping[str, Decision], rules: GateRules, *, spent: bool) -> None:
    blocks = _reached(trial, rules)
    judged = {
        kind: no_finer(decisions[f"{trial.name} {kind}"], trial.series.step(kind, BASE, trial.percentile))
        for kind in KINDS
    }
    looks = rules.looks.cut_at(blocks) if trial.cut else rules.looks
    witnesses = {kind: _witness(trial, kind, blocks, looks) for kind in KINDS}
    # All three together, or Ctrl-C would part them.
    trial.blocks_judged, trial.decisions, trial.witnesses = blocks, judged, witnesses
    trial.needs = {
        kind: need_of(each, _ratio(trial, kind, BASE, HEAD, blocks), trial.series.step(kind, BASE, trial.percentile))
        for kind, each in judged.items()
        if each.verdict in {"continue", "undecided"}
    }
    trial.fitness = _fitness(trial.witnesses, trial.decisions)
    trial.verdict = settle(overall(each.verdict for each in trial.decisions.values()), trial.fitness, spent=spent)


def settle(judged: str, fitness: FitFor, *, spent: bool) -> Verdict | None:
    """Put the figures' verdict and the witnesses' together; None: go on."""
    if fitness == "negative control moved":
        return Verdict.UNFIT
    if judged == "regression":
        return Verdict.REGRESSION  # what was found cannot have been missed
    if fitness == "yes" and judged == "pass":
        return Verdict.PASS
    if not spent:
        return None
    return Verdict.UNDECIDED if fitness in {"yes", "too few blocks"} else Verdict.UNFIT


def no_finer(decision: Decision, step: float) -> Decision:
    """Call nothing detectable that is less than a step of the clock, and pass nothing where a step exceeds the margin.

    step: a log ratio, as the decision's margin. A slowdown beyond that could then read the same, block after block.
    """
    coarse = decision.verdict == "pass" and step > decision.margin
    return replace(decision, mde=max(decision.mde, step), verdict="undecided" if coarse else decision.verdict)


def _reached(trial: Trial, rules: GateRules) -> int:
    """Return the blocks of the last planned analysis that a trial has reached, or all it has where its time ran out."""
    if trial.cut:
        return len(trial.series)
    return max((blocks for blocks in rules.looks.looks if blocks <= len(trial.series)), default=0)


def _ratio(trial: Trial, kind: Kind, base: str, head: str, blocks: int) -> Sequence[float]:
    return list(trial.series.ratio_at(kind, base, head, trial.percentile)[:blocks]) if blocks else []


def _witness(trial: Trial, kind: Kind, blocks: int, looks: Looks) -> Witness:
    look = looks.look_at(blocks)
    return Witness(
        compare(_ratio(trial, kind, BASE, CONTROL, blocks), looks, look),
        decide(_ratio(trial, kind, HEAD, CANARY, blocks), looks.with_alpha(PASS_ALPHA), look, 0.0),
    )


def _fitness(witnesses: Mapping[Kind, Witness], decisions: Mapping[Kind, Decision]) -> FitFor:
    """Tell whether the machine may judge: the negative control stands still in both figures, the positive one is seen.

    It is asked for in the reproducible figure, with the error that a PASS has. In the raw one it is not: a raw figure
    that is too noisy to see it is too noisy to pass by itself.
    """
    for kind, witness in witnesses.items():
        moved = witness.control.verdict in {"slower", "faster"}
        if moved and abs(witness.control.estimate.estimate) > decisions[kind].margin:
            return "negative control moved"
    low = witnesses["reproducible"].canary.estimate.low
    if math.isinf(low):
        return "too few blocks"
    return "yes" if low > 0.0 else "positive control missed"
