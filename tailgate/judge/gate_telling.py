"""How a gate's verdict is told: a table for the terminal and for Markdown, and JSON."""

from __future__ import annotations

import math
import platform
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tailgate.judge.arms import BASE, HEAD
from tailgate.judge.gate import P, Trial, Verdict
from tailgate.judge.series import KINDS
from tailgate.judge.telling import interval, percent
from tailgate.results.table import Table, duration
from tailgate.statistics.estimate import ratio_percent

if TYPE_CHECKING:
    from collections.abc import Mapping

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

    def sentence(self) -> str:
        """Say the verdict in one line."""
        return _SENTENCES[self.verdict]


def gate_table(report: GateReport) -> Table:
    """Give one row a benchmark and figure."""
    columns = ("p99 of", "base", "head", "shift", "interval", "detectable", "control", "canary", "blocks", "verdict")
    rows = tuple(row for trial in report.trials for row in _rows(trial))
    return Table(f"Gate: {report.head} against {report.base}, margin {100 * report.margin:g} %", columns, rows)


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
        return [(trial.name, *["-"] * 8, "ERROR" if trial.failure else "UNDECIDED")]
    rows: list[tuple[str, ...]] = []
    for kind in KINDS:
        decision, witness = trial.decisions[kind], trial.witnesses[kind]
        mde = "-" if math.isinf(decision.mde) else f"{ratio_percent(decision.mde):.1f} %"
        rows.append(
            (
                f"{trial.name} {kind}",
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
    parts = [f"# p99 gate: {report.verdict.name}", report.sentence() + ".", gate_table(report).markdown()]
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
        if trial.fitness not in {"yes", "not yet"}:
            lines.append(f"{trial.name}: {trial.fitness}; try a quieter machine or hour, see `tailgate doctor`")
    lines += [f"{name}: not judged: {reason}" for name, reason in report.skipped.items()]
    return [*lines, *report.notes]


def gate_json(report: GateReport) -> dict[str, Any]:
    """Give all of it as plain data; infinite ends are null."""
    return {
        "schema": SCHEMA,
        "verdict": report.verdict.name,
        "exit_status": report.verdict.value,
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
