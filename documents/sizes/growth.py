"""How a cost grows with a size, and where its curve bends."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

LEAST_SIZES: Final = 5
"""A fit of two parameters to fewer points says nothing."""

_NOISE: Final = 0.02  # relative: no fit is called better than another for less
_WORST: Final = 0.25  # relative: a curve that misses a point by more has no simple growth
_CLEARER: Final = 6.0  # of BIC: about 20 to 1
_LEAST_TURN: Final = 0.25  # of the exponent

GROWTHS: Final[dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]]] = {
    "log n": np.log,
    "n": lambda n: n,
    "n log n": lambda n: n * np.log(n),
    "n²": lambda n: n**2,
}


@dataclass(frozen=True, slots=True)
class Growth:
    """cost = fixed + each * law(n), in ns; `constant` has no law, "" is none of them. error: the worst relative one."""

    law: str
    fixed_ns: float
    each_ns: float
    error: float


@dataclass(frozen=True, slots=True)
class Bend:
    """Where a power of n becomes another one: the size, and the exponent before and behind it."""

    size: int
    before: float
    behind: float


def growth_of(sizes: Sequence[int], costs_ns: Sequence[float]) -> Growth | None:
    """Return the law that fits best by Schwarz's criterion (BIC), relative errors counting alike.

    None for fewer than LEAST_SIZES sizes. Negative parts are left out: neither work nor the call before it is free.
    """
    if len(sizes) < LEAST_SIZES:
        return None
    n, y = np.asarray(sizes, dtype=float), np.asarray(costs_ns, dtype=float)
    best = _best_law(n, y)[1]
    fitted = np.full(n.size, best.fixed_ns) + (best.each_ns * GROWTHS[best.law](n) if best.each_ns else 0.0)
    error = float(np.max(np.abs(_misses(y, fitted))))
    law = best.law if error <= _WORST else ""
    return Growth(law, best.fixed_ns, best.each_ns, error)


def _best_law(n: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, Growth]:
    """Return the law with the least criterion, and that."""
    found = [(_criterion(_misses(y, np.full(n.size, c := _constant(y))), 1), Growth("constant", c, 0.0, 0.0))]
    for law, of in GROWTHS.items():
        fixed, each = _parts(of(n), y)
        if each > 0:
            found.append((_criterion(_misses(y, fixed + each * of(n)), 2), Growth(law, fixed, each, 0.0)))
    return min(found, key=lambda one: one[0])


def bend_of(sizes: Sequence[int], costs_ns: Sequence[float]) -> Bend | None:
    """Return where one power law becomes another: two lines in logarithms that meet at a size that was measured.

    None where one line, or a law of GROWTHS with its fixed part, serves as well (BIC), where the exponents differ by
    less than a quarter, or for fewer than six sizes: two lines and the place where they meet are four parameters.
    """
    x, y = np.log(np.asarray(sizes, dtype=float)), np.log(np.asarray(costs_ns, dtype=float))
    if x.size < LEAST_SIZES + 1:
        return None
    ones = np.ones(x.size)
    single = _criterion(_residual(np.column_stack([ones, x]), y)[1], 2)
    single = min(single, _best_law(np.exp(x), np.exp(y))[0])
    best: tuple[float, Bend] | None = None
    for at in range(1, x.size - 1):
        beyond = np.maximum(x - x[at], 0.0)
        found, misses = _residual(np.column_stack([ones, x, beyond]), y)
        bend = Bend(sizes[at], float(found[1]), float(found[1] + found[2]))
        worth = _criterion(misses, 4)
        if best is None or worth < best[0]:
            best = (worth, bend)
    if best is None or single - best[0] < _CLEARER or abs(best[1].behind - best[1].before) < _LEAST_TURN:
        return None
    return best[1]


def _constant(y: NDArray[np.float64]) -> float:
    """Return the one value whose relative errors have the least squares."""
    return float(np.sum(1 / y) / np.sum(1 / y**2))


def _parts(of: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Return the fixed part and the part for each unit, both at least 0, with the least squares of relative errors."""
    weighted, ones = of / y, 1 / y
    found, _ = _residual(np.column_stack([ones, weighted]), np.ones(y.size))
    if found[0] >= 0 and found[1] >= 0:
        return float(found[0]), float(found[1])
    return 0.0, float(weighted.sum() / (weighted @ weighted))


def _misses(y: NDArray[np.float64], fitted: NDArray[np.float64]) -> NDArray[np.float64]:
    return fitted / y - 1.0


def _residual(columns: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    found: NDArray[np.float64] = np.linalg.lstsq(columns, y, rcond=None)[0].astype(np.float64)
    return found, columns @ found - y


def _criterion(misses: NDArray[np.float64], parameters: int) -> float:
    """Return Schwarz's criterion (BIC); what lies within the noise of the measurement is no evidence."""
    n = misses.size
    return float(n * math.log(np.mean(misses**2) + _NOISE**2) + parameters * math.log(n))
