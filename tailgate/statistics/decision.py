"""What the blocks so far allow to be said: pass, regression, go on, or the budget is spent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from tailgate.statistics.effect import minimum_detectable_effect, spread
from tailgate.statistics.errors import StatisticsError
from tailgate.statistics.estimate import Estimate, Floats, checked_probability, finite_vector
from tailgate.statistics.hosts import Together, together
from tailgate.statistics.multiplicity import sequential_shares
from tailgate.statistics.sign_flip import critical_count, sign_flip_p_value, walsh_averages

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from numpy.typing import ArrayLike

    from tailgate.statistics.sequential import Plan

Verdict = Literal["pass", "regression", "continue", "undecided"]
Direction = Literal["slower", "faster", "continue", "undecided"]

PASS_ALPHA = 0.05
"""The chance of a PASS, over all analyses, when the truth lies exactly at the margin."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Say what is decided about one gated figure, and on what grounds.

    All shifts are log ratios, head over base. The interval in `estimate` holds over all analyses together: its low end
    errs with probability `alpha` at most, its high end with `pass_alpha`; its confidence is 1 - alpha - pass_alpha.
    `mde` is the least shift that this many blocks would have called a regression in 90 of 100 runs (inf: none, at
    this analysis).
    `p_value` is one-sided, against no slowdown; it rejects at `level`, the exact level of this analysis.
    """

    verdict: Verdict
    estimate: Estimate
    mde: float
    p_value: float
    level: float
    margin: float
    look: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Say which way head differs from base in a duel; fields as in Decision, but two-sided and without a margin."""

    verdict: Direction
    estimate: Estimate
    mde: float
    p_value: float
    level: float
    look: int


def decide(
    d: ArrayLike,
    plan: Plan,
    look: int,
    margin: float,
    *,
    pass_alpha: float = PASS_ALPHA,
    hosts: Sequence[str] = (),
) -> Decision:
    """Judge one figure at one analysis (from 0); d holds the log ratio head over base of each block so far.

    `margin` is a log ratio (log_shift(2.0) for 2 %). REGRESSION: the lower bound is above zero and the estimate above
    the margin. PASS: the upper bound is below the margin. Otherwise CONTINUE, and UNDECIDED at the last analysis.
    Blocks beyond the analysis are refused: an analysis is planned, not chosen. hosts: who ran each block; of several,
    none decides by itself (see hosts.py).
    """
    values = _blocks_of(d, plan, look)
    level = plan.nominal_alpha(look)
    upper_level = plan.with_alpha(checked_probability(pass_alpha, "pass_alpha")).nominal_alpha(look)
    found = _bounds(values, hosts, level, upper_level)
    estimate = Estimate(found.estimate, found.low, found.high, 1 - plan.alpha - pass_alpha, values.size)
    verdict: Verdict = "undecided" if look == plan.last else "continue"
    if estimate.low > 0.0 and estimate.estimate > margin:
        verdict = "regression"
    elif estimate.high < margin:
        verdict = "pass"
    return Decision(verdict, estimate, _detectable(found.units, level, margin), found.p_value, level, margin, look)


def judge(
    figures: Mapping[str, ArrayLike],
    plan: Plan,
    margins: Mapping[str, float],
    *,
    ended: Collection[str] = (),
    pass_alpha: float = PASS_ALPHA,
    hosts: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Decision]:
    """Judge several figures together: Holm's step-down over their regressions, `plan.alpha` for all of them.

    Each figure stands at the analysis its number of blocks says. The chance of any false REGRESSION is at most alpha.
    PASS needs no correction: the whole passes only if every figure does, which is an intersection-union test (Berger
    1982). Call it with ALL the figures the run will judge, also those still running; a figure not yet begun is an empty
    array, counts in Holm's m, and is left out of the answer. `ended` names those whose time ran out (never: whose
    blocks said something): they are judged at the blocks they have, which spends all that is left of their share.
    `hosts` names who ran the blocks of a figure, where that were several.
    """
    begun = {name: finite_vector(d, name) for name, d in figures.items() if np.size(d)}
    plans = {name: plan.cut_at(d.size) if name in ended else plan for name, d in begun.items()}
    looks = {name: plans[name].look_at(d.size) for name, d in begun.items()}
    by = hosts or {}
    tested = {name: (one_sided(d, by.get(name, ())), looks[name]) for name, d in begun.items()}
    waiting = dict.fromkeys(figures.keys() - begun.keys(), (1.0, 0))
    shares = sequential_shares(tested | waiting, plan, plans)
    return {
        name: decide(
            d,
            plans[name].with_alpha(shares[name]),
            looks[name],
            margins[name],
            pass_alpha=pass_alpha,
            hosts=by.get(name, ()),
        )
        for name, d in begun.items()
    }


