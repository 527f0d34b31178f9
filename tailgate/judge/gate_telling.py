"""How a gate's verdict is told: a table for the terminal and for Markdown, and JSON."""

from __future__ import annotations

import math
import platform
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tailgate.errors import INTERRUPTED, TailgateError
from tailgate.judge.arms import BASE, HEAD
from tailgate.judge.gate import P, Trial, Verdict
from tailgate.judge.series import KINDS
from tailgate.judge.telling import ADVISORY_NOTE, grain_note, interval, percent
from tailgate.results.table import Table, duration
from tailgate.statistics.estimate import log_shift, ratio_percent
from tailgate.statistics.quantiles import is_advisory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tailgate.judge.series import Kind
    from tailgate.statistics.estimate import Estimate

SCHEMA: Final = 1

_SENTENCES: Final = {
    Verdict.PASS: "PASS: no gated p99 is slower by more than the margin",
    Verdict.REGRESSION: "REGRESSION: head's tail is worse than base's",
    Verdict.UNDECIDED: "UNDECIDED: the budget is spent and the interval still holds both answers",
    Verdict.UNFIT: "UNFIT: this machine cannot judge now; the control moved, or the canary was not seen",
}


@dataclass(frozen=True, slots=True)
class CountVerdict:
    """A figure that is counted, not timed (allocations, instructions): per operation, in base and in head."""

    benchmark: str
    what: str
    base: float
    head: float
    margin: float
    accepted: str = ""  # the reason in the configuration

    @property
    def worse(self) -> bool:
        """Tell whether head does more than the margin allows, and nobody accepted it."""
        return self.head - self.base > self.margin and not self.accepted


