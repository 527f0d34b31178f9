"""A duel drawn as a table and as one sentence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from tailgate.results.table import ADVISORY, Table, duration
from tailgate.statistics.estimate import ratio_percent

if TYPE_CHECKING:
    from tailgate.documents.duel import DuelDocument, DuelFigure

INTERRUPTED_NOTE: Final = "interrupted: the intervals hold only if what was seen was no reason for it"


def resolution_note(clock_step_ns: int) -> str:
    """Say why no less can be detected."""
    return f"the clock's resolution is {clock_step_ns} ns: no change below one such step of a percentile is detectable"


def batch_note(benchmark: str, batch: int) -> str:
    """Say that operations were timed several at a time, and what the percentiles are therefore of."""
    short = "a step of the clock is too much of one operation"
    return f"{benchmark}: {short}: {batch} at a time were timed, and every percentile is of such a batch"


def detectable(log_ratio: float | None) -> str:
    """Return the least change that would have been found, in percent."""
    return "nothing yet" if log_ratio is None else f"{ratio_percent(log_ratio):.2f} %"


def duel_table(duel: DuelDocument) -> Table:
    """Return one row a percentile: both sides, the shift with its interval, what could be detected."""
    notes = [INTERRUPTED_NOTE] if duel.interrupted else []
    notes.append(
        f"{duel.blocks} blocks in {duel.seconds:.0f} s; the intervals hold at "
        f"{100 * duel.primary.shift.confidence:.0f} % over all interim analyses"
    )
    if duel.environment_share is not None:
        base, head = duel.environment_share
        notes.append(f"the machine's share of the raw p99: {base:.0%} of {duel.base}, {head:.0%} of {duel.head}")
    notes += [batch_note(" and ".join(dict.fromkeys((duel.base, duel.head))), duel.batch)] if duel.batch > 1 else []
    notes += [ADVISORY] if any(each.advisory for each in duel.figures) else []
    notes += [resolution_note(duel.series.clock_step_ns)] if any(each.coarse for each in duel.figures) else []
    columns = ("percentile", duel.base, duel.head, "shift", "interval", "detectable")
    return Table(f"{duel.head} against {duel.base}", columns, tuple(map(_row, duel.figures)), (*notes, *duel.inputs))


def _row(figure: DuelFigure) -> tuple[str, ...]:
    return (
        figure.name,
        duration(figure.base_ns),
        duration(figure.head_ns),
        figure.shift.percent,
        figure.shift.interval,
        detectable(figure.detectable),
    )


def duel_sentence(duel: DuelDocument) -> str:
    """Say the answer in one line."""
    shift, least = duel.primary.shift, duel.primary.detectable
    if duel.verdict == "undecided":
        blocks = f"{duel.blocks} block{'s' if duel.blocks > 1 else ''}"
        early = f"interrupted after {blocks}; so far " if duel.interrupted else ""
        found = "nothing" if least is None else f"a change of {detectable(least)}"
        return (
            f"UNDECIDED: {early}{duel.head} and {duel.base} differ by {shift.percent} at the reproducible p99, "
            f"{shift.interval}; {blocks} would have found {found}"
        )
    verdict = f"{duel.head} is {duel.verdict.upper()} than {duel.base} at the reproducible p99"
    if math.exp(abs(shift.log_ratio)) < 1.5:
        return f"{verdict}, by {abs(ratio_percent(shift.log_ratio)):.2f} % (interval {shift.interval})"
    ends = (shift.low, shift.high) if duel.verdict == "slower" else (_minus(shift.high), _minus(shift.low))
    low, high = ("open" if end is None else f"{math.exp(end):.2f}" for end in ends)
    unit = "times as long" if duel.verdict == "slower" else "times as fast"
    return f"{verdict}: {math.exp(abs(shift.log_ratio)):.2f} {unit} (interval {low} to {high})"


def _minus(end: float | None) -> float | None:
    return None if end is None else -end


def duel_markdown(duel: DuelDocument) -> str:
    """Return all of it as Markdown."""
    return f"{duel_table(duel).markdown(1)}\n\n{duel_sentence(duel)}\n"
