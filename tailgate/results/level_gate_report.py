"""A verdict from absolute figures, drawn as a table and a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tailgate.results.duel_report import detectable
from tailgate.results.table import Table, duration, percentile

if TYPE_CHECKING:
    from tailgate.documents.level_gate import LevelGate, Levelled


def level_gate_text(gate: LevelGate) -> str:
    """Return the table and the verdict in one line."""
    columns = ("benchmark", "verdict", "before", "now", "shift", "interval", "detectable", "runs")
    notes = (
        (
            "absolute figures of one machine, against those of before: what changes the machine is a regression here; "
            "`tailgate gate` runs base beside head and sees a tenth of it"
        ),
    )
    commit = gate.commit[:10] or "?"
    title = f"Run {gate.run} ({commit}), {gate.kind} {percentile(gate.percentile)}, on machine {gate.machine}"
    table = Table(title, columns, tuple(map(_row, gate.benchmarks)), notes)
    return f"{table.text()}\n\n{gate.verdict}: {_why(gate)}"


def _row(each: Levelled) -> tuple[str, ...]:
    before = duration(each.mean_ns) if each.runs else "-"
    shown = each.shift.percent if each.runs else "-"
    interval = each.shift.interval if each.usual is not None else "too few runs"
    figures = (before, duration(each.value_ns), shown, interval, detectable(each.detectable))
    return (each.benchmark, each.verdict, *figures, str(each.runs))


def _why(gate: LevelGate) -> str:
    named = ", ".join(each.benchmark for each in gate.benchmarks if each.verdict == gate.verdict)
    if gate.verdict == "REGRESSION":
        margin = f"{100 * gate.margin:g} %"
        return f"slower than the runs before it by more than {margin}, and than one more of them would be: {named}"
    if gate.verdict == "UNDECIDED":
        return f"too few runs of this machine, interpreter and settings before it: {named}"
    return f"no benchmark is slower than one more of the runs before it would be by more than {100 * gate.margin:g} %"
