"""Puts the ledger together as plain data: schema 1 of `reports/ledger.py`, which makes the documents of it."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from suites.ledger.builds import NATIVE, TRAINED
from suites.ledger.contention import contention_rows, runners
from suites.ledger.contests import BOTTLENECK_PIPELINE, ONE_MADE, ONE_MISSING, RECOMMENDED_PIPELINE, phase_sides
from suites.ledger.judging import (
    REPEATED,
    difference_of,
    join,
    judge,
    judge_counts,
    microseconds,
    plain_times,
    repeatable,
)
from suites.ledger.measuring import CONTENTION
from suites.ledger.promises import BY_ID, PHASES, PROMISES, STEP_OF
from suites.ledger.wire import wire_rows
from tailgate.statistics.quantiles import LADDER, is_advisory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from suites.ledger.contests import Contest, Pair
    from suites.ledger.measuring import Measuring
    from suites.ledger.state import State
    from suites.ledger.wire import Run
    from tailgate.judge.league import League, Times
    from tailgate.judge.series import Kind

SCHEMA: Final = 1
KIND: Final[Kind] = "reproducible"
_NOT_MEASURED: Final = "it was not measured: --resume goes on"
_NOTES: Final = (
    (
        "p50 and p99 of the paths and of the pipeline are reproducible ones: the least time of each operation over "
        "{passes} passes or more, so that what the machine does at random is left out; of the wire and of threads they "
        "are raw"
    ),
    (
        "a percentage that was promised is read as that much less time: 50 % lower is 2x; without another word a "
        "promise is judged at p99, by the interval"
    ),
    (
        "an interval is the 95 % one over the blocks, widened by {repeated:.0%}: by so much two whole runs were seen "
        "to differ beyond it; on the wire it is the one over the runs, as it is"
    ),
    (
        "a pipeline row has one mend missing from the recommended pipeline; B7, M1, M2, M3 and C1 are no part of the "
        "in-process pipeline, C2 cannot be one of lockstep, where all sides share a CPU"
    ),
)
_WIRE_FIRST: Final = frozenset({"B2", "B7"})
"""Rows whose promise is about the wire; of B6 the path comes first."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What stands above the tables."""

    command: str
    date: str
    budgets: Mapping[str, float]  # of the project: a group's, or a benchmark's, microseconds at p99
    machine: Mapping[str, str] | None = None  # where it was measured; None: here and now


def document(measured: Measuring, runs: Sequence[Run], faults: Sequence[str], facts: Facts) -> dict[str, Any]:
    """Give the whole ledger as it is known now."""
    state = measured.state
    found = {each.name: each for each in measured.contests}
    return {
        "schema": SCHEMA,
        "command": facts.command,
        "date": facts.date,
        "seconds": state.seconds,
        "machine": facts.machine or machine(measured),
        "notes": [*_notes(measured), *faults, *(f"{name}: {why}" for name, why in state.failed.items())],
        "rows": rows(measured, list(found.values()), runs),
        "cumulated": cumulated(measured),
        "matrix": matrix(state, list(found.values())),
        "budgets": budgets(state, list(found.values()), facts.budgets),
    }


def machine(measured: Measuring) -> dict[str, str]:
    """Say where it was measured, and what that place is worth."""
    fitness = measured.place.fitness
    return {
        "machine": f"{_cpu()}, {os.cpu_count()} CPUs, {platform.system()} {platform.release()}",
        "interpreter": f"{measured.builds.base_name}, where nothing else is named",
        "fitness": f"{fitness.verdict} ({', '.join(reason.partition(':')[0] for reason in fitness.reasons)})",
        "CPU": f"lockstep on CPU {measured.place.cpu}, threads on {', '.join(map(str, measured.threads.cpus))}",
    }


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:  # noqa: PTH123  a kernel's file
            return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    except OSError:
        return platform.processor() or platform.machine()


