"""How a duel is told, in text and in Markdown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from tailgate.results.table import Table, duration
from tailgate.statistics.estimate import ratio_percent

if TYPE_CHECKING:
    from tailgate.judge.duel import Duel, Shift
    from tailgate.statistics.estimate import Estimate


ADVISORY_NOTE: Final = (
    "~ fewer than 200 operations beyond this percentile: the shift is that of the ones replayed, the same on every "
    "side; for what they stand for it is advisory"
)
INTERRUPTED_NOTE: Final = "interrupted: the intervals hold only if it was not for what had been seen"


def grain_note(grain_ns: int) -> str:
    """Say why no less can be detected."""
    return f"the clock runs in steps of {grain_ns} ns: no change below one step of a percentile is called detectable"


def percent(log_shift: float) -> str:
    """Give a log ratio as a signed percentage."""
    if math.isinf(log_shift):
        return "none" if log_shift > 0 else "-100 %"
    return f"{ratio_percent(log_shift):+.2f} %"


def interval(estimate: Estimate) -> str:
    """Give an interval in percent; an end that so few blocks cannot bound is open."""
    low = "open" if math.isinf(estimate.low) else percent(estimate.low)
    high = "open" if math.isinf(estimate.high) else percent(estimate.high)
    return f"[{low}, {high}]"


def duel_table(duel: Duel) -> Table:
    """Give the shift function as a table."""
    rows = tuple(_row(shift) for shift in duel.shifts)
    notes = (
        *((INTERRUPTED_NOTE,) if duel.interrupted else ()),
        (
            f"{duel.blocks} blocks in {duel.seconds:.0f} s; the intervals hold at "
            f"{100 * duel.shifts[0].comparison.estimate.confidence:.0f} % over all looks"
        ),
        (
            f"the machine's share of the raw p99: {duel.environment_share[0]:.0%} of {duel.base}, "
            f"{duel.environment_share[1]:.0%} of {duel.head}"
        ),
        *((ADVISORY_NOTE,) if any(s.advisory for s in duel.shifts) else ()),
        *((grain_note(duel.series.grain_ns),) if any(s.grained for s in duel.shifts) else ()),
    )
    columns = ("percentile", duel.base, duel.head, "shift", "interval", "detectable")
    return Table(f"{duel.head} against {duel.base}", columns, rows, notes)


def _row(shift: Shift) -> tuple[str, ...]:
    estimate = shift.comparison.estimate
    name = f"{'~' if shift.advisory else ''}{shift.kind} p{100 * shift.p:g}"
    detectable = "nothing yet" if math.isinf(shift.comparison.mde) else f"{ratio_percent(shift.comparison.mde):.2f} %"
    return (
        name,
        duration(shift.base_ns),
        duration(shift.head_ns),
        percent(estimate.estimate),
        interval(estimate),
        detectable,
    )


def duel_sentence(duel: Duel) -> str:
    """Say the answer in one line."""
    primary = duel.shift("reproducible", 0.99)
    estimate = primary.comparison.estimate
    if duel.verdict == "undecided":
        blocks = f"{duel.blocks} block{'s' if duel.blocks > 1 else ''}"
        early = f"interrupted after {blocks}; so far " if duel.interrupted else ""
        return (
            f"UNDECIDED: {early}{duel.head} and {duel.base} differ by {percent(estimate.estimate)} "
            f"at the reproducible p99, "
            f"{interval(estimate)}; {blocks} would have found "
            f"{'nothing' if math.isinf(primary.comparison.mde) else f'{ratio_percent(primary.comparison.mde):.2f} %'}"
        )
    times = math.exp(abs(estimate.estimate))
    size = f"{times:.2f} times" if times >= 1.5 else f"by {abs(ratio_percent(estimate.estimate)):.2f} %"
    return (
        f"{duel.head} is {duel.verdict.upper()} than {duel.base}, {size} at the reproducible p99 ({interval(estimate)})"
    )
