"""Hold `history gate` beside the lockstep gate on the same recorded blocks: what it costs not to run base beside head.

    tailgate calibrate fixture --gates 12             records (as the machine is; add --load for a busy other CPU)
    python scripts/compare_gates.py build/calibrate   judges every recording there by both rules

The lockstep gate judges groups of blocks as they came, by its own code (`calibrate` does the same). For `history gate`
a run is PROCESSES consecutive processes of one arm; the newest, of a head, is held against base's runs before it, with
the gate's own margin and alpha, by the code of `history gate`. Where there are recordings of one benchmark under two
conditions, runs of the one are held against a history of the other, too: that is what a neighbour does to a runner.

Kinder to `history gate` than life: the runs follow each other within minutes, in processes that share their machine's
state with every other arm, and nothing was rebooted, upgraded or moved between them.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

# A script is run by its path: the checkout is not on the module path then.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tailgate.documents.calibration import FILE, Recording
from tailgate.documents.envelope import load
from tailgate.judge.arms import BASE
from tailgate.judge.calibrate import arm_of, resampled_gates, true_shift, whole_gates
from tailgate.judge.gate import GateRules
from tailgate.machine.place import choose_place
from tailgate.project.opening import open_project
from tailgate.project.plans import gate_plan
from tailgate.statistics.binomial import clopper_pearson
from tailgate.statistics.estimate import log_shift
from tailgate.statistics.level import LEAST_RUNS, against
from tailgate.statistics.quantiles import LADDER
from tailgate.statistics.sequential import Plan as Looks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tailgate.documents.calibration import Tally
    from tailgate.documents.comparison import Kind
    from tailgate.statistics.estimate import Floats

HEADS = ("identical", "every 3 %", "every 5 %")
PROCESSES = 5
"""Of a run: a bench's own default."""


def shown(found: int, of: int) -> str:
    """Return a rate with its exact 95 % interval."""
    if not of:
        return "no decision"
    exact = clopper_pearson(found, of)
    return f"{found} of {of}, {100 * found / of:.1f} % [{100 * exact.low:.1f}, {100 * exact.high:.1f}]"


def runs_of(recording: Recording, arm: str, kind: Kind) -> Floats:
    """Return the p99 of each run of an arm, as a logarithm: the mean over its processes."""
    p99 = np.log(np.asarray(recording.series.rows[kind][arm], dtype=np.float64)[:, LADDER.index(0.99)])
    whole = p99.size // PROCESSES
    found: Floats = p99[: whole * PROCESSES].reshape(whole, PROCESSES).mean(axis=1)
    return found


def says_slower(before: Floats, newest: float, rules: GateRules) -> bool:
    """Tell whether `history gate` calls it a regression, of one benchmark."""
    found = against(before, newest, rules.looks.alpha)
    return found is not None and found.shift.low > 0.0 and found.shift.estimate > log_shift(100 * rules.margin)


def level_gate(
    history: Recording, newest: Recording, kind: Kind, last: int, rules: GateRules
) -> dict[str, tuple[int, int]]:
    """Return how often each kind of head is called slower, and how many decisions there were."""
    before, found = runs_of(history, BASE, kind), {}
    for head in HEADS:
        runs, said = runs_of(newest, arm_of(head), kind), []
        for place, run in enumerate(runs):
            known = before[:place] if history is newest else before
            if known.size >= LEAST_RUNS:
                said.append(says_slower(known[-last:], float(run), rules))
        found[head] = (sum(said), len(said))
    return found


def lockstep(tallies: Sequence[Tally]) -> list[str]:
    """Return how often the lockstep gate called each kind of head a regression, and what else it said."""
    cells = []
    for head in HEADS:
        (tally,) = (each for each in tallies if each.kind == head)
        rest = Counter(tally.verdicts)
        regressions = rest.pop("REGRESSION", 0)
        rest.pop("PASS", 0)
        more = "".join(f", {number} {word}" for word, number in sorted(rest.items()) if number)
        cells.append(shown(regressions, tally.decisions) + more)
    return cells


def table(recordings: Sequence[Recording], rules: GateRules, plan: object, decisions: int) -> Iterator[str]:
    """Yield the lines of the table."""
    yield "| work | judge | identical: false alarms | 3 % slower: found | 5 % slower: found |"
    yield "| --- | --- | --- | --- | --- |"
    for each in recordings:
        work = f"{each.benchmark}, {each.condition}"
        blocks = len(each.series)
        shifts = ", ".join(f"{head} is {100 * np.expm1(true_shift(each, arm_of(head))):+.2f} %" for head in HEADS)
        seconds = float(np.median(each.seconds)) * 4 / len(each.series.rows["raw"])
        whole = lockstep(whole_gates(each, rules, plan))  # type: ignore[arg-type]  # a Plan
        drawn = lockstep(resampled_gates(each, decisions, rules, plan, random.Random(1)))  # type: ignore[arg-type]  # as above
        used = sum(map(len, each.gates)) / max(len(each.gates), 1)
        yield f"| {work}: {blocks} blocks; {shifts} | | | | |"
        yield f"| | lockstep gate, whole: {used:.0f} blocks, {used * seconds:.0f} s | " + " | ".join(whole) + " |"
        yield f"| | lockstep gate, resampled | {' | '.join(drawn)} |"
        yield from levels(each, each, rules, "")
    for history, newest in permutations(recordings, 2):
        if history.benchmark == newest.benchmark:
            yield f"| {newest.benchmark}, {newest.condition}; the history {history.condition} | | | | |"
            yield from levels(history, newest, rules, "")


def levels(history: Recording, newest: Recording, rules: GateRules, work: str) -> Iterator[str]:
    """Yield the rows of `history gate`."""
    kinds: tuple[Kind, ...] = ("reproducible", "raw")
    for kind in kinds:
        scatter = float(runs_of(history, BASE, kind).std(ddof=1))
        for last in (6, 20):
            found = level_gate(history, newest, kind, last, rules)
            judge = f"`history gate`, {kind} p99, last {last} (a run scatters by {100 * scatter:.1f} %)"
            yield f"| {work} | {judge} | {' | '.join(shown(*found[head]) for head in HEADS)} |"


def main(arguments: list[str]) -> int:
    """Print the table; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--decisions", type=int, default=300, help="resampled gates")
    told = parser.parse_args(arguments)
    project = open_project()
    config = project.config.gate
    rules = GateRules(Looks(config.interim_analyses, config.alpha), config.margin, float("inf"))
    plan = gate_plan(project.config, {}, choose_place(None, probe_seconds=0.3))
    paths = [path for path in sorted(told.folder.glob("*.json")) if path.name != FILE]
    for line in table([load(path, Recording) for path in paths], rules, plan, told.decisions):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
