"""Measure what a gate over many hosts cries of nothing, and what it finds, on made-up fleets of known truth.

    python scripts/simulate_fleet.py              the tables of docs/fleet.md
    python scripts/simulate_fleet.py --runs 200   quicker, and rougher

Hosts differ in speed (a slower one has run fewer blocks by an analysis), in noise, and each by a little in its ratio; a
tenth of them lie: their ratio is off by 5 %, all one way, all the other, or either. Fixed seeds: the same page each time.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

# A script is run by its path: the checkout is not on the module path then.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tailgate.statistics.binomial import clopper_pearson
from tailgate.statistics.estimate import log_shift
from tailgate.statistics.hosts import distrusted, together
from tailgate.statistics.sign_flip import critical_count, hodges_lehmann, walsh_averages
from tailgate.statistics.sequential import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tailgate.statistics.estimate import Floats

HOSTS = (4, 8, 16, 32, 64, 128, 256)
SEED = 20210417
_SPREAD = 0.02
_OWN = 0.002
_LIE = 5.0

Bounds = "tuple[float, float, float]"


@dataclass(frozen=True, slots=True)
class Fleet:
    """A made-up fleet. rounds: blocks of the fastest host at the last analysis; lies: +1, -1 or 0 for either way."""

    hosts: int
    rounds: int = 12
    shift: float = 0.0
    liars: bool = True
    lies: int = 1
    lie: float = _LIE
    own: float = _OWN
    spread: float = _SPREAD
    heavy: bool = False

    def blocks(self, rng: np.random.Generator) -> tuple[list[str], Floats]:
        """Return the host and the log ratio of each block of one comparison."""
        noise = self.spread * rng.uniform(0.5, 2.0, self.hosts)
        counts = np.maximum(3, np.round(self.rounds * rng.uniform(0.5, 1.0, self.hosts))).astype(int)
        bias = rng.normal(0.0, self.own, self.hosts)
        if self.liars:
            lying = max(1, round(0.1 * self.hosts))
            ways = np.full(lying, self.lies) if self.lies else rng.choice(np.array([-1, 1]), lying)
            bias[:lying] += np.array([log_shift(float(way) * self.lie) for way in ways])
        names = [f"host {n}" for n, count in enumerate(counts) for _ in range(count)]
        each = [log_shift(self.shift) + bias[n] + noise[n] * self._noise(rng, count) for n, count in enumerate(counts)]
        return names, np.concatenate(each)

    def _noise(self, rng: np.random.Generator, count: int) -> Floats:
        return rng.standard_t(3, count) / np.sqrt(3) if self.heavy else rng.standard_normal(count)


def of_blocks(d: Floats, _: Sequence[str], level: float, upper: float) -> tuple[float, float, float]:
    """Return low, high and estimate of the test for one host: every block counts, whoever ran it."""
    averages = walsh_averages(d)
    low, high = critical_count(d.size, level), critical_count(d.size, upper)
    return (
        float(averages[low - 1]) if low else -np.inf,
        float(averages[-high]) if high else np.inf,
        float(np.median(averages)),
    )


def of_hosts(d: Floats, hosts: Sequence[str], level: float, upper: float) -> tuple[float, float, float]:
    """Return the same of the signed ranks of the hosts' centres: no host is distrusted."""
    where = np.asarray(hosts)
    middle = np.array([hodges_lehmann(d[where == host]) for host in dict.fromkeys(hosts)])
    return of_blocks(middle, hosts, level, upper)


def of_t(d: Floats, hosts: Sequence[str], level: float, upper: float) -> tuple[float, float, float]:
    """Return the same of Student's t over the hosts' means (Ibragimov and Mueller 2010)."""
    from scipy.stats import t  # noqa: PLC0415  only here

    where = np.asarray(hosts)
    means = np.array([d[where == host].mean() for host in dict.fromkeys(hosts)])
    centre, error = float(means.mean()), float(means.std(ddof=1) / np.sqrt(means.size))
    low, high = (float(t.isf(each, means.size - 1)) for each in (level, upper))
    return centre - low * error, centre + high * error, centre


def ours(d: Floats, hosts: Sequence[str], level: float, upper: float) -> tuple[float, float, float]:
    """Return the same as the gate has it."""
    found = together(d, hosts, level, upper)
    return found.low, found.high, found.estimate


TESTS: dict[str, Callable[[Floats, Sequence[str], float, float], tuple[float, float, float]]] = {
    "blocks": of_blocks,
    "t": of_t,
    "signed ranks": of_hosts,
    "the gate": ours,
}


def rates(fleet: Fleet, test: str, runs: int, margin: float, seed: int = SEED) -> tuple[int, int, int]:
    """Return how often the low bound is above the truth, and how often the gate says REGRESSION and PASS."""
    plan = Plan((1,), 0.01)
    level, upper = plan.nominal_alpha(0), plan.with_alpha(0.05).nominal_alpha(0)
    above = worse = passes = 0
    for run in range(runs):
        names, d = fleet.blocks(np.random.default_rng([seed, fleet.hosts, run]))
        low, high, estimate = TESTS[test](d, names, level, upper)
        above += low > log_shift(fleet.shift)
        worse += low > 0.0 and estimate > log_shift(margin)
        passes += high < log_shift(margin)
    return above, worse, passes


def shown(found: int, of: int) -> str:
    """Return a rate with its exact 95 % interval."""
    exact = clopper_pearson(found, of)
    return f"{100 * found / of:.1f} % [{100 * exact.low:.1f}, {100 * exact.high:.1f}]"


if __name__ == "__main__":
    import time

    runs = int(sys.argv[1])
    for hosts in (4, 16, 64):
        for lies in (1, -1, 0):
            for test in TESTS:
                t0 = time.time()
                a = rates(Fleet(hosts, lies=lies), test, runs, 0.1)
                b = rates(Fleet(hosts, lies=lies, shift=0.3), test, runs, 0.1)
                print(
                    hosts,
                    lies,
                    test,
                    "above",
                    a[0] / runs,
                    "regr",
                    a[1] / runs,
                    "pass",
                    a[2] / runs,
                    "| 0.3: regr",
                    b[1] / runs,
                    round(time.time() - t0, 1),
                    flush=True,
                )
