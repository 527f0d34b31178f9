"""The decisions, tried on made-up blocks whose truth is known: the figures of docs/statistics.md.

    python -c "from tailgate.statistics.simulation import report; print(report(runs=20_000))"

Every figure comes from a fixed seed, so the same command prints the same page. Blocks of many runs are judged at once
by the same bounds as `decide` and `compare`; a test holds the two against each other, run by run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from tailgate.statistics.decision import PASS_ALPHA
from tailgate.statistics.effect import minimum_detectable_effect, robust_spread, spread
from tailgate.statistics.estimate import Floats, log_shift
from tailgate.statistics.sequential import Plan, Spending, duel_plan
from tailgate.statistics.sign_flip import critical_count, walsh_averages

if TYPE_CHECKING:
    from numpy.typing import NDArray

Noise = Literal["normal", "t3", "contaminated"]

SEED = 20210417
_MARGIN_PERCENT = 2.0
_LARGEST_BATCH = 5_000  # runs whose Walsh averages are held at once


@dataclass(frozen=True, slots=True)
class Rates:
    """Count how often head was called slower (a regression) and faster (a pass), and the blocks that took."""

    above: float
    below: float
    above_at_first_look: float
    mean_blocks: float


def blocks_of_noise(noise: Noise, runs: int, blocks: int, seed: int = SEED) -> Floats:
    """Return (runs, blocks) values around zero with standard deviation 1.

    t3 is Student's with three degrees of freedom; contaminated is normal, with every tenth block five times as wide.
    """
    rng = np.random.default_rng(seed)
    match noise:
        case "normal":
            return rng.standard_normal((runs, blocks))
        case "t3":
            return rng.standard_t(3, (runs, blocks)) / math.sqrt(3)
        case "contaminated":
            width = np.where(rng.random((runs, blocks)) < 0.1, 5.0, 1.0)
            return rng.standard_normal((runs, blocks)) * width / math.sqrt(0.9 + 0.1 * 25)


def rates(
    d: Floats, plan: Plan, margin: float = 0.0, lower_margin: float = 0.0, pass_alpha: float = PASS_ALPHA
) -> Rates:
    """Judge each row of d analysis by analysis until one bound decides.

    Above: the lower bound exceeds 0 and the estimate `margin`. Below: the upper bound falls short of `lower_margin`.
    A gate has both margins alike; a duel has both zero, and the same alpha on both sides.
    """
    found, used, first = _decided(d, plan, (margin, lower_margin), pass_alpha)
    return Rates(float(found[:, 0].mean()), float(found[:, 1].mean()), first, float(used.mean()))


def blocks_used(
    d: Floats, plan: Plan, margin: float = 0.0, lower_margin: float = 0.0, pass_alpha: float = PASS_ALPHA
) -> NDArray[np.int64]:
    """Return for each row of d after how many blocks it would have been decided, all of the plan's at the most."""
    return _decided(d, plan, (margin, lower_margin), pass_alpha)[1]


def _decided(
    d: Floats, plan: Plan, margins: tuple[float, float], pass_alpha: float
) -> tuple[NDArray[np.bool_], NDArray[np.int64], float]:
    """Return whether each row was decided above and below, after how many blocks, and the share above at once."""
    upper, (margin, lower_margin) = plan.with_alpha(pass_alpha), margins
    found = np.zeros((len(d), 2), dtype=bool)
    used = np.full(len(d), plan.looks[-1])
    waiting = np.arange(len(d))
    first = 0.0
    for look, blocks in enumerate(plan.looks):
        above, below = _judge(
            d[waiting, :blocks], plan.nominal_alpha(look), upper.nominal_alpha(look), margin, lower_margin
        )
        found[waiting, 0], found[waiting, 1] = above, below
        used[waiting[above | below]] = blocks
        first = float(found[:, 0].mean()) if look == 0 else first
        waiting = waiting[~(above | below)]
    return found, used, first


def _judge(
    d: Floats, level: float, upper_level: float, margin: float, lower_margin: float
) -> tuple[np.ndarray, np.ndarray]:
    """Tell, row by row, whether the bounds decide above or below."""
    blocks = d.shape[1]
    count, upper_count = critical_count(blocks, level), critical_count(blocks, upper_level)
    above, below = np.zeros(len(d), dtype=bool), np.zeros(len(d), dtype=bool)
    for start in range(0, len(d), _LARGEST_BATCH):
        rows = slice(start, start + _LARGEST_BATCH)
        averages = walsh_averages(d[rows])
        if count:
            above[rows] = (averages[:, count - 1] > 0.0) & (np.median(averages, axis=1) > margin)
        if upper_count:
            below[rows] = averages[:, -upper_count] < lower_margin
    return above, below


