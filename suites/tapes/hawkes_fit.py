"""Fits the arrivals' parameters to how dispersed a tape's counts are, and to how much its gaps vary.

The Fano factor of a Hawkes process is known: the integral of its spectrum, 1 / |1 - branching * K(w)|^2 with K the
transform of the delays' density, over the window's. What a finite tape shows is less (its mean is its own), and the CV
of its gaps has no formula, so both are taken from simulated tapes of the same length, and the aim is corrected by them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import islice, product
from random import Random
from statistics import fmean
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from suites.tapes.arrivals import Arrivals, hawkes
from suites.tapes.profile import WINDOWS_NS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suites.tapes.profile import Profile

_FAST_S: Final = (0.0003, 0.001, 0.002, 0.005, 0.015)
_FREQUENCIES: Final = np.logspace(-4, 6.5, 300)  # rad/s
_MOST_BRANCHING: Final = 0.97
_SLOW_S: Final = (0.03, 1.0)
"""Beyond these a simulated tape would not be in the midst of the process after its first 10 s."""

_ROUNDS: Final = 3
_SEEDS: Final = 3
_SIMULATED: Final = 40_000
"""Arrivals of a simulated tape at most; a longer tape's counts are as dispersed in its windows."""


@dataclass(frozen=True, slots=True)
class _Kernel:
    branching: float
    fast_share: float
    fast_s: float
    slow_s: float

    def fano(self) -> tuple[float, ...]:
        """Return the Fano factor at each of WINDOWS_NS."""
        w = _FREQUENCIES
        delays = self.fast_share / (1 + 1j * w * self.fast_s) + (1 - self.fast_share) / (1 + 1j * w * self.slow_s)
        excess = 1 / np.abs(1 - self.branching * delays) ** 2 - 1
        factors = []
        for window_ns in WINDOWS_NS:
            window_s = window_ns / 1e9
            seen = excess * np.sinc(w * window_s / (2 * math.pi)) ** 2
            factors.append(1 + window_s / math.pi * float(((seen[1:] + seen[:-1]) / 2 * np.diff(w)).sum()))
        return tuple(factors)


def fit_arrivals(captured: Profile, shares: tuple[int, ...]) -> Arrivals:
    """Return the parameters under which simulated tapes are as dispersed as a tape, its symbols' shares given."""
    targets = tuple(max(1.0, value) if value == value else 1.0 for value in captured.fano)  # noqa: PLR0124  NaN
    same = captured.same_symbol if len(shares) > 1 else 0.0
    found: list[tuple[float, Arrivals]] = []
    for fast_s in _FAST_S:
        aims, inherits = targets, same
        for _ in range(_ROUNDS):
            made = _arrivals(_nearest(aims, fast_s), captured.rate_per_s, inherits)
            fano, others = _simulated(made, shares, captured.messages)
            off = _distance(others, (captured.rate_per_s, captured.gap_cv))
            found.append((_distance(fano, targets) + off + 4 * abs(others[2] - same), made))
            aims = tuple(
                max(1.0, aim * (target / each) ** 0.7) for aim, target, each in zip(aims, targets, fano, strict=True)
            )
            inherits = min(1.0, max(0.0, inherits + 1.5 * (same - others[2]))) if len(shares) > 1 else 0.0
    return min(found, key=lambda each: each[0])[1]


def _distance(found: tuple[float, ...], wanted: tuple[float, ...]) -> float:
    return sum(abs(math.log(a / b)) for a, b in zip(found, wanted, strict=False) if a > 0 < b)


def _nearest(aims: tuple[float, ...], fast_s: float) -> _Kernel:
    """Find the kernel whose Fano factors are nearest to the aims: on a grid, then ever nearer around the best."""
    best = _Kernel(0.5, 0.5, fast_s, 0.2)
    for turn in range(7):
        width = 0.5**turn
        best = min(_around(best, width), key=lambda kernel: _distance(kernel.fano(), aims))
    return best


def _around(kernel: _Kernel, width: float) -> Iterator[_Kernel]:
    for a, b, c in product((-1.0, -0.5, 0.0, 0.5, 1.0), repeat=3):
        yield _Kernel(
            min(_MOST_BRANCHING, max(0.0, kernel.branching + a * width * 0.48)),
            min(1.0, max(0.0, kernel.fast_share + b * width * 0.5)),
            kernel.fast_s,
            min(_SLOW_S[1], max(_SLOW_S[0], kernel.slow_s * 10 ** (c * width * 1.5))),
        )


def _arrivals(kernel: _Kernel, rate_per_s: float, same_symbol_share: float) -> Arrivals:
    term = reached = math.exp(-kernel.branching)
    children = [reached]
    while reached < 1 - 1e-9:
        term *= kernel.branching / len(children)
        reached += term
        children.append(round(reached, 13))
    return replace(
        Arrivals(),
        rate_per_s=rate_per_s,
        branching=kernel.branching,
        fast_ns=int(kernel.fast_s * 1e9),
        slow_ns=int(kernel.slow_s * 1e9),
        fast_share=kernel.fast_share,
        same_symbol_share=same_symbol_share,
        children=tuple(children),
    )


def _simulated(made: Arrivals, shares: tuple[int, ...], messages: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return means over simulated tapes: Fano factors; rate a second, CV of the gaps, how often symbols follow."""
    fano, others = [], []
    for seed in range(_SEEDS):
        arrivals = list(islice(hawkes(Random(seed), shares, made), min(messages, _SIMULATED)))
        times_ns, symbols = (np.array(column) for column in zip(*arrivals, strict=True))
        times_ns -= times_ns[0]
        gaps = np.diff(times_ns)
        fano.append([_fano(times_ns, window_ns) for window_ns in WINDOWS_NS])
        followed = float((symbols[1:] == symbols[:-1]).mean())
        others.append((1e9 / float(gaps.mean()), float(gaps.std() / gaps.mean()), followed))
    return tuple(map(fmean, zip(*fano, strict=True))), tuple(map(fmean, zip(*others, strict=True)))


def _fano(times_ns: np.ndarray[Any, Any], window_ns: int) -> float:
    """Return the Fano factor of whole windows, as `profile` does; 1 where there are not two."""
    windows = int(times_ns[-1]) // window_ns
    counts = np.bincount(times_ns // window_ns)[:windows]
    return float(counts.var() / counts.mean()) if windows > 1 else 1.0
