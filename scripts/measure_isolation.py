"""Measure what a shield gives: jitter of a CPU, and the p99 of a fixed loop, with and without it, turn by turn.

    sudo python3 scripts/measure_isolation.py                   among the neighbours that there are
    sudo python3 scripts/measure_isolation.py --neighbours 4    with four busy processes of our own
    sudo python3 scripts/measure_isolation.py --lockstep        the ratio of two equal sides in lockstep

Each turn runs one fresh process pinned to the CPU as it is, and one inside the shield of isolate_cpus.py, in random
order, so that both meet the same neighbours. docs/isolation.md has the figures of one machine.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import subprocess
import sys
import time
from array import array
from pathlib import Path
from statistics import median, stdev
from typing import TYPE_CHECKING, Any

# A script is run by its path: the checkout is not on the module path then.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tailgate.machine.jitter import probe
from tailgate.machine.shield import INVITATION

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OPERATIONS = 20_000
BLOCK_OPERATIONS = 10_000
PASSES = 7
WARM_UP = 2
PROBE_SECONDS = 0.5
ARMS = ("as it is", "shielded")
GAPS = ("gaps > 10 µs /s", "gaps > 100 µs /s", "gaps > 1 ms /s")
QUANTILES = ((0.50, "p50"), (0.99, "p99"), (0.999, "p99.9"), (1.0, "max"))


def replay(samples_ns: array[int], clock: Callable[[], int]) -> None:
    """Time a fixed operation of about two microseconds, once for each slot of `samples_ns`."""
    table = dict.fromkeys(range(1024), 1)
    for index in range(len(samples_ns)):
        start = clock()
        for key in range(index & 511, (index & 511) + 48):
            table[key] += 1
        samples_ns[index] = clock() - start


def quantile(ordered: Sequence[int], share: float) -> int:
    """Return the value at or below which a share of the ordered values lies."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def measure(cpu: int) -> dict[str, float]:
    """Measure jitter and the loop in this process, on one CPU: nanoseconds, gaps a second, share lost."""
    os.sched_setaffinity(0, {cpu})
    seen = probe(cpu, PROBE_SECONDS)
    passes = [array("q", bytes(8 * OPERATIONS)) for _ in range(WARM_UP + PASSES)]
    for samples in passes:
        replay(samples, time.perf_counter_ns)
    raw = sorted(value for samples in passes[WARM_UP:] for value in samples)
    least = sorted(min(values) for values in zip(*passes[WARM_UP:], strict=True))
    return {
        "lost share": seen.lost_share,
        **dict(zip(GAPS, map(seen.per_second, (seen.above_10us, seen.above_100us, seen.above_1ms)), strict=True)),
        "longest gap": seen.longest_ns,
        **{name: quantile(raw, share) for share, name in QUANTILES},
        "reproducible p99": quantile(least, 0.99),
    }


def measure_block(cpu: int, *, invited: bool) -> dict[str, float]:
    """Run one block of lockstep with two equal sides; return the percentiles of one, and the ratios of both."""
    # Only this way of measuring needs the whole instrument, and numpy with it.
    from tailgate.config import Config  # noqa: PLC0415 - see above
    from tailgate.machine.place import Place, place_of  # noqa: PLC0415 - see above
    from tailgate.machine.placement import choose_cpus  # noqa: PLC0415 - see above
    from tailgate.measure.lockstep import run_block  # noqa: PLC0415 - see above
    from tailgate.measure.sides import Side  # noqa: PLC0415 - see above
    from tailgate.project.plans import plan_of  # noqa: PLC0415 - see above
    from tailgate.statistics.quantiles import quantiles  # noqa: PLC0415 - see above

    place = place_of(choose_cpus()) if invited else Place(cpu, frozenset(os.sched_getaffinity(0) - {cpu}))
    if place.cpu != cpu:
        raise SystemExit(f"CPU {place.cpu} was chosen, not {cpu}: is the shield another one?")
    fixtures = Config(Path(__file__).resolve().parents[1], "tailgate.judge.fixtures")
    plan = plan_of(fixtures, {}, place, operations=BLOCK_OPERATIONS, passes=PASSES)
    sides = [Side(name, "fixture/steady") for name in ("a", "b")]
    block = run_block(sides, plan, random.Random())
    found: dict[str, float] = {}
    for kind in ("raw", "reproducible"):
        one, other = (getattr(block[side.name], kind)() for side in sides)
        for share, name in QUANTILES[:3]:
            a, b = (quantiles(side, (share,))[0] for side in (one, other))
            found |= {f"{kind} {name}": a, f"{kind} {name} ratio": b / a}
    return found