def gate_table(plan: Plan, runs: int) -> list[str]:
    """Tabulate verdicts on code that is as fast, and slower by 2, 3 and 5 %, at spreads of 1 to 3 % per block."""
    rows = [
        (
            "| noise of d | spread | as fast: REGRESSION, PASS, blocks | 2 %: PASS | 3 %: REGRESSION, blocks "
            "| 5 %: REGRESSION, at the first analysis, blocks |"
        ),
        "| --- | --- | --- | --- | --- | --- |",
    ]
    margin = log_shift(_MARGIN_PERCENT)
    for noise in get_args(Noise):
        standard = blocks_of_noise(noise, runs, plan.looks[-1])
        for percent in (1.0, 2.0, 3.0):
            same, at_margin, three, five = (
                rates(standard * percent / 100 + log_shift(slower), plan, margin, margin)
                for slower in (0.0, 2.0, 3.0, 5.0)
            )
            rows.append(
                f"| {noise} | {percent:.0f} % | {same.above:.2%}, {same.below:.1%}, {same.mean_blocks:.1f} "
                f"| {at_margin.below:.1%} | {three.above:.1%}, {three.mean_blocks:.1f} "
                f"| {five.above:.1%}, {five.above_at_first_look:.1%}, {five.mean_blocks:.1f} |"
            )
    return rows


def spending_table(runs: int) -> list[str]:
    """Tabulate what each way of spending alpha costs and gives, alone and as one of two and of eight figures."""
    rows = [
        (
            "| spending | figures | level at 12, 18, 24 | ever above the truth | 3 %: REGRESSION, blocks "
            "| 5 %: at 12 blocks, blocks |"
        ),
        "| --- | --- | --- | --- | --- | --- |",
    ]
    margin = log_shift(_MARGIN_PERCENT)
    standard = blocks_of_noise("normal", runs, 24)
    for spending in get_args(Spending):
        for figures in (1, 2, 8):
            plan = Plan(alpha=0.01 / figures, spending=spending)
            levels = ", ".join(f"{plan.nominal_alpha(look):.2%}" for look in range(3))
            error = rates(standard, plan, lower_margin=-math.inf)
            three, five = (rates(standard * 0.02 + log_shift(p), plan, margin, margin) for p in (3.0, 5.0))
            rows.append(
                f"| {spending} | {figures} | {levels} | {error.above:.2%} "
                f"| {three.above:.1%}, {three.mean_blocks:.1f} "
                f"| {five.above_at_first_look:.1%}, {five.mean_blocks:.1f} |"
            )
    return rows


def error_table(runs: int) -> list[str]:
    """Tabulate how often the lower bound is ever above the truth: alpha, whatever the noise."""
    plans = (Plan(), Plan(alpha=0.005), replace(duel_plan(30), alpha=0.005))
    rows = [
        "| noise of d | analyses 12, 18, 24, alpha 1 % | the same, 0.5 % | duel, analyses to 30, 0.5 % a side |",
        "| --- | --- | --- | --- |",
    ]
    for noise in get_args(Noise):
        standard = blocks_of_noise(noise, runs, 30)
        errors = (rates(standard, plan, lower_margin=-math.inf).above for plan in plans)
        rows.append(f"| {noise} | {' | '.join(f'{error:.2%}' for error in errors)} |")
    return rows


