"""One row of the ledger: the claim that its id makes, and what was measured and judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from documents.ledger import Row
from documents.times import closed
from suites.ledger.claims import BY_ID, STEP_OF
from suites.ledger.judging import Judgement

if TYPE_CHECKING:
    from documents.ledger import Where
    from tailgate.judge.league import Times


def row_of(
    row: str,
    where: Where,
    benchmark: str,
    judged: Judgement,
    times: tuple[Times, Times] | None = None,
    allocations: tuple[float, float] | None = None,
) -> Row:
    """Return a row; times: at p50 and at p99, None where nothing was measured."""
    claim, held = BY_ID[row], _is_held(row, where, benchmark)
    bounds = claim.bounds if held and claim.judged == "p99" else None  # the picture's axis is the time's
    p50, p99 = (closed(each.times, each.low, each.high) for each in times) if times else (None, None)
    return Row(
        *(claim.id, claim.phase, claim.bottleneck, claim.fix, claim.claimed if held else "", bounds, where, benchmark),
        *(p50, p99, allocations, judged.verdict, judged.why),
    )


def absent(row: str, where: Where, benchmark: str, why: str) -> Row:
    """Return the row of what could not be measured."""
    return row_of(row, where, benchmark, Judgement("not measurable here", why))


def _is_held(row: str, where: str, benchmark: str) -> bool:
    """Tell whether a row is held against the claim, or against no gain at all."""
    if where == "pipeline" and row in STEP_OF:
        return False
    return not (BY_ID[row].judged == "throughput" and benchmark.startswith("manager/"))
