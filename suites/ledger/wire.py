"""The rows of the wire: read from the results that `suites.wire` left, measured nowhere else."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from documents.wire.document import NAME, Wire
from documents.wire.runs import Run
from documents.wire.spec import NOTHING
from documents.wire.summary import P50, P99, latency, leaving
from implementations.pipeline.composition import BOTTLENECK, BadCompositionError, Composition, parse
from implementations.registry import UnknownNameError
from suites.ledger.claims import BY_ID
from suites.ledger.judging import Judgement, difference_of, join, judge, microseconds, times_of
from suites.ledger.rows import absent, row_of
from suites.wire.published import command
from tailgate.documents.envelope import load
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from documents.ledger import Row
    from documents.wire.summary import Figures

_OLD: Final = {"B2": "inline", "B6": BOTTLENECK.limiter, "B7": "client-per-order"}
_FIRST: Final = {"B2": "task", "B6": "try-first", "B7": "raw"}
_FIGURE: Final[dict[str, Callable[[Sequence[Run]], Figures | None]]] = {"B2": latency, "B6": leaving, "B7": leaving}


WireRun = tuple[str, Run]
"""A run, and the invocation that made it: runs of one invocation and turn make a pair."""


def read_runs(folder: Path) -> tuple[list[WireRun], list[str]]:
    """Return the measured runs of every results.json under a folder, and what could not be read.

    A copy of an invocation's file counts once; runs of a capacity search or a soak are no part of any row.
    """
    found: dict[str, Wire] = {}
    faults = []
    for path in sorted(folder.rglob(NAME)) if folder.is_dir() else ():
        try:
            wire = load(path, Wire)
        except TailgateError as error:
            faults.append(error.message)
        else:
            found[wire.invocation] = wire
    every = ((name, run) for name, wire in found.items() for run in wire.runs)
    return [(name, run) for name, run in every if run.spec.purpose == "measure"], faults


def choice(row: str, run: Run) -> tuple[str, object] | None:
    """Return what a run has in the row's place, and everything else it is made of; None where it does not count.

    Two runs with the same rest differ in the row's choice and in nothing else.
    """
    composition = replace(run.spec.composition, name="")
    try:
        steps = parse(composition.pipeline) if composition.pipeline != NOTHING else None
    except (BadCompositionError, UnknownNameError):
        return None
    if steps is None or (composition.gateway == NOTHING and _FIGURE[row] is leaving):
        return None
    chosen: str
    if row == "B2":
        chosen, composition = composition.receive, replace(composition, receive="inline")
    elif row == "B7":
        chosen, composition = composition.gateway, replace(composition, gateway="")
    else:
        chosen, steps = steps.limiter, replace(steps, limiter="")
    return chosen, replace(run.spec, composition=replace(composition, pipeline=_spelt(steps)), monitor_log="")


def _spelt(steps: Composition) -> str:
    return ",".join(f"{each.name}={getattr(steps, each.name)}" for each in fields(steps))


def wire_rows(runs: Sequence[WireRun]) -> list[Row]:
    """Return the rows of B2, B6 and B7; one that has no runs says how they are made."""
    return [row for each in _OLD for row in _rows(each, runs)]


def _rows(row: str, runs: Sequence[WireRun]) -> list[Row]:
    groups: dict[object, dict[str, list[WireRun]]] = {}
    for invocation, run in runs:
        found = choice(row, run)
        if found is not None:
            groups.setdefault(found[1], {}).setdefault(found[0], []).append((invocation, run))
    made = [
        (name != _FIRST[row], -after[0][1].spec.rate, _row(row, name, group[_OLD[row]], after))
        for group in groups.values()
        for name, after in group.items()
        if _OLD[row] in group and name != _OLD[row]
    ]
    # The fix that the row is about comes first, and of several rates the highest.
    made.sort(key=itemgetter(0, 1))
    why = f"build/wire has no such runs: {command(row.lower())}"
    return [each for _, _, each in made] or [absent(row, "wire", "", why)]


def _row(row: str, name: str, before: Sequence[WireRun], after: Sequence[WireRun]) -> Row:
    claim, figure = BY_ID[row], _FIGURE[row]
    benchmark = f"{_OLD[row]} → {name}, {after[0][1].spec.rate:,.0f}/s"
    bases, heads = ({(invocation, run.turn): run for invocation, run in side} for side in (before, after))
    pairs = [(bases[turn], heads[turn]) for turn in bases if turn in heads]
    times = [found for pair in pairs if (found := _times(figure, pair))]
    lost = _lost(pairs, (_OLD[row], name))
    if not times:
        return absent(
            row, "wire", benchmark, join(lost or "no two runs are of one turn", f"again: {command(row.lower())}")
        )
    p50, p99 = (times_of([math.log(base[place] / head[place]) for base, head in times]) for place in (P50, P99))
    saved = ""
    if claim.judged == "saved":
        differences = difference_of([(base[P99] - head[P99]) / 1e3 for base, head in times])
        judged, saved = judge(differences, claim.bounds, nothing=0.0), f"saved at p99: {microseconds(differences)}"
    else:
        judged = judge(p99, claim.bounds)
    few = f"{len(times)} runs of each" + (" put no bound on it" if len(times) < 6 else "")
    what = "until the order left" if figure is leaving else "from the intended time to the end of handling"
    return row_of(
        row, "wire", benchmark, Judgement(judged.verdict, join(judged.why, saved, what, few, lost)), (p50, p99)
    )


def _times(figure: Callable[[Sequence[Run]], Figures | None], pair: Sequence[Run]) -> list[tuple[float, ...]]:
    """Return the percentiles of both runs; nothing where one failed or has no value."""
    found = [figure([run]) for run in pair if not run.failures]
    return [each.ns for each in found if each] if len(found) == len(pair) and all(found) else []


def _lost(pairs: Sequence[tuple[Run, Run]], names: tuple[str, str]) -> str:
    """Say which runs are missing from the figures: those that failed may be the slow ones of a side."""
    failed = [(sum(bool(pair[side].failures) for pair in pairs), names[side]) for side in (0, 1)]
    told = [f"{number} of {len(pairs)} runs of {name}" for number, name in failed if number]
    return f"failed, and left out with the other's of that turn: {', '.join(told)}" if told else ""