def _notes(measured: Measuring) -> list[str]:
    passes = min(contest.effort.passes for contest in measured.contests)
    found = [note.format(passes=passes, repeated=REPEATED) for note in _NOTES]
    leagues = measured.state.leagues.items()
    advisory = [f"{name} ({each.series.operations:,})" for name, each in leagues if _few(each)]
    if advisory:
        found.append(f"too few operations a pass for more than an advisory p99: {', '.join(advisory)}")
    if {NATIVE, TRAINED[0]} <= measured.builds.variants.keys():
        found.append(
            f"phase 3 runs on {TRAINED[0]}, which is built without {BY_ID['I1'].mend}: I1 is in phases 1 and 2 alone"
        )
    if measured.quick:
        found.insert(0, "a quick run: fewer blocks, operations and sides than the whole ledger has")
    if measured.builds.countable:
        found.append(f"allocations were not counted: {measured.builds.countable}")
    return found


def _few(league: League) -> bool:
    return is_advisory(0.99, league.series.operations)


def rows(measured: Measuring, found: Sequence[Contest], runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Give all rows by the order of the promises; an id's first row carries its promise."""
    every = [row for contest in found for row in _league_rows(measured.state, contest)]
    wire = wire_rows(runs)
    _, missing = runners(measured.builds)
    why = measured.state.failed.get(CONTENTION, "") if measured.state.contention is None else ""
    threads = contention_rows(measured.state.contention, missing, why, measured.threads)
    ordered: list[dict[str, Any]] = []
    for promise in PROMISES:
        mine = [row for row in [*threads, *every] if row["id"] == promise.id]
        over_wire = [row for row in wire if row["id"] == promise.id]
        mine = [*over_wire, *mine] if promise.id in _WIRE_FIRST else [*mine, *over_wire]
        ordered += map(_complete, mine)
    return ordered


def _complete(row: Mapping[str, Any]) -> dict[str, Any]:
    promise, held = BY_ID[row["id"]], _is_held(row)
    bounds = promise.bounds if held and promise.judged == "p99" else None  # the picture's axis is the time's
    return {
        "id": promise.id,
        "phase": promise.phase,
        "bottleneck": promise.bottleneck,
        "mend": promise.mend,
        "promised": promise.promised if held else "",
        "promised_times": list(bounds) if bounds else None,
        **row,
    }


def _is_held(row: Mapping[str, Any]) -> bool:
    """Tell whether a row is held against the promise, as `_verdict` does, or against no gain at all."""
    if row["where"] == "pipeline" and row["id"] in STEP_OF:
        return False
    return not (BY_ID[row["id"]].judged == "throughput" and row["benchmark"].startswith("manager/"))


def _league_rows(state: State, contest: Contest) -> list[dict[str, Any]]:
    league = state.leagues.get(contest.name)
    found = [
        _row(state, league, pair, state.failed.get(contest.name, _NOT_MEASURED))
        for pair in contest.pairs
        if pair.where == "path" or contest.name != ONE_MADE  # those are the matrix's
    ]
    if contest.name != ONE_MADE:
        found += [_absent(key.split()[0], "pipeline", key.split()[1], why) for key, why in contest.missing.items()]
    return found


def _absent(row: str, where: str, benchmark: str, why: str) -> dict[str, Any]:
    shown = {"id": row, "where": where, "benchmark": benchmark, "measured": None, "allocations": None}
    return shown | {"verdict": "not measurable here", "why": why}


def times_at(league: League | None, pair: Pair, p: float) -> Times | None:
    """Give the gain of a pair at one percentile, or None where a side did not run."""
    if league is None or not {pair.base, pair.head} <= set(league.sides()):
        return None
    return repeatable(league.times(pair.head, KIND, p, base=pair.base))


def _row(state: State, league: League | None, pair: Pair, why: str) -> dict[str, Any]:
    p50, p99 = (times_at(league, pair, p) for p in (0.5, 0.99))
    if league is None or p50 is None or p99 is None:
        unavailable = league.unavailable if league else {}
        told = next((unavailable[name] for name in (pair.base, pair.head) if name in unavailable), why)
        return _absent(pair.id, pair.where, pair.benchmark, told)
    counts = [state.allocations.get(name) for name in (pair.base, pair.head)]
    before, after = counts
    allocations = {"before": before, "after": after} if before is not None and after is not None else None
    shown = {
        "id": pair.id,
        "where": pair.where,
        "benchmark": pair.benchmark,
        "measured": {"p50": plain_times(p50), "p99": plain_times(p99)},
        "allocations": allocations,
    }
    return shown | _verdict(state, league, pair, p99, allocations)


def _verdict(
    state: State, league: League, pair: Pair, p99: Times, allocations: Mapping[str, float] | None
) -> dict[str, str]:
    promise = BY_ID[pair.id]
    if pair.where == "pipeline" and pair.id in STEP_OF:
        judged = judge(p99, None)
        return {"verdict": judged.verdict, "why": judged.why or "no figure was promised for the whole pipeline"}
    if promise.judged == "allocations":
        if allocations is None:
            why = next((state.uncounted[name] for name in (pair.base, pair.head) if name in state.uncounted), "")
            return {"verdict": "not measurable here", "why": why or "allocations were not counted"}
        counted = judge_counts(allocations["before"], allocations["after"], promise.bounds)
        return {"verdict": counted.verdict, "why": join(counted.why, "judged by the allocations")}
    if promise.judged == "saved":
        saved = _saved(league, pair)
        judged = judge(saved, promise.bounds, nothing=0.0)
        return {"verdict": judged.verdict, "why": join(judged.why, f"saved at p99: {microseconds(saved)}")}
    if promise.judged == "throughput":
        judged = judge(p99, None)
        return {"verdict": judged.verdict, "why": join(judged.why, "one thread, nobody to wait for")}
    judged = judge(p99, promise.bounds)
    return {"verdict": judged.verdict, "why": judged.why}


def _saved(league: League, pair: Pair) -> Times:
    step = LADDER.index(0.99)
    table = league.series.rows[KIND]
    pairs = zip(table[pair.base], table[pair.head], strict=True)
    return difference_of([(base[step] - head[step]) / 1e3 for base, head in pairs])


def cumulated(measured: Measuring) -> list[dict[str, Any]]:
    """Give the whole pipeline with all mends up to each phase against the bottleneck."""
    league = measured.state.leagues.get(ONE_MADE)
    promised = {phase: (text, mends) for phase, mends, text, _ in PHASES}
    found = []
    for phase, mends, side in phase_sides(measured.builds, quick=measured.quick):
        if league is None or side.name not in league.sides():
            continue
        times = [league.times(side.name, KIND, p, base=BOTTLENECK_PIPELINE) for p in (0.5, 0.99)]
        p50, p99 = (plain_times(repeatable(each)) for each in times)
        text, _ = promised[phase[0]]
        found.append({"phase": phase, "mends": list(mends), "promised": text, "p50": p50, "p99": p99})
    return found


def matrix(state: State, found: Sequence[Contest]) -> list[dict[str, Any]]:
    """Give the gain in the end-to-end p99 of each mend, missing alone and made alone; null where it has none here."""
    gains: dict[str, dict[str, Any]] = {each.id: {"only_missing": None, "only_made": None} for each in PROMISES}
    for contest in found:
        if contest.pairs[0].where != "pipeline":
            continue
        key = "only_made" if contest.name == ONE_MADE else "only_missing"
        for pair in contest.pairs:
            if gains[pair.id][key] is None:  # of several builds or allocators the first
                gains[pair.id][key] = plain_times(times_at(state.leagues.get(contest.name), pair, 0.99))
    return [{"mend": row} | gain for row, gain in gains.items() if any(gain.values())]


def budgets(state: State, found: Sequence[Contest], budget_of: Mapping[str, float]) -> list[dict[str, Any]]:
    """Give what is left of each budget: the raw p99 of what is recommended, for that is what a user feels."""
    wanted = [(each, each.pairs[0].head) for each in found if each.pairs[0].where == "path"]
    wanted += [(each, RECOMMENDED_PIPELINE) for each in found if each.name == ONE_MISSING]
    shown = []
    for contest, side in wanted:
        league = state.leagues.get(contest.name)
        budget_us = budget_of.get(side, budget_of.get(_group(side)))
        if budget_us is not None and league is not None and side in league.sides():
            p99_us = league.series.median_ns("raw", side, 0.99) / 1e3
            shown.append({"what": side, "budget_us": budget_us, "p99_us": p99_us})
    return shown


def _group(side: str) -> str:
    """Give a side without its implementation: `book/bisect[read_every=1]` is of `book[read_every=1]`."""
    path, _, rest = side.partition("/")
    _, bracket, axes = rest.partition("[")
    return path + bracket + axes
