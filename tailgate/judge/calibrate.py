"""The gate's own error rates: whole gates run for real, and more decisions resampled from their blocks."""

from __future__ import annotations

import math
from collections import Counter
from statistics import fmean, variance
from typing import TYPE_CHECKING, Final

import numpy as np

from tailgate.documents.calibration import DUEL_SECONDS, Calibrated, Noise, OtherTool, Tally
from tailgate.documents.comparison import KINDS
from tailgate.judge.arms import BASE, HEAD, NEGATIVE_CONTROL, Arms
from tailgate.judge.gate import GateRules, Trial, Verdict, judge_trials
from tailgate.judge.recording import ALLOCATES, DUELLED, RARE, SLOWER, view
from tailgate.measure.sides import Side
from tailgate.statistics.decision import compare
from tailgate.statistics.quantiles import LADDER
from tailgate.statistics.sequential import duel_plan

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from tailgate.documents.calibration import Recording
    from tailgate.documents.comparison import Series
    from tailgate.measure.lockstep import Plan

IDENTICAL: Final = "identical"
KINDS_OF_HEAD: Final = (IDENTICAL, *SLOWER, RARE, ALLOCATES)


def arm_of(kind: str) -> str:
    """Return the arm that plays head."""
    return HEAD if kind == IDENTICAL else kind


def replay_gate(series: Series, rules: GateRules, plan: Plan) -> Trial:
    """Run the real gate over recorded blocks, in their order, as far as they go; return its trial.

    Where the blocks end before the gate does, the verdict is None: the gate would go on.
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


def whole_gates(recording: Recording, rules: GateRules, plan: Plan) -> tuple[Tally, ...]:
    """Judge each group of consecutive blocks as the gate that it was."""
    return _tallies(recording, recording.gates, rules, plan)


def resampled_gates(
    recording: Recording, decisions: int, rules: GateRules, plan: Plan, rng: random.Random
) -> tuple[Tally, ...]:
    """Judge gates made of blocks drawn at random, without a block twice in one gate."""
    most = min(rules.looks.looks[-1], len(recording.series))
    draws = [rng.sample(range(len(recording.series)), most) for _ in range(decisions)]
    return _tallies(recording, draws, rules, plan)


def _tallies(recording: Recording, groups: Sequence[Sequence[int]], rules: GateRules, plan: Plan) -> tuple[Tally, ...]:
    found = []
    for kind in KINDS_OF_HEAD:
        verdicts = Counter(verdict_of(view(recording, arm_of(kind), group), rules, plan).name for group in groups)
        found.append(Tally(kind, true_shift(recording, arm_of(kind)), verdicts))
    return tuple(found)


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


def noise(recording: Recording) -> tuple[Noise, ...]:
    """Return spread and lag-1 autocorrelation of identical code, by figure."""
    found = []
    for kind in KINDS:
        d = recording.series.ratio_at(kind, BASE, NEGATIVE_CONTROL, 0.99)
        centred = d - d.mean()
        power = float(np.sum(centred**2))
        found.append(
            Noise(kind, float(d.std(ddof=1)), float(np.sum(centred[1:] * centred[:-1])) / power if power else 0.0)
        )
    return tuple(found)


def true_shift(recording: Recording, arm: str) -> float:
    """Return the median log ratio of an arm at the reproducible p99: what its slowdown really is there."""
    return float(np.median(recording.series.ratio_at("reproducible", BASE, arm, LADDER[2])))


def other_tools(recording: Recording, processes: int = 12) -> tuple[OtherTool, ...]:
    """Apply the rules of pyperf compare_to and pytest-benchmark to the same work, base first and head after it.

    That is how those tools are used: one file, then another. pyperf: a pooled two-sample t-test over all values at
    95 %. pytest-benchmark: the mean of one run against the mean of another, threshold 5 %.
    """
    return (
        _rule("pyperf compare_to (pooled t-test, 95 %)", recording, processes, _pooled_t),
        _rule("pytest-benchmark --benchmark-compare-fail=mean:5%", recording, 1, _mean_threshold),
    )


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


def calibrated(recording: Recording, rules: GateRules, plan: Plan, rng: random.Random, *, decisions: int) -> Calibrated:
    """Judge everything that was recorded."""
    arms = len(recording.series.rows["raw"])
    block_seconds = float(np.median(recording.seconds))
    duel_blocks = max(8, int(DUEL_SECONDS * arms / (2 * block_seconds)))
    return Calibrated(
        recording.benchmark,
        recording.condition,
        len(recording.series),
        arms,
        block_seconds,
        whole_gates(recording, rules, plan),
        resampled_gates(recording, decisions, rules, plan, rng),
        noise(recording),
        other_tools(recording),
        duel_blocks,
        duels(recording, DUELLED, duel_blocks, decisions, 0.01, rng),
        true_shift(recording, DUELLED),
        recording.batch,
    )