@dataclass(frozen=True, slots=True)
class GateReport:
    """Everything a gate has to say."""

    base: str
    head: str
    verdict: Verdict
    trials: tuple[Trial, ...]
    margin: float
    counts: tuple[CountVerdict, ...] = ()
    notes: tuple[str, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    interrupted: bool = False

    @property
    def failed(self) -> tuple[str, ...]:
        """Name the benchmarks that ended without a verdict because a side died or disagreed."""
        return tuple(trial.name for trial in self.trials if trial.failure)

    @property
    def word(self) -> str:
        """Give the verdict's name, or ERROR: a benchmark that failed has not been judged, whatever the others say."""
        return "ERROR" if self.failed else self.verdict.name

    @property
    def exit_status(self) -> int:
        """Give the status that the command ends with."""
        if self.interrupted:
            return INTERRUPTED
        return TailgateError.exit_status if self.failed else self.verdict.value

    def sentence(self) -> str:
        """Say the verdict in one line."""
        if self.interrupted:
            failed = f"; not judged: {', '.join(self.failed)}" if self.failed else ""
            worse = [trial.name for trial in self.trials if trial.verdict is Verdict.REGRESSION]
            found = f"; a regression was found by then: {', '.join(worse)}" if worse else ""
            return f"{self.word}: interrupted before the gate was through{failed}{found}"
        if self.failed:
            rest = f"; the others: {self.verdict.name}" if len(self.failed) < len(self.trials) else ""
            return f"ERROR: not judged: {', '.join(self.failed)}{rest}"
        slower = any(trial.verdict is Verdict.REGRESSION for trial in self.trials)
        if self.verdict is Verdict.REGRESSION and not slower:
            more = ", ".join(f"{each.benchmark} {each.what}" for each in self.counts if each.worse)
            return f"REGRESSION: head does more per operation than base: {more}"
        return _SENTENCES[self.verdict]


def gate_table(report: GateReport) -> Table:
    """Give one row a benchmark and figure."""
    columns = ("p99 of", "base", "head", "shift", "interval", "detectable", "control", "canary", "blocks", "verdict")
    rows = tuple(row for trial in report.trials for row in _rows(trial))
    title = f"Gate: {report.head} against {report.base}, margin {100 * report.margin:g} %"
    return Table(title, columns, rows, tuple(_notes(report)))


def _notes(report: GateReport) -> Iterator[str]:
    judged = [trial for trial in report.trials if trial.decisions and not trial.failure]
    sure = [decision.estimate.confidence for trial in judged for decision in trial.decisions.values()]
    if sure:
        yield f"the intervals hold at {100 * min(sure):.3g} % over all looks"
    if any(_is_advisory(trial, kind) for trial in judged for kind in KINDS):
        yield ADVISORY_NOTE
    coarse = {
        (trial.series.step(kind, BASE, P), trial.series.grain_ns)
        for trial in judged
        for kind, decision in trial.decisions.items()
        if decision.mde <= trial.series.step(kind, BASE, P)
    }
    if coarse:
        yield grain_note(max(grain_ns for _, grain_ns in coarse))
    if any(step > log_shift(100.0 * report.margin) for step, _ in coarse):
        yield "where such a step is more than the margin nothing passes: let one operation do more, as a batch of them"


def _is_advisory(trial: Trial, kind: Kind) -> bool:
    return is_advisory(P, trial.series.recorded if kind == "raw" else trial.series.operations)


def count_table(report: GateReport) -> Table | None:
    """Give what was counted per operation."""
    rows = tuple(
        (
            f"{each.benchmark} {each.what}",
            f"{each.base:,.3f}",
            f"{each.head:,.3f}",
            f"{each.head - each.base:+,.3f}",
            f"accepted: {each.accepted}" if each.accepted else ("MORE" if each.worse else "ok"),
        )
        for each in report.counts
    )
    return Table("Counted per operation", ("figure", "base", "head", "change", "verdict"), rows) if rows else None


def _rows(trial: Trial) -> list[tuple[str, ...]]:
    if trial.failure or not trial.decisions:
        return [(trial.name, *["-"] * 8, "ERROR" if trial.failure else (trial.verdict or Verdict.UNDECIDED).name)]
    rows: list[tuple[str, ...]] = []
    for kind in KINDS:
        decision, witness = trial.decisions[kind], trial.witnesses[kind]
        mde = "-" if math.isinf(decision.mde) else f"{ratio_percent(decision.mde):.1f} %"
        rows.append(
            (
                f"{'~' if _is_advisory(trial, kind) else ''}{trial.name} {kind}",
                duration(trial.series.median_ns(kind, BASE, P)),
                duration(trial.series.median_ns(kind, HEAD, P)),
                percent(decision.estimate.estimate),
                interval(decision.estimate),
                mde,
                percent(witness.control.estimate.estimate),
                percent(witness.canary.estimate.estimate) + (" seen" if witness.canary.estimate.low > 0 else " MISSED"),
                str(trial.blocks_judged),
                decision.verdict,
            )
        )
    return rows


def gate_text(report: GateReport) -> str:
    """Give all of it for a terminal."""
    parts = [gate_table(report).text()]
    counted = count_table(report)
    parts += [counted.text()] if counted else []
    parts.append("\n".join(_remarks(report)))
    return "\n\n".join(part for part in parts if part)


def gate_markdown(report: GateReport) -> str:
    """Give all of it as Markdown."""
    counted = count_table(report)
    parts = [f"# p99 gate: {report.word}", report.sentence() + ".", gate_table(report).markdown()]
    parts += [counted.markdown()] if counted else []
    parts.append("\n".join(f"- {line}" for line in _remarks(report)[1:]))
    return "\n\n".join(part for part in parts if part) + "\n"


def _remarks(report: GateReport) -> list[str]:
    lines = [report.sentence()]
    for trial in report.trials:
        if trial.failure:
            lines.append(f"{trial.name}: {trial.failure}")
        elif trial.verdict is not None:
            lines.append(f"{trial.name}: {trial.verdict.name}, {len(trial.series)} blocks in {trial.seconds:.0f} s")
        if trial.verdict is Verdict.UNFIT:
            lines.append(f"{trial.name}: {trial.fitness}; try a quieter machine or hour, see `tailgate doctor`")
    lines += [f"{name}: not judged: {reason}" for name, reason in report.skipped.items()]
    return [*lines, *report.notes]


def gate_json(report: GateReport) -> dict[str, Any]:
    """Give all of it as plain data; infinite ends are null."""
    return {
        "schema": SCHEMA,
        "verdict": report.word,
        "exit_status": report.exit_status,
        "interrupted": report.interrupted,
        "base": report.base,
        "head": report.head,
        "margin": report.margin,
        "percentile": P,
        "seconds": report.seconds,
        "python": platform.python_version(),
        "machine": dict(report.machine),
        "benchmarks": [_trial_json(trial) for trial in report.trials],
        "counts": [
            {
                "benchmark": each.benchmark,
                "what": each.what,
                "base": each.base,
                "head": each.head,
                "margin": each.margin,
                "accepted": each.accepted,
                "worse": each.worse,
            }
            for each in report.counts
        ],
        "skipped": dict(report.skipped),
        "notes": list(report.notes),
    }


def _trial_json(trial: Trial) -> dict[str, Any]:
    figures = {}
    for kind, decision in trial.decisions.items():
        witness = trial.witnesses[kind]
        figures[kind] = {
            "verdict": decision.verdict,
            "advisory": _is_advisory(trial, kind),
            "base_ns": trial.series.median_ns(kind, BASE, P),
            "head_ns": trial.series.median_ns(kind, HEAD, P),
            "shift": _plain(decision.estimate),
            "detectable": _finite(decision.mde),
            "p_value": decision.p_value,
            "control": _plain(witness.control.estimate),
            "canary": _plain(witness.canary.estimate),
            "environment_share": trial.series.environment_share(HEAD, P),
        }
    return {
        "name": trial.name,
        "verdict": trial.verdict.name if trial.verdict else "ERROR",
        "failure": trial.failure,
        "fitness": trial.fitness,
        "blocks": len(trial.series),
        "seconds": trial.seconds,
        "operations": trial.series.operations,
        "clock_grain_ns": trial.series.grain_ns,
        "figures": figures,
    }


def _plain(estimate: Estimate) -> dict[str, float | None]:
    return {
        "log_ratio": estimate.estimate,
        "low": _finite(estimate.low),
        "high": _finite(estimate.high),
        "percent": ratio_percent(estimate.estimate),
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
