"""Measure what the search for changes cries of nothing, and what it finds, on made-up histories of known truth.

    python scripts/simulate_history.py              the tables of docs/history.md
    python scripts/simulate_history.py --penalties  how the penalties were chosen
    python scripts/simulate_history.py --otava      apache-otava on the same series, in an environment of its own
    python scripts/simulate_history.py --runs 100   quicker, and rougher

Every figure comes from a fixed seed: the same command prints the same page.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np

# A script is run by its path: the checkout is not on the module path then.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tailgate.history.second_opinion import Found as Otava
from tailgate.history.second_opinion import changes_of, otava
from tailgate.statistics.binomial import clopper_pearson
from tailgate.statistics.changes import LEVEL_PENALTY, level_changes, link_penalty
from tailgate.statistics.estimate import log_shift
from tailgate.statistics.histories import SPREAD, history, with_step
from tailgate.statistics.level import against
from tailgate.statistics.simulation import Noise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tailgate.statistics.estimate import Floats

ENVIRONMENTS = Path(__file__).resolve().parents[1] / "build" / "environments"
LENGTHS = (20, 50, 200, 1000)


def shown(found: int, of: int) -> str:
    """Return a rate with its exact 95 % interval."""
    exact = clopper_pearson(found, of)
    return f"{100 * found / of:.1f} % [{100 * exact.low:.1f}, {100 * exact.high:.1f}]"


def false_alarms(runs: int) -> Iterator[str]:
    """Tabulate how often identical code has a change, by length of the history and noise of the blocks."""
    yield "| noise of a block | " + " | ".join(f"{n} commits" for n in LENGTHS) + " |"
    yield "| --- |" + " ---: |" * len(LENGTHS)
    for noise in get_args(Noise):
        cells = []
        for commits in LENGTHS:
            tries = max(runs // 4, 20) if commits == 1000 else runs
            alarms = sum(bool(history(np.zeros(commits), noise, seed=1000 + n).changes()) for n in range(tries))
            cells.append(shown(alarms, tries))
        yield f"| {noise} | " + " | ".join(cells) + " |"


def found_steps(runs: int) -> Iterator[str]:
    """Tabulate how often a step in 200 gates is found: at its very commit, in a range that holds it, not at all."""
    yield "| step | spread of a block | at the very commit | in a range of several | not at all | something else too |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    rng = np.random.default_rng(5)
    for percent in (-3.0, 1.5, 2.0, 3.0, 5.0):
        for spread in (SPREAD, 0.02):
            exact = ranged = missed = more = 0
            for n in range(runs):
                at = int(rng.integers(2, 198))
                found = history(with_step(200, percent, at), "normal", spread, 5000 + n).changes()
                holding = [each for each in found if each.first <= at <= each.last]
                missed += not holding
                exact += any(each.first == each.last for each in holding)
                ranged += bool(holding) and not any(each.first == each.last for each in holding)
                more += len(found) > len(holding)
            cells = " | ".join(shown(each, runs) for each in (exact, ranged, missed, more))
            yield f"| {percent:+g} % | {100 * spread:.2f} % | {cells} |"


def found_drifts(runs: int) -> Iterator[str]:
    """Tabulate how often a drift over 60 of 200 commits is found."""
    yield "| each of 60 commits | in all | found | as a drift |"
    yield "| --- | ---: | ---: | ---: |"
    for percent in (0.05, 0.1, 0.15, 0.2, 0.3):
        shifts = np.zeros(200)
        shifts[80:140] = log_shift(percent)
        found = [history(shifts, seed=9000 + n).changes() for n in range(runs)]
        hit = [[each for each in one if each.last >= 80 and each.first < 140] for one in found]
        drifts = sum(any(each.kind == "drift" for each in one) for one in hit)
        total = 100 * np.expm1(60 * log_shift(percent))
        yield f"| {percent:g} % | {total:.1f} % | {shown(sum(map(bool, hit)), runs)} | {shown(drifts, runs)} |"


def level_alarms(runs: int) -> Iterator[str]:
    """Tabulate the same for absolute figures whose errors are independent, and for those that wander."""
    yield "| runs | independent errors | errors that wander (AR(1), 0.5) | a step of four standard deviations found |"
    yield "| ---: | ---: | ---: | ---: |"
    rng = np.random.default_rng(6)
    for length in (8, 20, 50, 200):
        noise = rng.standard_normal((runs, length))
        alarms = sum(bool(level_changes(row)) for row in noise)
        wander = noise.copy()
        for column in range(1, length):
            wander[:, column] += 0.5 * wander[:, column - 1]
        wandering = sum(bool(level_changes(row)) for row in wander)
        step = noise.copy()
        step[:, length // 2 :] += 4.0
        hits = sum(any(e.first <= length // 2 <= e.last for e in level_changes(row)) for row in step)
        yield f"| {length} | {shown(alarms, runs)} | {shown(wandering, runs)} | {shown(hits, runs)} |"


def level_gate(runs: int) -> Iterator[str]:
    """Tabulate what `history gate` cries and finds, by the scatter of a run: what absolute figures cost."""
    yield "| scatter of a run (p99) | runs before | false alarms at 1 % | 5 % slower: found | 20 % slower: found |"
    yield "| ---: | ---: | ---: | ---: | ---: |"
    rng = np.random.default_rng(7)
    for scatter in (0.02, 0.05, 0.1, 0.3):
        for before in (6, 20):
            rows = rng.normal(0, scatter, (runs, before + 1))
            cells = []
            for percent in (0.0, 5.0, 20.0):
                found = 0
                for row in rows:
                    judged = against(row[:-1], row[-1] + log_shift(percent), 0.01)
                    found += judged is not None and judged.shift.low > 0 and judged.shift.estimate > log_shift(2.0)
                cells.append(shown(found, runs))
            yield f"| {100 * scatter:g} % | {before} | " + " | ".join(cells) + " |"


def beside_otava(runs: int) -> Iterator[str]:
    """Tabulate what we and otava cry of nothing and find, on the very same series."""
    python = otava(ENVIRONMENTS)
    columns = ("any change", "at the very step", "in a range that holds it")
    named = (f"{who}: {what}" for what in columns[:2] for who in ("ours", "otava"))
    yield f"| series | {' | '.join(named)} | ours: {columns[2]} | otava: within 2 |"
    yield "| --- |" + " ---: |" * 6
    rng = np.random.default_rng(11)
    for length, scatter, step in (
        (20, 0.02, 0.0),
        (50, 0.02, 0.0),
        (200, 0.02, 0.0),
        (200, 0.02, 3.0),
        (200, 0.02, 8.0),
    ):
        at = length // 2
        logs = rng.normal(0, scatter, (runs, length))
        logs[:, at:] += log_shift(step)
        found = [[(each.first, each.last) for each in level_changes(row)] for row in logs]
        name = f"{length} absolute figures that scatter by {100 * scatter:g} %, "
        yield _compared(name + _stepped(step), found, changes_of(python, np.exp(logs).tolist()), at if step else None)
    wander = rng.normal(0, 0.02, (runs, 200))
    for column in range(1, 200):
        wander[:, column] += 0.5 * wander[:, column - 1]
    found = [[(each.first, each.last) for each in level_changes(row)] for row in wander]
    yield _compared(
        "200 that wander (AR(1), 0.5), identical code", found, changes_of(python, np.exp(wander).tolist()), None
    )
    for step in (0.0, 3.0):
        made = [history(with_step(200, step, 100), "normal", SPREAD, 30_000 + n) for n in range(runs)]
        chains = [np.exp(np.cumsum(each.values)).tolist() for each in made]
        found = [[(each.first, each.last) for each in one.changes()] for one in made]
        told = changes_of(python, chains)
        yield _compared(f"chain of 200 gates, {_stepped(step)}", found, told, 100 if step else None)


def _stepped(step: float) -> str:
    return f"a step of {step:g} %" if step else "identical code"


def _compared(name: str, ours: list[list[tuple[int, int]]], theirs: list[list[Otava]], at: int | None) -> str:
    """Return a row; at: the index of the step, None for none."""
    runs = len(ours)
    cells = [shown(sum(map(bool, ours)), runs), shown(sum(map(bool, theirs)), runs)]
    if at is None:
        cells += [""] * 4
    else:
        cells += [
            shown(sum((at, at) in each for each in ours), runs),
            shown(sum(any(one.index == at for one in each) for each in theirs), runs),
            shown(sum(any(first <= at <= last for first, last in each) for each in ours), runs),
            shown(sum(any(abs(one.index - at) <= 2 for one in each) for each in theirs), runs),
        ]
    return f"| {name} | " + " | ".join(cells) + " |"


def penalties(runs: int) -> Iterator[str]:
    """Tabulate the least penalty that cries in at most 4 of 100 histories of identical code, by length and noise."""
    yield "| history | noise | length | least penalty for 4 % | used |"
    yield "| --- | --- | ---: | ---: | ---: |"
    for noise in get_args(Noise):
        for length in LENGTHS[:3]:
            made = [history(np.zeros(length), noise, seed=20_000 + n) for n in range(runs)]
            needed = least(lambda price, made=made: sum(bool(each.changes(price)) for each in made) / runs)
            yield f"| links | {noise} | {length} | {needed:.2f} | {link_penalty(length):.2f} |"
    rng = np.random.default_rng(8)
    for length in (8, 20, 50, 200):
        rows: Floats = rng.standard_normal((runs, length))
        needed = least(lambda price, rows=rows: sum(bool(level_changes(row, price)) for row in rows) / runs)
        yield f"| levels | normal | {length} | {needed:.2f} | {LEVEL_PENALTY:.2f} |"


def least(rate: object) -> float:
    """Return the least penalty at which the rate of alarms is at most 4 %, to a tenth."""
    low, high = 2.0, 40.0
    while high - low > 0.1:
        middle = (low + high) / 2
        low, high = (low, middle) if rate(middle) <= 0.04 else (middle, high)  # type: ignore[operator]  # a function
    return high


def main(arguments: list[str]) -> int:
    """Print the tables; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=400, help="histories a figure")
    parser.add_argument("--penalties", action="store_true", help="how the penalties were chosen")
    parser.add_argument("--otava", action="store_true", help="apache-otava on the same series")
    told = parser.parse_args(arguments)
    parts = {
        "Identical code: histories with any change": false_alarms,
        "A step in 200 gates": found_steps,
        "A drift in 200 gates": found_drifts,
        "Absolute figures of one machine: histories with any change": level_alarms,
        "One run against the last ones": level_gate,
    }
    if told.penalties:
        parts = {"Penalties": penalties}
    if told.otava:
        parts = {"Beside apache-otava": beside_otava}
    for title, table in parts.items():
        print(f"### {title}\n", flush=True)
        for line in table(told.runs):
            print(line, flush=True)
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
