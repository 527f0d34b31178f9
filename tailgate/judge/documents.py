"""Turn what was judged into the documents that every report draws."""

from __future__ import annotations

import math
import platform
from typing import TYPE_CHECKING, Any, Final

from tailgate.documents.comparison import Shift, finite
from tailgate.documents.duel import DuelDocument, DuelFigure
from tailgate.documents.gate import (
    AcceptedAnswers,
    Beside,
    GateBlocks,
    GatedBenchmark,
    GatedFigure,
    GateDocument,
    Needed,
)
from tailgate.errors import INTERRUPTED, TailgateError
from tailgate.judge.arms import BASE, HEAD, MEDIAN, TAIL
from tailgate.judge.gate import Verdict
from tailgate.results.table import percentile as named
from tailgate.statistics.decision import compare
from tailgate.statistics.need import MOST_BLOCKS
from tailgate.statistics.quantiles import is_advisory
from tailgate.statistics.sequential import Plan as Looks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tailgate.documents.comparison import Kind
    from tailgate.documents.gate import Counted, GatedBudget
    from tailgate.judge.duel import Duel
    from tailgate.judge.gate import Trial

_BESIDE_ALPHA: Final = 0.05
"""What stands beside has the interval of one analysis: nothing is decided by it."""


def duel_document(duel: Duel, inputs: tuple[str, ...] = ()) -> DuelDocument:
    """Return a duel as its document; inputs: what the suite says of its inputs."""
    figures = tuple(
        DuelFigure(
            each.kind,
            each.p,
            each.base_ns,
            each.head_ns,
            Shift.of(each.comparison.estimate),
            finite(each.comparison.mde),
            each.advisory,
            each.coarse,
        )
        for each in duel.shifts
    )
    facts = (duel.blocks, duel.seconds, duel.series, duel.environment_share, duel.interrupted, inputs, duel.batch)
    return DuelDocument(duel.base, duel.head, duel.verdict, figures, *facts)


def gate_blocks(trials: Sequence[Trial]) -> GateBlocks:
    """Return the blocks of all benchmarks of a gate."""
    return GateBlocks({trial.name: trial.series for trial in trials})


def gate_document(
    base: str,
    head: str,
    verdict: Verdict,
    trials: Sequence[Trial],
    margin: float,
    *,
    counts: Sequence[Counted] = (),
    accepted: Mapping[str, str] | None = None,
    interrupted: bool = False,
    **facts: Any,
) -> GateDocument:
    """Return a gate as its document; facts: seconds, notes, skipped, machine, explanations, budgets; accepted: answers.

    A benchmark that failed has not been judged, so the whole is an ERROR, whatever the others say.
    """
    failed = any(trial.failure for trial in trials)
    word = "ERROR" if failed else verdict.name
    status = TailgateError.exit_status if failed else verdict.value
    beside = (counts, facts.get("budgets", ()))
    return GateDocument(
        word,  # type: ignore[arg-type]  # the names of Verdict, and ERROR
        INTERRUPTED if interrupted else status,
        f"{word}: {_why(verdict, trials, margin, beside, interrupted=interrupted)}{_not_judged(facts)}",
        base,
        head,
        margin,
        python=platform.python_version(),
        benchmarks=tuple(_benchmark(trial, (accepted or {}).get(trial.name, "")) for trial in trials),
        counts=tuple(counts),
        interrupted=interrupted,
        **({"seconds": 0.0, "percentile": TAIL} | facts),
    )


def _not_judged(facts: Mapping[str, Any]) -> str:
    """Count what has no verdict: a deleted benchmark would otherwise go in silence."""
    new, deleted = len(facts.get("new", ())), len(facts.get("deleted", ()))
    counts = {"new": new, "deleted": deleted, "skipped": len(facts.get("skipped", ())) - new - deleted}
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return f"; not judged: {told}" if told else ""


_WHY: Final = {
    Verdict.PASS: "no gated {what} is slower by more than the margin of {margin}",
    Verdict.REGRESSION: "head's {what} is slower than base's by more than the margin of {margin}: {names}",
    Verdict.UNDECIDED: "the blocks do not tell whether the {what} is slower by more than the margin of {margin}: "
    "{names}",
    Verdict.UNFIT: "this machine cannot judge now: {names}",
}


