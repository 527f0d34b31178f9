"""Puts the ledger together: every row judged, phases, priorities, budgets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from documents.ledger import Cumulated, Ledger, Priority, Row
from documents.times import closed
from suites.ledger.builds import NATIVE, TRAINED
from suites.ledger.claims import BY_ID, CLAIMS, PHASES, STEP_OF
from suites.ledger.contention import contention_rows, runners
from suites.ledger.contests import BOTTLENECK_PIPELINE, ONE_MADE, ONE_MISSING, phase_sides
from suites.ledger.judging import (
    REPEATED,
    Judgement,
    difference_of,
    join,
    judge,
    judge_counts,
    microseconds,
    repeatable,
)
from suites.ledger.measuring import CONTENTION
from suites.ledger.rows import absent, row_of
from suites.ledger.wire import wire_rows
from tailgate.documents.bench import Spending
from tailgate.machine.identity import described
from tailgate.results.histogram import decode, percentile
from tailgate.statistics.quantiles import LADDER, is_advisory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from documents.times import Times as Factor
    from suites.ledger.contests import Contest, Pair
    from suites.ledger.measuring import Measuring
    from suites.ledger.state import State
    from suites.ledger.wire import WireRun
    from tailgate.documents.comparison import Kind
    from tailgate.judge.league import League, Times

KIND: Final[Kind] = "reproducible"
_NOT_MEASURED: Final = "it was not measured: --resume goes on"
_NOTES: Final = (
    (
        "p50 and p99 of the paths and of the pipeline are reproducible ones: the least time of each operation over "
        "{passes} passes or more, so that what the machine does at random is left out; of the wire and of threads they "
        "are raw"
    ),
    (
        "a percentage that was claimed is read as that much less time: 50 % lower is 2x; without another word a "
        "claim is judged at p99, by the interval"
    ),
    (
        "an interval is the 95 % one over the blocks, widened by {repeated:.0%}: by so much two whole runs were seen "
        "to differ beyond it; on the wire it is the one over the runs, as it is"
    ),
    (
        "a pipeline row has one fix missing from the recommended pipeline, I4 to I6 have all of it compiled; B7, M1, "
        "M2, M3 and C1 are no part of the "
        "in-process pipeline, C2 cannot be one of lockstep, where all sides share a CPU"
    ),
)
_WIRE_FIRST: Final = frozenset({"B2", "B7"})
"""Rows whose claim is about the wire; of B6 the path comes first."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What stands above the tables."""

    command: str
    when: datetime
    budgets: Mapping[str, float]  # of the project: a group's, or a benchmark's, microseconds at p99
    machine: Mapping[str, str] | None = None  # where it was measured; None: here and now


def ledger_of(measured: Measuring, runs: Sequence[WireRun], faults: Sequence[str], facts: Facts) -> Ledger:
    """Return the whole ledger as it is known now."""
    state, found = measured.state, measured.contests
    return Ledger(
        facts.command,
        facts.when,
        state.seconds,
        facts.machine or machine(measured),
        (*_notes(measured), *faults, *(f"{name}: {why}" for name, why in state.failed.items())),
        tuple(rows(measured, found, runs)),
        tuple(cumulated(measured)),
        tuple(matrix(state, found)),
        tuple(budgets(state, found, facts.budgets)),
    )


def machine(measured: Measuring) -> dict[str, str]:
    """Say where it was measured, and what that place is worth."""
    fitness = measured.place.fitness
    return {
        "machine": described(),
        "interpreter": f"{measured.builds.base_name}, where nothing else is named",
        "fitness": f"{fitness.verdict} ({', '.join(reason.partition(':')[0] for reason in fitness.reasons)})",
        "CPU": f"lockstep on CPU {measured.place.cpu}, threads on {', '.join(map(str, measured.threads.cpus))}",
    }


def _notes(measured: Measuring) -> list[str]:
    passes = min(contest.effort.passes for contest in measured.contests)
    found = [note.format(passes=passes, repeated=REPEATED) for note in _NOTES]
    leagues = measured.state.leagues.items()
    advisory = [f"{name} ({each.series.operations:,})" for name, each in leagues if _few(each)]
    if advisory:
        found.append(f"too few operations a pass for more than an advisory p99: {', '.join(advisory)}")
    if {NATIVE, TRAINED[0]} <= measured.builds.variants.keys():
        found.append(
            f"phase 3 runs on {TRAINED[0]}, which is built without {BY_ID['I1'].fix}: I1 is in phases 1 and 2 alone"
        )
    if measured.quick:
        found.insert(0, "a quick run: fewer blocks, operations and sides than the whole ledger has")
    if measured.builds.countable:
        found.append(f"allocations were not counted: {measured.builds.countable}")
    return found


def _few(league: League) -> bool:
    return is_advisory(0.99, league.series.different)


def rows(measured: Measuring, found: Sequence[Contest], runs: Sequence[WireRun]) -> list[Row]:
    """Return all rows by the order of the claims; an id's first row carries its claim."""
    _, missing = runners(measured.builds)
    why = measured.state.failed.get(CONTENTION, "") if measured.state.contention is None else ""
    here = contention_rows(measured.state.contention, missing, why, measured.threads)
    here += [row for contest in found for row in _league_rows(measured.state, contest)]
    wire = wire_rows(runs)
    ordered: list[Row] = []
    for claim in CLAIMS:
        parts = (wire, here) if claim.id in _WIRE_FIRST else (here, wire)
        ordered += [row for part in parts for row in part if row.id == claim.id]
    return ordered


