"""Measure what a gate over many hosts cries of nothing, and what it finds, on made-up fleets of known truth.

    python scripts/simulate_fleet.py              the tables of docs/fleet.md
    python scripts/simulate_fleet.py --runs 200   quicker, and rougher

Hosts differ in speed (a slower one has run fewer blocks by an analysis), in noise, and each by a little in its ratio. A
tenth of them lie, one at least: their ratio is off by 5 %. Fixed seeds: the same command prints the same page.
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
from tailgate.statistics.hosts import together
from tailgate.statistics.sequential import Plan
from tailgate.statistics.sign_flip import critical_count, hodges_lehmann, walsh_averages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tailgate.statistics.estimate import Floats

HOSTS = (4, 8, 16, 32, 64, 128, 256)
SEED = 20210417
_SPREAD = 0.012
_OWN = 0.002
_LIE = 5.0
_MOST_IN_BLOCKS = 16
"""Hosts beyond which the test over all blocks is not run: it holds the averages of all their pairs."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """A made-up fleet. rounds: blocks of the fastest host at the last analysis; lies: +1, -1 or 0 for either way."""

    hosts: int
    rounds: int = 24
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


@dataclass(frozen=True, slots=True)
class Rates:
    """How often, of so many runs: the low bound above the truth, REGRESSION, PASS."""

    runs: int
    above: int
    worse: int
    passes: int


def rates(fleet: Fleet, test: str, runs: int, margin: float) -> Rates:
    """Judge one figure of so many made-up comparisons at one analysis, with the errors of a gate; margin in percent."""
    plan = Plan((1,), 0.01)
    level, upper = plan.nominal_alpha(0), plan.with_alpha(0.05).nominal_alpha(0)
    above = worse = passes = 0
    for run in range(runs):
        names, d = fleet.blocks(np.random.default_rng([SEED, fleet.hosts, run]))
        low, high, estimate = TESTS[test](d, names, level, upper)
        above += low > log_shift(fleet.shift)
        worse += low > 0.0 and estimate > log_shift(margin)
        passes += high < log_shift(margin)
    return Rates(runs, above, worse, passes)


def shown(found: int, of: int) -> str:
    """Return a rate with its exact 95 % interval."""
    exact = clopper_pearson(found, of)
    return f"{100 * found / of:.1f} % [{100 * exact.low:.1f}, {100 * exact.high:.1f}]"


def error_table(runs: int, fleets: Sequence[int]) -> Iterator[str]:
    """Tabulate how often identical code has its low bound above zero, by test: 1 % is what is promised."""
    yield f"| hosts | all liars up: {' | '.join(TESTS)} | no liars: {' | '.join(TESTS)} |"
    yield "| ---: |" + " ---: |" * (2 * len(TESTS))
    for hosts in fleets:
        cells = []
        for liars in (True, False):
            for test in TESTS:
                if test == "blocks" and hosts > _MOST_IN_BLOCKS:
                    cells.append("not run")
                    continue
                found = rates(Fleet(hosts, liars=liars), test, runs, 2.0)
                cells.append(shown(found.above, runs))
        yield f"| {hosts} | {' | '.join(cells)} |"


def power_table(runs: int, fleets: Sequence[int]) -> Iterator[str]:
    """Tabulate what the gate says over hosts: margin 2 % but in the last columns, where it is 0.1 %."""
    yield (
        "| hosts | liars | as fast: REGRESSION | as fast: PASS | 3 %: REGRESSION | 5 %: REGRESSION "
        "| 0.3 %, margin 0.1 %: REGRESSION | as fast, margin 0.1 %: REGRESSION |"
    )
    yield "| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for hosts in fleets:
        for told, lies, liars in (("up", 1, True), ("down", -1, True), ("either way", 0, True), ("none", 0, False)):
            fleet = Fleet(hosts, lies=lies, liars=liars)
            same = rates(fleet, "the gate", runs, 2.0)
            slower = (rates(replace(fleet, shift=shift), "the gate", runs, 2.0) for shift in (3.0, 5.0))
            fine = rates(replace(fleet, shift=0.3), "the gate", runs, 0.1)
            none = rates(fleet, "the gate", runs, 0.1)
            cells = [same.worse, same.passes, *(each.worse for each in slower), fine.worse, none.worse]
            yield f"| {hosts} | {told} | {' | '.join(shown(each, runs) for each in cells)} |"


def lies_table(runs: int, _: Sequence[int]) -> Iterator[str]:
    """Tabulate the gate's error at 64 hosts by the size of the lie: small ones do not stand apart."""
    yield "| lie of a tenth, all up | low bound above the truth: normal noise | Student's t3 |"
    yield "| ---: | ---: | ---: |"
    for lie in (0.25, 0.5, 1.0, 2.0, 5.0, 20.0):
        found = (rates(Fleet(64, lie=lie, heavy=heavy), "the gate", runs, 2.0) for heavy in (False, True))
        yield f"| {lie:g} % | {' | '.join(shown(each.above, runs) for each in found)} |"


TABLES = {"error": error_table, "power": power_table, "lies": lies_table}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--hosts", type=int, nargs="+", default=HOSTS)
    parser.add_argument("--tables", nargs="+", default=list(TABLES), choices=list(TABLES))
    options = parser.parse_args()
    for table in (TABLES[name] for name in options.tables):
        print(f"\n{table.__doc__}\n")
        for line in table(options.runs, options.hosts):
            print(line, flush=True)


if __name__ == "__main__":
    main()
