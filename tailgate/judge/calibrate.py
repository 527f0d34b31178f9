"""The gate's own error rates: whole gates run for real, and more decisions resampled from their blocks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean, variance
from typing import TYPE_CHECKING, Final

import numpy as np

from tailgate.judge.arms import BASE, CONTROL, HEAD, Arms
from tailgate.judge.gate import GateRules, Trial, Verdict, judge_trials
from tailgate.judge.recording import ALLOCATES, RARE, SLOWER, Recording
from tailgate.judge.series import KINDS
from tailgate.measure.sides import Side
from tailgate.statistics.binomial import clopper_pearson
from tailgate.statistics.decision import compare
from tailgate.statistics.quantiles import LADDER
from tailgate.statistics.sequential import duel_plan

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from tailgate.judge.series import Series
    from tailgate.measure.lockstep import Plan
    from tailgate.statistics.estimate import Estimate

IDENTICAL: Final = "identical"
KINDS_OF_HEAD: Final = (IDENTICAL, *SLOWER, RARE, ALLOCATES)


@dataclass(frozen=True, slots=True)
class Tally:
    """How often a head of one kind got each verdict."""

    kind: str
    verdicts: dict[str, int]

    @property
    def decisions(self) -> int:
        """Return how many decisions there were."""
        return sum(self.verdicts.values())

    def rate(self, verdict: Verdict) -> Estimate:
        """Return the share of one verdict with its exact binomial interval."""
        return clopper_pearson(self.verdicts.get(verdict.name, 0), self.decisions)


def arm_of(kind: str) -> str:
    """Return the arm that plays head."""
    return HEAD if kind == IDENTICAL else kind


def replay_gate(series: Series, rules: GateRules, plan: Plan) -> Trial:
    """Run the real gate over recorded blocks, in their order, as far as they go; return its trial.

    Where the blocks end before the gate does, the verdict is None: the gate would look again.
    """
    nobody = Side("", "")
    trial = Trial("recorded", Arms(nobody, nobody, nobody, nobody), plan)
    for look, blocks in enumerate(rules.looks.looks):
        if blocks > len(series) or trial.verdict is not None:
            break
        while len(trial.series) < blocks:
            trial.series.take(series, len(trial.series))
        judge_trials([trial], rules, last=look == rules.looks.last)
    return trial


def verdict_of(series: Series, rules: GateRules, plan: Plan) -> Verdict:
    """Return the verdict that the gate comes to over recorded blocks."""
    return replay_gate(series, rules, plan).verdict or Verdict.UNDECIDED


def whole_gates(recording: Recording, groups: Sequence[Sequence[int]], rules: GateRules, plan: Plan) -> list[Tally]:
    """Judge each group of consecutive blocks as the gate that it was."""
    return [
        _tally(kind, [verdict_of(recording.view(arm_of(kind), list(group)), rules, plan) for group in groups])
        for kind in KINDS_OF_HEAD
    ]


def resampled_gates(
    recording: Recording, decisions: int, rules: GateRules, plan: Plan, rng: random.Random
) -> list[Tally]:
    """Judge gates made of blocks drawn at random, without a block twice in one gate."""
    most = min(rules.looks.looks[-1], len(recording.series))
    draws = [rng.sample(range(len(recording.series)), most) for _ in range(decisions)]
    return [
        _tally(kind, [verdict_of(recording.view(arm_of(kind), draw), rules, plan) for draw in draws])
        for kind in KINDS_OF_HEAD
    ]


def _tally(kind: str, verdicts: Sequence[Verdict]) -> Tally:
    return Tally(kind, {each.name: sum(verdict is each for verdict in verdicts) for each in Verdict})


def duels(
    recording: Recording, arm: str, blocks: int, decisions: int, alpha: float, rng: random.Random
) -> dict[str, int]:
    """Decide duels of at most `blocks` blocks, drawn at random; count slower, faster and undecided."""
    plan = duel_plan(min(blocks, len(recording.series)), alpha=alpha)
    ratios = recording.series.ratio_at("reproducible", BASE, arm, 0.99)
    counts = {"slower": 0, "faster": 0, "undecided": 0}
    for _ in range(decisions):
        d = ratios[rng.sample(range(len(ratios)), plan.looks[-1])]
        verdicts = (compare(d[:blocks], plan, look).verdict for look, blocks in enumerate(plan.looks))
        counts[next((v for v in verdicts if v in {"slower", "faster"}), "undecided")] += 1
    return counts


@dataclass(frozen=True, slots=True)
class Noise:
    """Whether resampling is fair: the spread of the blocks, and how much a block resembles the one before."""

    kind: str
    spread: float  # standard deviation of log(control / base)
    autocorrelation: float  # lag 1; 2 / sqrt(blocks) is what chance gives


def noise(recording: Recording) -> list[Noise]:
    """Return spread and lag-1 autocorrelation of identical code, by figure."""
    found = []
    for kind in KINDS:
        d = recording.series.ratio_at(kind, BASE, CONTROL, 0.99)
        centred = d - d.mean()
        power = float(np.sum(centred**2))
        found.append(Noise(kind, float(d.std(ddof=1)), float(np.sum(centred[1:] * centred[:-1])) / power))
    return found


def true_shift(recording: Recording, arm: str) -> float:
    """Return the median log ratio of an arm at the reproducible p99: what its slowdown really is there."""
    return float(np.median(recording.series.ratio_at("reproducible", BASE, arm, LADDER[2])))


@dataclass(frozen=True, slots=True)
class OtherTool:
    """How often another tool's rule says that head is slower (identical code: a false alarm)."""

    rule: str
    identical: tuple[int, int]  # alarms, decisions
    slower: tuple[int, int]  # of the 5 % arm


def other_tools(recording: Recording, processes: int = 12) -> list[OtherTool]:
    """Apply the rules of pyperf compare_to and pytest-benchmark to the same work, base first and head after it.

    That is how those tools are used: one file, then another. pyperf: a pooled two-sample t-test over all values at
    95 %. pytest-benchmark: the mean of one run against the mean of another, threshold 5 %.
    """
    return [
        _rule("pyperf compare_to (pooled t-test, 95 %)", recording, processes, _pooled_t),
        _rule("pytest-benchmark --benchmark-compare-fail=mean:5%", recording, 1, _mean_threshold),
    ]


def _rule(
    name: str, recording: Recording, processes: int, says_slower: Callable[[list[float], list[float]], bool]
) -> OtherTool:
    results = []
    for arm in (HEAD, "every 5 %"):
        base, head = recording.means_ns[BASE], recording.means_ns[arm]
        starts = range(0, len(base) - 2 * processes + 1, processes)
        said = [
            says_slower(
                [value for process in base[i : i + processes] for value in process],
                [value for process in head[i + processes : i + 2 * processes] for value in process],
            )
            for i in starts
        ]
        results.append((sum(said), len(said)))
    return OtherTool(name, results[0], results[1])


def _pooled_t(base: list[float], head: list[float]) -> bool:
    pooled = ((len(base) - 1) * variance(base) + (len(head) - 1) * variance(head)) / (len(base) + len(head) - 2)
    t = (fmean(head) - fmean(base)) / math.sqrt(pooled * (1 / len(base) + 1 / len(head)))
    return t > 1.98  # 95 % two-sided with more than a hundred degrees of freedom, as pyperf's table has it


def _mean_threshold(base: list[float], head: list[float]) -> bool:
    return fmean(head) > 1.05 * fmean(base)
