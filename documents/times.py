"""A factor with its two ends, as every document of the subject holds one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tailgate.statistics.sign_flip import hodges_lehmann, sign_flip_interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Times:
    """How many times as fast, or as long, and its interval or range; an end that so few values leave open is None."""

    times: float
    low: float | None
    high: float | None


def closed(times: float, low: float, high: float) -> Times:
    """Return a factor; an end that is not finite and above 0 is open."""
    return Times(times, *(end if math.isfinite(end) and end > 0 else None for end in (low, high)))


def times_of(d: ArrayLike) -> Times:
    """Return the factor of logarithms of base over head, one a block, with its 95 % interval (the sign-flip test's)."""
    return closed(*map(math.exp, (hodges_lehmann(d), *sign_flip_interval(d, 1 - CONFIDENCE))))


def factor(times: float) -> str:
    """Return a factor with as many digits as a person needs: 0.98x, 1.25x, 12.3x, 240x."""
    return f"{times:.{2 if times < 10 else 1 if times < 100 else 0}f}x"


def shown(times: Times | None) -> str:
    """Return a factor with its ends, or a dash where nothing was measured."""
    if times is None:
        return "-"
    low, high = ("open" if end is None else factor(end).removesuffix("x") for end in (times.low, times.high))
    return f"{factor(times.times)} [{low}, {high}]"
