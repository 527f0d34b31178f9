"""Exact binomial tails and the Clopper-Pearson interval of a rate."""

from __future__ import annotations

import math

import numpy as np

from tailgate.statistics.errors import StatisticsError
from tailgate.statistics.estimate import Estimate, Floats, checked_probability

_HALVINGS = 100


def _log_factorials(first: int, last: int) -> Floats:
    """Return log(k!) for first <= k <= last: one lgamma, then sums of logarithms."""
    steps = np.log(np.arange(first + 1, last + 1, dtype=np.float64))
    return math.lgamma(first + 1) + np.concatenate(([0.0], np.cumsum(steps)))


def _probabilities(n: int, p: float, first: int, last: int) -> Floats:
    """Return P(B = k) for first <= k <= last, B binomial with n trials at 0 < p < 1."""
    k = np.arange(first, last + 1, dtype=np.float64)
    log_ways = math.lgamma(n + 1) - _log_factorials(first, last) - _log_factorials(n - last, n - first)[::-1]
    terms: Floats = np.exp(log_ways + k * math.log(p) + (n - k) * math.log1p(-p))
    return terms


def _upper_tail(n: int, p: float, k: int) -> float:
    """Return P(B >= k)."""
    return float(_probabilities(n, p, k, n).sum())


def _lower_limit(successes: int, n: int, alpha: float) -> float:
    """Return the p at which `successes` or more of n have probability alpha: the tail rises with p, so bisect."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if _upper_tail(n, middle, successes) < alpha else (low, middle)
    return low


def clopper_pearson(successes: int, n: int, confidence: float = 0.95) -> Estimate:
    """Return the rate successes / n with its exact (Clopper-Pearson) two-sided interval.

    The ends solve P(B >= successes) = alpha / 2 and P(B <= successes) = alpha / 2, so the coverage is at least
    `confidence` at every true rate. 0 of n gives a low end of 0, n of n a high end of 1. For tables of detection rates.
    """
    if n < 1 or not 0 <= successes <= n:
        raise StatisticsError(f"{successes} of {n} is not a rate")
    tail = (1 - checked_probability(confidence, "confidence")) / 2
    low = 0.0 if successes == 0 else _lower_limit(successes, n, tail)
    high = 1.0 if successes == n else 1.0 - _lower_limit(n - successes, n, tail)
    return Estimate(successes / n, low, high, confidence, n)