def _league_rows(state: State, contest: Contest) -> list[Row]:
    league = state.leagues.get(contest.name)
    found = [
        _row(state, league, pair, state.failed.get(contest.name, _NOT_MEASURED))
        for pair in contest.pairs
        if pair.where == "path" or contest.name != ONE_MADE  # those are the matrix's
    ]
    if contest.name != ONE_MADE:
        found += [absent(key.split()[0], "pipeline", key.split()[1], why) for key, why in contest.missing.items()]
    return found


def times_at(league: League | None, pair: Pair, p: float) -> Times | None:
    """Return the gain of a pair at one percentile, or None where a side did not run."""
    if league is None or not {pair.base, pair.head} <= set(league.sides()):
        return None
    return repeatable(league.times(pair.head, KIND, p, base=pair.base))


def _row(state: State, league: League | None, pair: Pair, why: str) -> Row:
    p50, p99 = (times_at(league, pair, p) for p in (0.5, 0.99))
    if league is None or p50 is None or p99 is None:
        unavailable = league.unavailable if league else {}
        told = next((unavailable[name] for name in (pair.base, pair.head) if name in unavailable), why)
        return absent(pair.id, pair.where, pair.benchmark, told)
    before, after = (state.allocations.get(name) for name in (pair.base, pair.head))
    counts = (before, after) if before is not None and after is not None else None
    judged = _judged(state, league, pair, p99, counts)
    return row_of(pair.id, pair.where, pair.benchmark, judged, (p50, p99), counts)


def _judged(state: State, league: League, pair: Pair, p99: Times, counts: tuple[float, float] | None) -> Judgement:
    claim = BY_ID[pair.id]
    if pair.where == "pipeline" and pair.id in STEP_OF:
        judged = judge(p99, None)
        return Judgement(judged.verdict, judged.why or "no figure was claimed for the whole pipeline")
    if claim.judged == "allocations":
        if counts is None:
            why = next((state.uncounted[name] for name in (pair.base, pair.head) if name in state.uncounted), "")
            return Judgement("not measurable here", why or "allocations were not counted")
        counted = judge_counts(*counts, claim.bounds)
        return Judgement(counted.verdict, join(counted.why, "judged by the allocations"))
    if claim.judged == "saved":
        saved = _saved(league, pair)
        judged = judge(saved, claim.bounds, nothing=0.0)
        return Judgement(judged.verdict, join(judged.why, f"saved at p99: {microseconds(saved)}"))
    if claim.judged == "throughput":
        judged = judge(p99, None)
        return Judgement(judged.verdict, join(judged.why, "one thread, nobody to wait for"))
    return judge(p99, claim.bounds)


def _saved(league: League, pair: Pair) -> Times:
    step = LADDER.index(0.99)
    table = league.series.rows[KIND]
    pairs = zip(table[pair.base], table[pair.head], strict=True)
    return difference_of([(base[step] - head[step]) / 1e3 for base, head in pairs])


def cumulated(measured: Measuring) -> Iterator[Cumulated]:
    """Yield the whole pipeline with all fixes up to each phase against the bottleneck."""
    league = measured.state.leagues.get(ONE_MADE)
    claimed = {phase: text for phase, _, text, _ in PHASES}
    for phase, fixes, side in phase_sides(measured.builds, quick=measured.quick):
        if league is None or side.name not in league.sides():
            continue
        p50, p99 = (
            _closed(repeatable(league.times(side.name, KIND, p, base=BOTTLENECK_PIPELINE))) for p in (0.5, 0.99)
        )
        yield Cumulated(phase, fixes, claimed[phase[0]], p50, p99)


def matrix(state: State, found: Sequence[Contest]) -> list[Priority]:
    """Return the gain in the end-to-end p99 of each fix, missing alone and made alone; None where it has none here."""
    gains: dict[str, dict[str, Factor]] = {each.id: {} for each in CLAIMS}
    for contest in found:
        if contest.pairs[0].where != "pipeline":
            continue
        for pair in contest.pairs:
            times = times_at(state.leagues.get(contest.name), pair, 0.99)
            if times is not None:  # of several builds or allocators the first
                gains[pair.id].setdefault(contest.name, _closed(times))
    return [Priority(row, gain.get(ONE_MISSING), gain.get(ONE_MADE)) for row, gain in gains.items() if gain]


def _closed(times: Times) -> Factor:
    return closed(times.times, times.low, times.high)


def budgets(state: State, found: Sequence[Contest], budget_of: Mapping[str, float]) -> Iterator[Spending]:
    """Yield what is left of each budget: the raw p99 of what is recommended, all processes together as in a bench."""
    for contest in found:
        league, side = state.leagues.get(contest.name), contest.recommended
        budget_us = budget_of.get(side, budget_of.get(_group(side)))
        if budget_us is not None and league is not None and side in state.raw:
            p99_ns = float(percentile(decode(state.raw[side]), 99))
            yield Spending(side, budget_us * 1e3, p99_ns, _few(league), league.series.operations)


def _group(side: str) -> str:
    """Return a side without its implementation: `book/bisect[read_every=1]` is of `book[read_every=1]`."""
    path, _, rest = side.partition("/")
    _, bracket, axes = rest.partition("[")
    return path + bracket + axes