def duel_table(runs: int, percent: float = 1.5) -> list[str]:
    """Tabulate how often a duel finds `percent`, by the blocks it may use and their spread."""
    rows = ["| noise of d | blocks | 1 % | 1.5 % | 2 % | 2.5 % | 3 % |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for noise in get_args(Noise):
        standard = blocks_of_noise(noise, runs, 60)
        for blocks in (12, 16, 24, 30, 60):
            plan = duel_plan(blocks)
            side = plan.with_alpha(plan.alpha / 2)
            found = (
                rates(standard * s / 100 + log_shift(percent), side, pass_alpha=side.alpha)
                for s in (1.0, 1.5, 2.0, 2.5, 3.0)
            )
            cells = " | ".join(f"{one.above:.0%} ({one.mean_blocks:.0f})" for one in found)
            rows.append(f"| {noise} | {blocks} | {cells} |")
    return rows


def spread_table(runs: int) -> list[str]:
    """Tabulate the detectable effect that each measure of spread predicts, against the one that is true."""
    plan, blocks = Plan(), 24
    level = plan.nominal_alpha(2)
    rows = [
        "| noise of d | true | by sd | by MAD |",
        "| --- | --- | --- | --- |",
    ]
    unit = minimum_detectable_effect(1.0, blocks, level)
    for noise in get_args(Noise):
        d = blocks_of_noise(noise, min(runs, 4_000), blocks)
        low = walsh_averages(d)[:, critical_count(blocks, level) - 1]
        cells = [f"{np.quantile(-low, 0.9):.3f}"]
        for measure in (spread, robust_spread):
            said = np.quantile([measure(row) * unit for row in d], (0.5, 0.1, 0.9))
            cells.append(f"{said[0]:.3f} ({said[1]:.3f} to {said[2]:.3f})")
        rows.append(f"| {noise} | {' | '.join(cells)} |")
    return rows


def pooled_t_test_false_alarms(processes: int, values: int, between: float, runs: int, seed: int = SEED) -> float:
    """Return how often a t-test at 5 % over all values of identical code finds a difference.

    Each side has `processes` with `values` each; values scatter by 1 within a process, processes by `between`. This is
    the test that takes values inside a process for independent: the contrast, never used for a verdict. The critical
    value is the normal one, which favours it: beyond 30 values the t distribution's is larger by under 4 %.
    """
    rng = np.random.default_rng(seed)
    shape = (2, runs, processes, values)
    sides = (rng.standard_normal(shape) + between * rng.standard_normal((*shape[:3], 1))).reshape(2, runs, -1)
    variance = sides.var(axis=2, ddof=1).sum(axis=0) / (processes * values)
    t = (sides[1].mean(axis=1) - sides[0].mean(axis=1)) / np.sqrt(variance)
    return float(np.mean(np.abs(t) > 1.959964))


def pooled_table(runs: int) -> list[str]:
    """Tabulate the false alarms of the pooled t-test, nominally 5 in 100, beside the sign-flip test's at 5 %."""
    rows = [
        "| processes x values | between / within 0 | 0.5 | 1 | 2 |",
        "| --- | --- | --- | --- | --- |",
    ]
    for processes, values in ((20, 3), (12, 7), (12, 20)):
        found = (pooled_t_test_false_alarms(processes, values, ratio, runs) for ratio in (0.0, 0.5, 1.0, 2.0))
        rows.append(f"| {processes} x {values} | {' | '.join(f'{rate:.1%}' for rate in found)} |")
    return rows


def blocks_of_many(noise: Noise, benchmarks: int, gate: int, blocks: int) -> Floats:
    """Return (2 * benchmarks, blocks) log ratios of identical code: reproducible, then raw.

    All share a small part of each block; the reproducible ones scatter by 1.6 %, the raw ones by 2.2 %.
    """
    shared, own, more = (
        blocks_of_noise(noise, rows, blocks, SEED + 3 * gate + part)
        for part, rows in enumerate((1, benchmarks, benchmarks))
    )
    reproducible = 0.005 * shared + 0.015 * own
    return np.concatenate([reproducible, reproducible + 0.015 * more])


def found_in_many(noise: Noise, gates: int, benchmarks: int, percent: float = 0.0, margin: float = 0.0) -> float:
    """Return how often a gate of so many benchmarks calls any figure slower, the first benchmark slower by `percent`.

    By the first step of Holm's procedure, which decides whether there is any; no figure drops out by passing. Where one
    is slower, it alone counts.
    """
    plan = Plan((8, 11, 14, 18, 24), 0.01 / (2 * benchmarks))
    found = 0
    for gate in range(gates):
        d = blocks_of_many(noise, benchmarks, gate, plan.looks[-1])
        if percent:
            d = d[[0, benchmarks]] + log_shift(percent)
        found += any(
            _judge(d[:, :blocks], plan.nominal_alpha(look), 0.0, margin, -math.inf)[0].any()
            for look, blocks in enumerate(plan.looks)
        )
    return found / gates


def many_table(gates: int, benchmarks: int = 200) -> list[str]:
    """Tabulate the error that the figures of many benchmarks share, and what it leaves to be found."""
    rows = [
        "| noise of d | as fast: a lower bound above 0 | REGRESSION (margin 2 %) | one slower by 3 % | 5 % | 10 % |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    margin = log_shift(_MARGIN_PERCENT)
    for noise in get_args(Noise):
        cells = [found_in_many(noise, gates, benchmarks), found_in_many(noise, gates, benchmarks, 0.0, margin)]
        cells += [found_in_many(noise, gates, benchmarks, percent, margin) for percent in (3.0, 5.0, 10.0)]
        rows.append(f"| {noise} | {' | '.join(f'{each:.2%}' for each in cells)} |")
    return rows


def report(runs: int = 20_000) -> str:
    """Return all tables as Markdown; 20,000 runs take about half a minute."""
    parts = (
        ("Gate, one figure (alpha 1 %)", gate_table(Plan(), runs)),
        ("Gate, one of two figures (alpha 0.5 %)", gate_table(Plan(alpha=0.005), runs)),
        ("Ways of spending alpha, normal d with a spread of 2 %", spending_table(runs)),
        ("How often the lower bound is ever above the truth", error_table(runs)),
        ("A duel at 1.5 %: found (mean blocks), by spread", duel_table(runs)),
        ("Detectable effect at 24 blocks, in units of the spread", spread_table(runs)),
        ("False alarms of a t-test pooled over values inside processes, nominally 5 %", pooled_table(runs // 10)),
        ("A gate of 200 benchmarks (400 figures, alpha 1 % for all)", many_table(max(1, runs // 20))),
    )
    return "\n\n".join("\n".join((f"### {title}", "", *table)) for title, table in parts)