def run_arm(arm: str, cpu: int, way: str) -> dict[str, float]:
    """Run one fresh process of an arm and return what it measured; its errors are shown and end the script."""
    me = Path(__file__).resolve()
    child = [sys.executable, str(me), "--child", way, "--cpu", str(cpu)]
    seat = "outside" if way == "lockstep" else "inside"
    shield = [
        sys.executable,
        str(me.with_name("isolate_cpus.py")),
        "run",
        "--cpus",
        str(cpu),
        "--placement",
        seat,
        "--",
    ]
    command = [*shield, *child] if arm == "shielded" else child
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{arm}: exit status {done.returncode}: {done.stderr}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def run_turns(cpu: int, turns: int, neighbours: int, seed: int, way: str) -> dict[str, list[dict[str, float]]]:
    """Alternate the arms, in an order drawn for each turn; busy neighbours of our own end with it."""
    draw = random.Random(seed)
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(neighbours)]
    found: dict[str, list[dict[str, float]]] = {arm: [] for arm in ARMS}
    try:
        for turn in range(turns):
            for arm in draw.sample(ARMS, k=len(ARMS)):
                found[arm].append(run_arm(arm, cpu, way))
            print(f"turn {turn + 1} of {turns}", file=sys.stderr)
    finally:
        for process in busy:
            process.kill()
            process.wait()
    return found


def table(found: dict[str, list[dict[str, float]]]) -> str:
    """Write the medians over processes as Markdown, and the spread of percentiles between processes."""
    rows = [("| over processes", *ARMS), ("| ---", *("---:" for _ in ARMS))]

    def row(title: str, name: str, say: Callable[[list[float]], str]) -> None:
        rows.append((f"| {title}", *(say(column(found[arm], name)) for arm in ARMS)))

    names = found[ARMS[0]][0].keys()
    for name in names:
        if name == "lost share":
            row("time lost, median", name, lambda shares: f"{median(shares):.2%}")
        elif name in GAPS:
            row(f"{name}, median", name, lambda rates: f"{median(rates):.0f}")
        elif not name.endswith("ratio"):
            row(f"{name}, median, µs", name, lambda values_ns: f"{median(values_ns) / 1000:.2f}")
    for name in names:
        if name not in ("lost share", *GAPS):
            row(f"{name}, spread (robust)", name, lambda values: f"{spread(values):.1%} ({robust(values):.1%})")
    return "\n".join(" | ".join(cells) + " |" for cells in rows)


def column(runs: Sequence[dict[str, float]], name: str) -> list[float]:
    """Return one figure of every process."""
    return [run[name] for run in runs]


def spread(values: Sequence[float]) -> float:
    """Return the standard deviation of the logarithms: the relative spread between processes."""
    return stdev(math.log(value) for value in values) if len(values) > 1 else 0.0


def robust(values: Sequence[float]) -> float:
    """Return the spread by the median absolute deviation, scaled to agree with the other on a normal distribution."""
    logs = [math.log(value) for value in values]
    middle = median(logs)
    return 1.4826 * median(abs(value - middle) for value in logs)


def main(arguments: Sequence[str]) -> None:
    """Measure, and print the table and the raw figures."""
    parser = argparse.ArgumentParser(description="Measure what a shield gives: jitter, p99, and their spread.")
    parser.add_argument("--cpu", type=int, default=max(os.sched_getaffinity(0)), help="the CPU (%(default)s)")
    parser.add_argument("--turns", type=int, default=8, help="processes an arm (%(default)s)")
    parser.add_argument("--neighbours", type=int, default=0, help="busy processes of our own (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the order of the arms (%(default)s)")
    parser.add_argument("--json", type=Path, help="write the figures of every process here")
    parser.add_argument("--lockstep", action="store_true", help="blocks of two equal sides instead of single processes")
    parser.add_argument("--child", choices=("loop", "lockstep"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child == "loop":
        print(json.dumps(measure(options.cpu)))
        return
    if options.child == "lockstep":
        print(json.dumps(measure_block(options.cpu, invited=INVITATION in os.environ)))
        return
    way = "lockstep" if options.lockstep else "loop"
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    found: dict[str, Any] = run_turns(options.cpu, options.turns, options.neighbours, options.seed, way)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    print(f"load before {load}, {options.neighbours} busy neighbours of our own, {options.turns} processes an arm\n")
    print(table(found))


if __name__ == "__main__":
    main(sys.argv[1:])
