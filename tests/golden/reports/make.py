"""Makes the results that the tests of the reports read: invented figures from a seed, in every command's format.

    python tests/golden/reports/make.py

The files beside this one were made by it once and stay: a reader of theirs must go on reading them.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyperf

from documents.contention.document import Contender, Contention, ThreadRun, contention_of
from documents.ledger import Cumulated, Ledger, Priority, Row
from documents.sizes.document import Sizes, curve_of
from documents.span import Span
from documents.times import Times
from documents.wire.document import Wire, wire_of
from documents.wire.runs import Capacity, Received, Run, Sent
from documents.wire.spec import RunSpec, TapeSpec, WireComposition
from tailgate.documents.bench import Spending
from tailgate.documents.envelope import save
from tailgate.documents.run import RunFacts
from tailgate.results import histogram, schema
from tailgate.results.store import RESULTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

WHEN = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
FOLDER = Path(__file__).resolve().parent
OPERATIONS, PASSES, PROCESSES = 12_000, 3, 2
STAGES = ("decode", "book", "risk", "rest")
BENCHMARKS = {  # name: (group, role, median ns)
    "decode/json": ("decode", "bottleneck", 2600),
    "decode/msgspec": ("decode", "recommended", 680),
    "decode/orjson": ("decode", "", 1800),
    "book/heap-rebuild[read_every=1]": ("book[read_every=1]", "bottleneck", 60_000),
    "book/near-window[read_every=1]": ("book[read_every=1]", "recommended", 740),
    "codec/struct[direction=encode,message=market]": ("codec[direction=encode,message=market]", "", 480),
    "pipeline/recommended": ("pipeline", "recommended", 1900),
    "pipeline/bottleneck": ("pipeline", "bottleneck", 65_000),
    "pipeline/recommended[split=stages]": ("pipeline[split=stages]", "recommended", 2400),
}


def rounded(samples: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """Coarsen to two digits, so that the encoded histograms stay small."""
    size = 10 ** np.maximum(np.floor(np.log10(samples)) - 1, 0)
    coarse: NDArray[np.int64] = (np.round(samples / size) * size).astype(np.int64)
    return coarse


def encoded(samples: NDArray[np.int64]) -> str:
    """Return a histogram as results hold it."""
    return histogram.encode(histogram.fill(samples))


def process(rng: np.random.Generator, name: str, block: int) -> dict[str, Any]:
    """Invent one process."""
    group, role, median_ns = BENCHMARKS[name]
    own = median_ns * rng.lognormal(0, 0.15, OPERATIONS) * np.where(rng.random(OPERATIONS) < 0.01, 6, 1)
    noise = rng.lognormal(0.05, 0.08, (PASSES, OPERATIONS)) * np.where(rng.random((PASSES, OPERATIONS)) < 0.002, 30, 1)
    passes = rounded(own * np.maximum(noise, 1.0))
    path, implementation = name.split("[", 1)[0].split("/")
    facts: dict[str, Any] = {
        "name": name,
        "python_version": "3.11.7 (64-bit)",
        "cpu_model_name": "an invented CPU",
        schema.VERSION: schema.SCHEMA,
        schema.HISTOGRAM: encoded(passes.ravel()),
        schema.REPRODUCIBLE: encoded(passes.min(axis=0)),
        schema.FIRST_PASS: encoded(rounded(passes[0] * 1.3)),
        schema.DIGEST: "1d32219325150320c18112b6a6ed0cfe",
        schema.OPERATIONS: OPERATIONS,
        schema.PASSES: PASSES,
        schema.FLOOR_INSIDE: 54.0,
        schema.FLOOR_TOTAL: 146.0,
        schema.PEAK_RSS: 48_955_392,
        schema.GROUP: group,
        schema.PATH: path,
        schema.IMPLEMENTATION: implementation,
        schema.BLOCK: block,
        schema.SETTINGS: json.dumps({"capture": "", "seed": 7, "messages": OPERATIONS}),
        schema.MACHINE + "verdict": "fit",
        schema.MACHINE + "best_cpu": 1,
    }
    if role:
        facts[schema.ROLE] = role
    if "split" in name:
        shares = (0.4, 0.35, 0.05, 0.2)
        for stage, share in zip(STAGES, shares, strict=True):
            facts[schema.STAGES + stage] = encoded(rounded(passes.ravel() * share))
    return facts


def bench(rng: np.random.Generator) -> None:
    """Invent a bench run."""
    suite = []
    for name, (_, _, median_ns) in BENCHMARKS.items():
        runs = [
            pyperf.Run([median_ns / 1e9], metadata=process(rng, name, block), collect_metadata=False)
            for block in range(PROCESSES)
        ]
        suite.append(pyperf.Benchmark(runs))
    (FOLDER / "bench").mkdir(exist_ok=True)
    pyperf.BenchmarkSuite(suite).dump(str(FOLDER / "bench" / RESULTS), replace=True)
    notes = ("load: 0.40 on 2 CPUs in the last minute",)
    unavailable = {"decode/simdjson": "the package simdjson is not installed <here>"}
    facts = RunFacts(
        "tailgate bench", 1_790_000_000.0, 117.4, "fit", notes, unavailable, {"pipeline": 100.0, "decode": 1.0}
    )
    save(FOLDER / "bench" / "run.json", facts)


def estimate(log_ratio: float, reach: float, blocks: int = 12) -> dict[str, Any]:
    """Invent an estimate."""
    return {
        "estimate": log_ratio,
        "low": log_ratio - reach,
        "high": log_ratio + reach,
        "confidence": 0.99,
        "n": blocks,
    }


def duel() -> dict[str, Any]:
    """Invent a duel: the second side is faster."""
    figures = [(k, p) for k in ("reproducible", "raw") for p in (0.5, 0.9, 0.99, 0.999)]
    shifts: list[dict[str, Any]] = [
        {
            "kind": kind,
            "p": p,
            "base_ns": 1000.0 / (1 - p),
            "head_ns": 900.0 / (1 - p),
            "comparison": {"verdict": "faster", "estimate": estimate(-0.105, 0.02 / (1 - p) ** 0.4), "mde": 0.03},
            "advisory": p == 0.999,
        }
        for kind, p in figures
    ]
    shifts[-1]["comparison"]["estimate"]["low"] = None  # open: so few blocks do not bound it
    sides = {"base": "book/bisect", "head": "book/near-window"}
    series = {"operations": OPERATIONS, "recorded": 3 * OPERATIONS, "rows": {}}
    return sides | {"verdict": "faster", "shifts": shifts, "blocks": 12, "seconds": 22.4, "series": series}


def gate() -> dict[str, Any]:
    """Invent a regression."""
    plain = {"log_ratio": 0.062, "low": 0.051, "high": None, "percent": 6.4}
    quiet = {"log_ratio": 0.001, "low": -0.006, "high": 0.008, "percent": 0.1}
    figure = {"verdict": "regression", "base_ns": 5703.5, "head_ns": 6067.0, "shift": plain, "detectable": 0.02}
    figure |= {"p_value": 0.0001, "control": quiet, "canary": plain, "environment_share": 0.3}
    trial = {"name": "pipeline/recommended", "verdict": "REGRESSION", "failure": "", "fitness": "yes", "blocks": 12}
    trial |= {"seconds": 60.0, "operations": OPERATIONS, "figures": {"reproducible": figure, "raw": figure}}
    count = {"benchmark": "pipeline/recommended", "what": "allocations", "base": 11.0, "head": 12.0, "margin": 0.0}
    report = {"schema": 1, "verdict": "REGRESSION", "exit_status": 1, "base": "main", "head": "worktree"}
    report |= {"margin": 0.02, "percentile": 0.99, "seconds": 127.3, "python": "3.11.7", "machine": {}}
    return report | {
        "benchmarks": [trial],
        "counts": [count | {"accepted": "", "worse": True}],
        "skipped": {"book/new": "it is new: main does not have it"},
        "notes": [],
    }


def times(value: float, reach: float = 0.1) -> Times:
    """Invent a gain with its interval."""
    return Times(value, round(value * (1 - reach), 4), round(value * (1 + reach), 4))


def ledger() -> Ledger:
    """Invent a ledger."""
    book, loop = "heap rebuilt on every update", "message handled inside the receive loop"
    b3 = Row(
        *("B3", 1, book, "sorted map", "5-10x", (5.0, 10.0), "path", "book", times(85), times(151, 0.4)),
        *((883.3, 4.64), "exceeded", ""),
    )
    b2 = Row(
        *("B2", 2, loop, "hand-off", "40-60 % lower under load", (1.67, 2.5), "wire", "", times(0.9)),
        *(Times(0.7, None, 0.95), None, "not met", "on two CPUs the hand-off costs a switch"),
    )
    c1 = Row(
        *("C1", 2, "manager of books behind a lock", "lock-free map", "2-3x throughput", (2.0, 3.0), "path", "", None),
        *(None, None, "not measurable here", "no free-threaded interpreter"),
    )
    return Ledger(
        "nox -s ledger",
        WHEN,
        2100.0,
        {"CPU": "an invented CPU", "Python": "3.11.7"},
        ("figures of a test",),
        (b3, replace(b3, where="pipeline", benchmark="", p50=times(30), p99=times(28), allocations=None), b2, c1),
        (Cumulated("phase 1", ("B3",), "3-5x", times(30), times(28)),),
        (Priority("B2", times(1.02), None), Priority("B3", times(30), times(25))),
        (
            Spending("WebSocket message", 50_000.0, 9_500.0, operations=20_000),
            Spending("book update", 10_000.0, 12_100.0, advisory=True, operations=10_000),
        ),
    )


def wire(rng: np.random.Generator) -> Wire:
    """Invent runs over the wire: two compositions at three rates, twice, the last of one failed."""
    runs = []
    order = encoded(np.array([90_000] * 60))
    for name, base in (("recommended", 20_000), ("bottleneck", 90_000)):
        composition = WireComposition(name, "picows", "uvloop", name, "raw")
        for rate, turn in ((rate, turn) for rate in (1000.0, 5000.0, 20_000.0) for turn in (0, 1)):
            number = 24_000 if rate > 1000 else 4_000
            ns = encoded(rounded(base * (1 + rate / 30_000) * rng.lognormal(0, 0.4, number)))
            failed = name == "bottleneck" and (rate > 5000 or (rate, turn) == (5000.0, 1))
            spec = RunSpec(composition, TapeSpec(), rate, number / rate)
            sent = Sent(spec.frames, 4 * 10**9, 0, 0, 30_000_000, 1.02, 12_000, 0, 60, 0)
            told = Received(
                *(spec.frames, number, 0, 4_010_000_000, order, ns, ns, order, order, (0, 0), 60, 60, 60, 0, 0),
                *(10**9, 20_000_000, "3.11.7", ((0.0, 40_000), (3.0, 40_004)), 0, 0, None, "a digest"),
            )
            runs.append(Run(spec, turn, sent, told, ("achieved 71.0% of the offered rate",) * failed))
    capacities = {"recommended": Capacity(42_000.0, 47_000.0, ((42_000.0, True), (47_000.0, False)))}
    machine = {"python": "3.11.7", "machine": "x86_64, 2 processors"}
    return wire_of("python -m suites.wire --runs 2", "an invocation", machine, runs, capacities)


def contention() -> Contention:
    """Invent two counters under two and eight threads, and one that is not there."""
    runs = []
    for turn in range(2):
        for name, ns in (("lock", 150), ("sharded", 90)):
            for threads in (2, 8):
                who = Contender("counters", name, threads, "floating", "3.11.7", 0.005, 4)
                counts = {ns + turn: 9_900, 3 * ns: 95, 5_020_000: 5}
                each = (1_000_000 // threads - turn, *[1_000_000 // threads] * (threads - 1))
                runs.append(ThreadRun(who, turn, each, sum(each), 1.0, counts, {ns // 2: 10_000}, "on"))
    missing = {"counters/ft-utils, 3.11.7": "the package ft_utils is not installed"}
    return contention_of("python -m suites.contention", {"machine": "x86_64, 2 CPUs"}, runs, missing)


def sizes() -> Sizes:
    """Invent a book that does not mind depth, one that does, and one beyond a cache."""
    costs: dict[str, Callable[[float], float]] = {
        "near-window": lambda n: 700.0,
        "heap-rebuild": lambda n: 500.0 + 60.0 * n,
        "bisect": lambda n: max(1_000.0, n),
    }
    curves = []
    for name, cost in costs.items():
        points = {
            size: (
                Span(cost(size), 0.99 * cost(size), 1.01 * cost(size)),
                Span(3 * cost(size), 2.0 * cost(size), 4.0 * cost(size)),
                20_000 if size < 10_000 else 300,
            )
            for size in (10, 30, 100, 300, 1_000, 3_000, 10_000)
        }
        curves.append(curve_of(("depth", "levels a side"), "book", name, points))
    return Sizes(
        "python -m suites.sizes depth",
        {"tailgate_machine_verdict": "fit"},
        tuple(curves),
        {"book/native": "no compiler"},
    )


def interpreters(rng: np.random.Generator) -> dict[str, Any]:
    """Invent a league of three builds over eight blocks."""
    ladder = np.array([1900.0, 2600.0, 5700.0, 21_000.0])
    gains = {"plain": 1.0, "pgo-both": 1 / 1.14, "twin of the base": 1.0}
    rows = {
        kind: {name: (ladder * gain * rng.normal(1, 0.004, (8, 1))).round().tolist() for name, gain in gains.items()}
        for kind in ("reproducible", "raw")
    }
    league = {"base": "plain", "unavailable": {"free-threaded": "no wheel of msgspec"}}
    return {"pipeline/recommended, training tape": league | {"series": {"operations": 1, "recorded": 1, "rows": rows}}}


def anatomy() -> dict[str, Any]:
    """Invent an anatomy."""

    def share(name: str, tail: int, whole: int) -> dict[str, Any]:
        return {"name": name, "tail_count": tail, "tail_share": tail / 120} | {
            "whole_count": whole,
            "whole_share": whole / OPERATIONS,
        }

    tail = {"count": 120, "of": OPERATIONS, "threshold_ns": 5161.0, "why": []}
    tail |= {"labels": [share("snapshots", 90, 110)], "causes": [share("a page fault", 0, 0)]}
    raw = tail | {"kind": "raw", "why": [["slow in every pass", 0.7], ["no cause observed", 0.3]]}
    head = {"benchmark": "pipeline/recommended", "percentile": 99.0, "processes": 2, "passes": 3}
    head |= {"operations": OPERATIONS, "raw": raw, "reproducible": tail | {"kind": "reproducible"}, "counters": {}}
    return head | {"notes": [], "sentences": ["75 % of the reproducible p99 are snapshots (0.9 % of the tape)"]}


def allocations() -> list[dict[str, Any]]:
    """Invent two counts."""
    site = {"function": "_set", "file": "implementations/book/bisect.py", "line": 58, "bytes_per_operation": 96.0}
    return [
        {"benchmark": name, "operations": 4000, "per_operation": number, "bytes_per_operation": 512.6}
        | {"retained_per_operation": 127.8, "peak_bytes": 548_204, "stages": []}
        | {"sites": [site | {"per_operation": number}] if number else []}
        for name, number in (("book/near-window[read_every=1]", 4.64), ("decode/msgspec", 0.0))
    ]


def main() -> None:
    """Write all files."""
    rng = np.random.default_rng(7)
    bench(rng)
    plain = {
        "duel/duel.json": duel(),
        "gate/verdict.json": gate(),
        "anatomy/pipeline-recommended.json": anatomy(),
        "interpreter-comparison/interpreters.json": interpreters(rng),
    }
    for name, value in plain.items():
        (FOLDER / name).parent.mkdir(exist_ok=True)
        (FOLDER / name).write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    save(FOLDER / "ledger" / "ledger.json", ledger(), WHEN)
    save(FOLDER / "wire" / "results.json", wire(rng), WHEN)
    save(FOLDER / "contention" / "contention.json", contention(), WHEN)
    save(FOLDER / "sizes" / "sizes.json", sizes(), WHEN)
    weighed = {"allocator": "jemalloc", "benchmark": "decode/msgspec", "peak_bytes": 50_896_896, "grown_bytes": 360_448}
    weighed |= {"operations": 4000, "rss_bytes": 50_000_000, "asked_bytes": 40_000_000, "held_bytes": 46_320_000}
    lines = {"allocations": allocations(), "allocators": [weighed | {"jemalloc_bytes": {}, "fragmentation": 1.158}]}
    (FOLDER / "allocations").mkdir(exist_ok=True)
    for name, values in lines.items():
        text = "".join(json.dumps(value) + "\n" for value in values)
        (FOLDER / "allocations" / f"{name}.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
