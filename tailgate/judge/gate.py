"""The gate: judges whether the p99 of head is worse than that of base, or the median where an input is repeated.

It certifies itself by two controls: the negative one (base once more) must stand still, the positive one (head with a
known delay) must be seen.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import combinations
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from tailgate.documents.comparison import KINDS, Series
from tailgate.judge.arms import BASE, HEAD, NEGATIVE_CONTROL, POSITIVE_CONTROL, TAIL, Arms
from tailgate.judge.blocks import CrewGoneError, found_in, order_of
from tailgate.measure.lockstep import Contest, run_contests
from tailgate.results.table import percentile as named
from tailgate.statistics.decision import PASS_ALPHA, Comparison, Decision, compare, decide, judge, overall, two_sided
from tailgate.statistics.estimate import log_shift
from tailgate.statistics.joint import joint_p_values
from tailgate.statistics.need import Need, chance_of_deciding, need_of

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Collection, Mapping, Sequence

    from tailgate.documents.comparison import Kind
    from tailgate.errors import TailgateError
    from tailgate.judge.blocks import BlockOrder, BlockReport, Found
    from tailgate.measure.lockstep import Block, Plan
    from tailgate.measure.sides import Side
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
    """The two arms that vouch for the machine, at one figure: the negative control's shift and the positive one's.

    moved: whether the negative control's shift is beyond the error of all figures of the gate together.
    """

    negative_control: Comparison
    positive_control: Decision
    moved: bool


@dataclass(slots=True)
class Trial:
    """One benchmark under judgement: its arms, its blocks, and what is known so far."""

    name: str
    arms: Arms
    plan: Plan
    series: Series = field(default_factory=Series)
    percentile: float = TAIL  # the first that is judged; the positive control is sized and asked for by it
    seconds: float = 0.0
    blocks_judged: int = 0
    cut: bool = False  # its time ran out, maybe between two planned analyses
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    witnesses: Mapping[str, Witness] = field(default_factory=dict)
    needs: Mapping[str, Need] = field(default_factory=dict)  # of the figures that are not decided
    fitness: FitFor = "not yet"
    verdict: Verdict | None = None
    failure: str = ""
    unequal: str = ""  # where head's answers first differ from base's, as its configuration accepts
    also: tuple[float, ...] = ()  # other percentiles that are judged
    hosts: list[str] = field(default_factory=list)  # who ran each block, where that is told

    @property
    def certified(self) -> bool:
        """Tell whether the positive control has been seen, at some analysis and within the error of all of them."""
        first = self.witnesses.get("reproducible")
        return first is not None and first.positive_control.estimate.low > 0.0

    def sides(self) -> tuple[Side, ...]:
        """Return the arms of the next block: what the positive control has shown, it need not show again."""
        arms = self.arms.sides()
        return arms[:-1] if self.certified else arms

    @property
    def figures(self) -> dict[str, tuple[Kind, float]]:
        """Return what is judged, by its name in a document: a figure of the first percentile is told by its kind."""
        first: dict[str, tuple[Kind, float]] = {kind: (kind, self.percentile) for kind in KINDS}
        return first | {f"{kind} {named(p)}": (kind, p) for p in self.also for kind in KINDS}


@dataclass(frozen=True, slots=True)
class GateRules:
    """How strictly: the interim analyses with their alpha, the margin as a fraction, seconds for the whole gate.

    margins: those of single benchmarks (`path/name`), of a percentile (`p50`), a kind (`raw`), or of several of these
    in this order (`path/name p50 raw`); what names more counts.
    """

    looks: Looks
    margin: float
    budget_s: float
    margins: Mapping[str, float] = field(default_factory=dict)

    def margin_of(self, name: str, kind: Kind, p: float) -> float:
        """Return the margin of a figure, as a fraction."""
        words = (name, named(p), kind)
        chosen = (" ".join(each) for count in (3, 2, 1) for each in combinations(words, count))
        return next((self.margins[each] for each in chosen if each in self.margins), self.margin)


def run_gate(
    trials: Sequence[Trial],
    rules: GateRules,
    measure: Callable[[Sequence[Trial]], int | None],
    *,
    heard: Callable[[int, int, int], None] = lambda *_: None,
    gone: Callable[[CrewGoneError], None] = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
) -> Verdict:
    """Judge all trials together, block by block; each ends with a verdict. A trial that fails ends with its failure.

    `measure` adds one block to the series of each trial it is given, or the several whose number it returns, never
    beyond the next interim analysis: it runs them (see `measured`), or takes recorded ones. A trial that is decided
    takes no part in later blocks. No block is begun that the budget would not see the end
    of, if it lasts as long as the last one; one runs in any case.
    """
    began = clock()
    blocks = 0
    while running := [trial for trial in trials if trial.verdict is None and not trial.failure]:
        started = clock()
        try:
            added = measure(running) or 1
        except CrewGoneError as error:
            _judge_what_is_there(trials, running, rules)
            gone(error)
            break
        blocks += added
        now = clock()
        for trial in running:
            trial.seconds += (now - started) / len(running)
        heard(blocks, rules.looks.looks[-1], len(running))
        left = added * int((rules.budget_s - (now - began)) / max(now - started, 1e-9))
        last = blocks == rules.looks.looks[-1]
        for trial in running:
            trial.cut = left < 1 and not last
        if left < 1 or blocks in rules.looks.looks:
            with running[0].plan.timing.phase("statistics"):
                judge_trials(trials, rules, last=last)
                _give_up(running, blocks + left, rules)
    return overall_verdict(trials)


def _judge_what_is_there(trials: Sequence[Trial], running: Sequence[Trial], rules: GateRules) -> None:
    """End what is not decided, because nobody measures any more: that says nothing of the code."""
    for trial in running:
        trial.cut = len(trial.series) not in rules.looks.looks
    judge_trials(trials, rules, last=False)
    for trial in running:
        trial.verdict = trial.verdict or (None if trial.failure else Verdict.UNDECIDED)


_HOPELESS: Final = 0.05
"""A figure that the blocks in reach decide with less than this chance is undecided at once."""


def _give_up(trials: Sequence[Trial], reachable: int, rules: GateRules) -> None:
    """End what the blocks in reach would hardly decide; to stop early for that adds no false alarm."""
    most = min(reachable, rules.looks.looks[-1])
    for trial in (each for each in trials if each.verdict is None and not each.failure and len(set(each.hosts)) < 2):
        waiting = (name for name, each in trial.decisions.items() if each.verdict == "continue")
        chances = [
            chance_of_deciding(
                trial.decisions[name], _ratio(trial, trial.figures[name], BASE, HEAD, trial.blocks_judged), most
            )
            for name in waiting
        ]
        if min(chances, default=1.0) < _HOPELESS:
            trial.verdict = Verdict.UNDECIDED


def measured(rng: random.Random) -> Callable[[Sequence[Trial]], None]:
    """Return what runs one block of all arms, each process with the benchmarks of all trials."""

    def measure(trials: Sequence[Trial]) -> None:
        by_name = {trial.name: trial for trial in trials}

        def take(name: str, outcome: Block | TailgateError) -> None:
            _take(by_name[name], found_in(name, outcome))

        run_contests(_contests(trials), rng, take)

    return measure


def measured_at_once(
    rng: random.Random,
    run: Callable[[Sequence[BlockOrder]], Sequence[BlockReport]],
    count: int | Callable[[], int],
    looks: Looks,
) -> Callable[[Sequence[Trial]], int]:
    """Return what runs `count` blocks at once, fewer where an interim analysis comes before, by `run` (judge/lanes.py).

    Each block's ratios are of one CPU; a trial that fails in one of the blocks has failed. count: it may change, where
    workers of a cluster come and go. CrewGoneError is raised when what was whole by then has been taken.
    """

    def measure(trials: Sequence[Trial]) -> int:
        done = max(len(trial.series) for trial in trials)
        most = count if isinstance(count, int) else count()
        blocks = min(most, next(look for look in looks.looks if look > done) - done)
        try:
            _take_all(trials, run([order_of(_contests(trials), rng) for _ in range(blocks)]))
        except CrewGoneError as gone:
            _take_all(trials, gone.done)
            raise
        return blocks

    return measure


def _take_all(trials: Sequence[Trial], reports: Sequence[BlockReport]) -> None:
    by_name = {trial.name: trial for trial in trials}
    for report in reports:
        for found in report.found:
            _take(by_name[found.contest], found, report.host)
        trials[0].plan.timing.add(report.timing)


def _contests(trials: Sequence[Trial]) -> list[Contest]:
    return [Contest(trial.name, trial.sides(), trial.plan) for trial in trials]


def _take(trial: Trial, found: Found, host: str = "") -> None:
    if found.error is not None:
        trial.failure = str(found.error)
    else:
        found.add_to(trial.series)
        trial.hosts += [host] if host else []


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
    everything = [(trial, name, *figure) for trial in judged for name, figure in trial.figures.items()]
    figures = {
        f"{trial.name} {name}": _ratio(trial, (kind, p), BASE, HEAD, _reached(trial, rules))
        for trial, name, kind, p in everything
    }
    ended = {f"{trial.name} {name}" for trial, name, *_ in everything if trial.cut}
    margins = {
        f"{trial.name} {name}": log_shift(100.0 * rules.margin_of(trial.name, kind, p))
        for trial, name, kind, p in everything
    }
    hosts = {f"{trial.name} {name}": _hosts(trial, _reached(trial, rules)) for trial, name, *_ in everything}
    decisions = judge(figures, rules.looks, margins, ended=ended, hosts=hosts)
    moved = _moved([each for each in judged if each.verdict is None], rules)
    for trial in (each for each in judged if each.verdict is None):
        if _reached(trial, rules):
            _conclude(trial, decisions, rules, moved[trial.name], spent=last or trial.cut)
        else:
            trial.verdict = Verdict.UNDECIDED  # the budget held no block


def _moved(trials: Sequence[Trial], rules: GateRules) -> dict[str, set[str]]:
    """Return the figures of each trial whose negative control moved; alpha is for all figures of an analysis together.

    Else a gate of eight benchmarks would call a fit machine unfit eight times as often as one of a single benchmark.
    """
    found: dict[str, set[str]] = {trial.name: set() for trial in trials}
    for blocks in {reached for trial in trials if (reached := _reached(trial, rules))}:
        here = [trial for trial in trials if _reached(trial, rules) == blocks]
        looks = rules.looks.cut_at(blocks) if any(trial.cut for trial in here) else rules.looks
        level = looks.nominal_alpha(looks.look_at(blocks))
        figures = [(trial, name, figure) for trial in here for name, figure in trial.figures.items()]
        table = [_ratio(trial, figure, BASE, NEGATIVE_CONTROL, blocks) for trial, _, figure in figures]
        p_values = _control_p_values(table, [_hosts(trial, blocks) for trial, *_ in figures])
        for (trial, name, _), p_value in zip(figures, p_values, strict=True):
            if p_value <= level:
                found[trial.name].add(name)
    return found


def _control_p_values(table: Sequence[Sequence[float]], hosts: Sequence[Sequence[str]]) -> Sequence[float]:
    """Return a p-value of each figure, for all of them together; of several hosts none moves a control by itself."""
    if not any(len(set(each)) > 1 for each in hosts):
        return list(joint_p_values(np.transpose(table), two_sided=True))
    alone = (two_sided(np.array(d, dtype=np.float64), by) for d, by in zip(table, hosts, strict=True))
    return [min(1.0, len(table) * each) for each in alone]


def _hosts(trial: Trial, blocks: int) -> Sequence[str]:
    return trial.hosts[:blocks]


def _conclude(
    trial: Trial, decisions: Mapping[str, Decision], rules: GateRules, moved: Collection[str], *, spent: bool
) -> None:
    blocks, figures = _reached(trial, rules), trial.figures
    steps = {name: trial.series.step(kind, BASE, p) for name, (kind, p) in figures.items()}
    judged = {name: no_finer(decisions[f"{trial.name} {name}"], steps[name]) for name in figures}
    looks = rules.looks.cut_at(blocks) if trial.cut else rules.looks
    witnesses = {name: _witness(trial, name, blocks, looks, moved=name in moved) for name in figures}
    # All three together, or Ctrl-C would part them.
    trial.blocks_judged, trial.decisions, trial.witnesses = blocks, judged, witnesses
    trial.needs = {
        name: need_of(each, _ratio(trial, figures[name], BASE, HEAD, blocks), steps[name])
        for name, each in judged.items()
        if each.verdict in {"continue", "undecided"} and len(set(trial.hosts)) < 2
    }
    trial.fitness = _fitness(trial.witnesses, trial.decisions)
    if trial.fitness == "positive control missed" and blocks < rules.looks.looks[0]:
        trial.fitness = "too few blocks"  # the clock ended it before anything was to be seen: no fault of the machine's
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


def _ratio(trial: Trial, figure: tuple[Kind, float], base: str, head: str, blocks: int) -> Sequence[float]:
    kind, p = figure
    return list(trial.series.ratio_at(kind, base, head, p)[:blocks]) if blocks else []


def _witness(trial: Trial, name: str, blocks: int, looks: Looks, *, moved: bool) -> Witness:
    look, figure, hosts = looks.look_at(blocks), trial.figures[name], _hosts(trial, blocks)
    negative = compare(_ratio(trial, figure, BASE, NEGATIVE_CONTROL, blocks), looks, look, hosts=hosts)
    if trial.certified:
        return Witness(negative, trial.witnesses[name].positive_control, moved)
    shift = _ratio(trial, figure, HEAD, POSITIVE_CONTROL, blocks)
    return Witness(negative, decide(shift, looks.with_alpha(PASS_ALPHA), look, 0.0, hosts=hosts), moved)


def _fitness(witnesses: Mapping[str, Witness], decisions: Mapping[str, Decision]) -> FitFor:
    """Tell whether the machine may judge: the negative control stands still in all figures, the positive one is seen.

    It is asked for in the reproducible figure of the first percentile, with the error that a PASS has. In the raw one
    it is not: a raw figure that is too noisy to see it is too noisy to pass by itself.
    """
    for name, witness in witnesses.items():
        if witness.moved and abs(witness.negative_control.estimate.estimate) > decisions[name].margin:
            return "negative control moved"
    low = witnesses["reproducible"].positive_control.estimate.low
    if math.isinf(low):
        return "too few blocks"
    return "yes" if low > 0.0 else "positive control missed"