def _why(
    verdict: Verdict,
    trials: Sequence[Trial],
    margin: float,
    beside: tuple[Sequence[Counted], Sequence[GatedBudget]],
    *,
    interrupted: bool,
) -> str:
    failed = ", ".join(trial.name for trial in trials if trial.failure)
    slower = ", ".join(trial.name for trial in trials if trial.verdict is Verdict.REGRESSION)
    if interrupted:
        return (
            "interrupted before the gate was through"
            + (f"; not judged: {failed}" if failed else "")
            + (f"; a regression was found by then: {slower}" if slower else "")
        )
    if failed:
        rest = f"; the others: {verdict.name}" if any(not trial.failure for trial in trials) else ""
        return f"not judged: {failed}{rest}"
    counts, budgets = beside
    if verdict is Verdict.REGRESSION and not slower and not any(each.worse for each in counts):
        over = ", ".join(each.benchmark for each in budgets if each.broken)
        return f"head breaks the budget of {over}, which base keeps"
    if verdict is Verdict.REGRESSION and not slower:
        more = ", ".join(f"{each.what} of {each.benchmark}" for each in counts if each.worse)
        return f"head does more than base ({more}); its time alone would not be one"
    if not trials:
        return f"no count of {len(counts)} is worse" if counts else "no benchmark is in both revisions"
    names = ", ".join(_named(trial) for trial in trials if trial.verdict is verdict)
    own = any(abs(math.expm1(d.margin) - margin) > 1e-9 for trial in trials for d in trial.decisions.values())
    what = " or ".join(sorted({named(p) for trial in trials for p in (trial.percentile, *trial.also)}))
    return _WHY[verdict].format(what=what, margin=f"{100 * margin:g} %" + (", or its own" if own else ""), names=names)


def _named(trial: Trial) -> str:
    return f"{trial.name} ({trial.fitness})" if trial.verdict is Verdict.UNFIT else trial.name


def _benchmark(trial: Trial, reason: str) -> GatedBenchmark:
    return GatedBenchmark(
        trial.name,
        "ERROR" if trial.failure else (trial.verdict or Verdict.UNDECIDED).name,  # type: ignore[arg-type]  # as above
        trial.failure,
        trial.fitness,
        trial.blocks_judged or len(trial.series),
        trial.seconds,
        trial.series.operations,
        trial.series.clock_step_ns,
        {name: _figure(trial, name) for name in trial.figures if name in trial.decisions},
        _needs(trial) if trial.verdict is Verdict.UNDECIDED else {},
        trial.arms.positive_control.injection.spins,
        AcceptedAnswers(reason, trial.unequal) if reason else None,
        trial.percentile,
        _beside(trial),
        trial.plan.batch,
    )


def _beside(trial: Trial) -> tuple[Beside, ...]:
    """Return the median where the tail is judged, and the raw tail where the median is."""
    if not trial.blocks_judged or MEDIAN in trial.also:
        return ()
    others: dict[float, tuple[Kind, float]] = {TAIL: ("reproducible", MEDIAN), MEDIAN: ("raw", TAIL)}
    kind, p = others.get(trial.percentile, others[TAIL])
    series, looks = trial.series, Looks((trial.blocks_judged,), _BESIDE_ALPHA)
    found = compare(series.ratio_at(kind, BASE, HEAD, p)[: trial.blocks_judged], looks, 0).estimate
    return (Beside(kind, p, series.median_ns(kind, BASE, p), series.median_ns(kind, HEAD, p), Shift.of(found)),)


def _needs(trial: Trial) -> dict[str, Needed]:
    """Return what would decide each open figure; a block is taken to last as long as those that were run."""
    seconds = trial.seconds / max(len(trial.series), 1)
    found: dict[str, Needed] = {}
    for name, need in trial.needs.items():
        reach = need.blocks < MOST_BLOCKS
        more = (need.blocks - trial.blocks_judged) * seconds
        margin = None if math.isinf(need.margin) else math.expm1(need.margin)
        found[name] = Needed(need.blocks if reach else None, more if reach else None, margin)
    return found


def _figure(trial: Trial, name: str) -> GatedFigure:
    decision, witness, series = trial.decisions[name], trial.witnesses[name], trial.series
    kind, p = trial.figures[name]
    verdict = "undecided" if decision.verdict == "continue" else decision.verdict
    return GatedFigure(
        "not certified" if verdict == "pass" and trial.verdict is Verdict.UNFIT else verdict,
        is_advisory(p, series.different),
        series.median_ns(kind, BASE, p),
        series.median_ns(kind, HEAD, p),
        Shift.of(decision.estimate),
        finite(decision.mde),
        decision.p_value,
        Shift.of(witness.negative_control.estimate),
        Shift.of(witness.positive_control.estimate),
        witness.positive_control.estimate.low > 0,
        name == "reproducible",
        series.environment_share(HEAD, p),
        decision.mde <= series.step(kind, BASE, p),
        math.expm1(decision.margin),
        p,
    )