def overall(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict of several figures: one regression is a regression, and all must pass for a pass."""
    seen = set(verdicts)
    if not seen:
        raise StatisticsError("no figure was judged, so there is no verdict")
    order: tuple[Verdict, ...] = ("regression", "continue", "undecided", "pass")
    return next(verdict for verdict in order if verdict in seen)


def compare(d: ArrayLike, plan: Plan, look: int, *, hosts: Sequence[str] = ()) -> Comparison:
    """Tell which side of a duel is faster, at one analysis; two-sided: `plan.alpha` is shared by the two directions.

    SLOWER and FASTER speak of head. The interval holds over all analyses at confidence 1 - plan.alpha.
    """
    values = _blocks_of(d, plan, look)
    level = plan.with_alpha(plan.alpha / 2).nominal_alpha(look)
    found = _bounds(values, hosts, level, level)
    low, high = found.low, found.high
    verdict: Direction = "undecided" if look == plan.last else "continue"
    if low > 0.0:
        verdict = "slower"
    elif high < 0.0:
        verdict = "faster"
    estimate = Estimate(found.estimate, low, high, 1 - plan.alpha, values.size)
    p_value = two_sided(values, hosts)
    return Comparison(verdict, estimate, _detectable(found.units, level, 0.0), p_value, level, look)


def one_sided(d: Floats, hosts: Sequence[str] = ()) -> float:
    """Return the p-value against no slowdown."""
    if len(set(hosts)) < 2:
        return sign_flip_p_value(d, 0.0, "greater")
    return together(d, hosts, 0.5, 0.5).p_value


def two_sided(d: Floats, hosts: Sequence[str] = ()) -> float:
    """Return the p-value against no difference."""
    if len(set(hosts)) < 2:
        return sign_flip_p_value(d, 0.0, "two-sided")
    return min(1.0, 2.0 * min(one_sided(d, hosts), one_sided(-d, hosts)))


def _bounds(values: Floats, hosts: Sequence[str], level: float, upper_level: float) -> Together:
    """Return the bounds over blocks, or over hosts where there are several."""
    if len(set(hosts)) > 1:
        return together(values, hosts, level, upper_level)
    averages = walsh_averages(values)
    return Together(
        float(np.median(averages)),
        _low_end(averages, values.size, level),
        -_low_end(-averages[::-1], values.size, upper_level),
        sign_flip_p_value(values, 0.0, "greater"),
        values,
    )


def _blocks_of(d: ArrayLike, plan: Plan, look: int) -> Floats:
    values = finite_vector(d)
    if not 0 <= look <= plan.last or values.size != plan.looks[look]:
        raise StatisticsError(
            f"analysis {look} of {plan.looks} was asked of {values.size} blocks",
            hint="a run that ended early for lack of time is judged by plan.cut_at(blocks)",
        )
    return values


def _low_end(averages: Floats, blocks: int, level: float) -> float:
    """Return the lower bound at a one-sided level; sorted Walsh averages in."""
    count = critical_count(blocks, level)
    return float(averages[count - 1]) if count else -math.inf


def _detectable(values: Floats, level: float, margin: float) -> float:
    if values.size < 2 or level <= 0.0:
        return math.inf
    return minimum_detectable_effect(spread(values), values.size, level, margin=margin)
