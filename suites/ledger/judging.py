"""From an interval and a claim to a verdict: pure functions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tailgate.judge.league import CONFIDENCE, Times
from tailgate.statistics.sign_flip import hodges_lehmann, sign_flip_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from documents.ledger import Verdict


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and what there is to say of it, empty where the figures say it all."""

    verdict: Verdict
    why: str = ""


def times_of(d: ArrayLike) -> Times:
    """Return the factor of logarithms of base over head, one a block or run, with its interval."""
    low, high = sign_flip_interval(d, 1 - CONFIDENCE)
    return Times(math.exp(hodges_lehmann(d)), math.exp(low), math.exp(high))


def difference_of(d: ArrayLike) -> Times:
    """Return a difference (not a factor) with its interval, in the same form."""
    low, high = sign_flip_interval(d, 1 - CONFIDENCE)
    return Times(hodges_lehmann(d), low, high)


REPEATED: Final = 0.03
"""What two whole runs of the ledger differ by beyond the intervals over their blocks: 106 of 110 figures by at most
2 %, 109 by at most 3 % (docs/report.md). Blocks of one run share what a run does not choose: the machine's state."""


def repeatable(measured: Times) -> Times:
    """Widen the interval over the blocks of one run of lockstep by what another run may find."""
    return Times(measured.times, measured.low / (1 + REPEATED), measured.high * (1 + REPEATED))


def judge(measured: Times, bounds: tuple[float, float] | None, nothing: float = 1.0) -> Judgement:
    """Hold a gain against what was claimed of it; without a claim, against `nothing` gained at all.

    exceeded: the whole interval lies above the claim. not met: all of it lies below. met: otherwise where the
    estimate is not below; an interval that contains the claim's lower end leaves that open, and `why` says so. not
    measurable here: it reaches from the claim down to no gain at all.
    """
    least, most = bounds or (nothing, math.inf)
    if measured.low > most:
        return Judgement("exceeded")
    if measured.high < least:
        return Judgement("not met", "" if bounds else "slower than what it fixes")
    if bounds is None and measured.low <= nothing:
        return Judgement("not met", "no gain is proven: the interval contains none")
    if measured.low <= nothing and measured.low < least:
        return Judgement("not measurable here", "the interval reaches from no gain to the claim")
    verdict: Verdict = "met" if measured.times >= least else "not met"
    if measured.low < least:
        return Judgement(verdict, "the interval contains the lower end of the claim: the estimate decides")
    return Judgement(verdict, "" if bounds else "no figure was claimed; it is faster")


def judge_counts(before: float, after: float, bounds: tuple[float, float] | None) -> Judgement:
    """Hold counts, which have no interval, against a claim; without one, any less will do."""
    times = before / after if after else math.inf
    if bounds is None:
        return Judgement("met" if after < before else "not met")
    if times > bounds[1]:
        return Judgement("exceeded")
    return Judgement("met" if times >= bounds[0] else "not met")


def join(*parts: str) -> str:
    """Put reasons together, leaving out the empty ones."""
    return "; ".join(part for part in parts if part)


def microseconds(measured: Times) -> str:
    """Return a difference in microseconds with its interval."""
    ends = (f"{end:.2f}" if math.isfinite(end) else "open" for end in (measured.low, measured.high))
    return f"{measured.times:.2f} [{', '.join(ends)}] µs"


def logs(base: Sequence[float], head: Sequence[float]) -> list[float]:
    """Return log(base / head), pair by pair, as far as both go."""
    return [math.log(b / h) for b, h in zip(base, head, strict=False)]
