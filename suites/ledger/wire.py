"""The rows of the wire: read from the results that `suites.wire` left, measured nowhere else."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final

from implementations.pipeline.composition import BOTTLENECK, BadCompositionError, Composition, parse
from implementations.registry import UnknownNameError
from suites.ledger.judging import difference_of, join, judge, logs, microseconds, plain_times, times_of
from suites.ledger.promises import BY_ID
from suites.wire.spec import NOTHING, RunSpec
from suites.wire.summary import spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from suites.wire.summary import Spread

COMMANDS: Final = {
    "B2": "nox -s wire -- --receive inline,task,thread --gateway none --rate 20000,80000 --duration 3 --runs 6 "
    "--output build/wire/b2",
    "B6": "nox -s wire -- --pipeline recommended,handoff=inline "
    "--pipeline recommended,handoff=inline,limiter=await-always --rate 1000 --runs 6 --output build/wire/b6",
    "B7": "nox -s wire -- --gateway client-per-order,raw,http-client,aiohttp,httpx --rate 1000 --runs 6 "
    "--output build/wire/b7",
}
"""What leaves the runs that a row needs; six of each bound an interval."""

_OLD: Final = {"B2": "inline", "B6": BOTTLENECK.limiter, "B7": "client-per-order"}
_FIRST: Final = {"B2": "task", "B6": "try-first", "B7": "raw"}
_FIGURE: Final = {"B2": "latency", "B6": "leaving", "B7": "leaving"}


@dataclass(frozen=True, slots=True)
class Run:
    """One run: what it was of, and its times in microseconds; none where it failed."""

    spec: RunSpec
    spreads: Mapping[str, Spread]
    failed: bool = False


def read_runs(folder: Path) -> tuple[list[Run], list[str]]:
    """Give the runs in every results.json under a folder, and what could not be read."""
    runs, faults = [], []
    for path in sorted(folder.rglob("results.json")) if folder.is_dir() else ():
        try:
            plain = json.loads(path.read_text(encoding="utf-8"))
            runs += [_run(each) for each in plain["runs"]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            faults.append(f"{path} is no result of the wire: {error!r}")
    return runs, faults


def _run(plain: Mapping[str, Any]) -> Run:
    spec = RunSpec.from_json(plain["spec"])
    if plain["failures"]:
        return Run(spec, {}, failed=True)
    client = plain["client"]
    names = ["latency"] + (["leaving"] if spec.composition.gateway != NOTHING and client["orders"] else [])
    return Run(spec, {name: spread(client[name]) for name in names})


def choice(row: str, run: Run) -> tuple[str, object] | None:
    """Give what a run has in the row's place, and everything else it is made of; None where it does not count.

    Two runs with the same rest differ in the row's choice and in nothing else.
    """
    composition = replace(run.spec.composition, name="")
    try:
        steps = parse(composition.pipeline) if composition.pipeline != NOTHING else None
    except (BadCompositionError, UnknownNameError):
        return None
    timed = composition.gateway != NOTHING or _FIGURE[row] != "leaving" if run.failed else _FIGURE[row] in run.spreads
    if steps is None or not timed:
        return None
    chosen: str
    if row == "B2":
        chosen, composition = composition.receive, replace(composition, receive="inline")
    elif row == "B7":
        chosen, composition = composition.gateway, replace(composition, gateway="")
    else:
        chosen, steps = steps.limiter, replace(steps, limiter="")
    rest = (replace(composition, pipeline=_spelt(steps)), run.spec.tape, run.spec.rate, run.spec.duration_s)
    return chosen, rest


def _spelt(steps: Composition) -> str:
    return ",".join(f"{each.name}={getattr(steps, each.name)}" for each in fields(steps))


def wire_rows(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Give the rows of B2, B6 and B7; one that has no runs says how they are made."""
    return [row for each in COMMANDS for row in _rows(each, runs)]


def _rows(row: str, runs: Sequence[Run]) -> list[dict[str, Any]]:
    groups: dict[object, dict[str, list[Run]]] = {}
    for run in runs:
        found = choice(row, run)
        if found is not None:
            groups.setdefault(found[1], {}).setdefault(found[0], []).append(run)
    made = [each for group in groups.values() for each in _compare(row, group)]
    # The mend that the row is about comes first, and of several rates the highest.
    made.sort(key=lambda each: (each[0] != _FIRST[row], -each[1]))
    if made:
        return [each for _, _, each in made]
    shown = {"id": row, "where": "wire", "benchmark": "", "measured": None, "allocations": None}
    return [shown | {"verdict": "not measurable here", "why": f"build/wire has no such runs: {COMMANDS[row]}"}]


def _compare(row: str, group: Mapping[str, Sequence[Run]]) -> Iterator[tuple[str, float, dict[str, Any]]]:
    before = group.get(_OLD[row], ())
    for name, after in group.items():
        if before and name != _OLD[row]:
            yield name, after[0].spec.rate, _row(row, name, before, after)


def _row(row: str, name: str, before: Sequence[Run], after: Sequence[Run]) -> dict[str, Any]:
    promise, figure = BY_ID[row], _FIGURE[row]
    shown = {
        "id": row,
        "where": "wire",
        "benchmark": f"{_OLD[row]} → {name}, {after[0].spec.rate:,.0f}/s",
        "allocations": None,
    }
    turns = [turn for turn in zip(before, after, strict=False) if not any(run.failed for run in turn)]
    lost = _failed(before, _OLD[row], after, name)
    if not turns:
        return shown | {
            "measured": None,
            "verdict": "not measurable here",
            "why": join(lost, f"again: {COMMANDS[row]}"),
        }
    sides = tuple(zip(*turns, strict=True))
    values = [[[getattr(run.spreads[figure], p) for run in side] for side in sides] for p in ("p50", "p99")]
    p50, p99 = (times_of(logs(*each)) for each in values)
    saved = ""
    if promise.judged == "saved":
        differences = difference_of([b - a for b, a in zip(*values[1], strict=True)])
        judged, saved = judge(differences, promise.bounds, nothing=0.0), f"saved at p99: {microseconds(differences)}"
    else:
        judged = judge(p99, promise.bounds)
    few = f"{len(turns)} runs of each put no bound on it" if len(turns) < 6 else f"{len(turns)} runs of each"
    what = "until the order left" if figure == "leaving" else "from the intended time to the end of handling"
    return shown | {
        "measured": {"p50": plain_times(p50), "p99": plain_times(p99)},
        "verdict": judged.verdict,
        "why": join(judged.why, saved, what, few, lost),
    }


def _failed(before: Sequence[Run], old: str, after: Sequence[Run], new: str) -> str:
    """Say which runs are missing from the figures: those that failed may be the slow ones of a side."""
    failed = [(sum(run.failed for run in runs), len(runs), name) for runs, name in ((before, old), (after, new))]
    told = [f"{number} of {of} runs of {name}" for number, of, name in failed if number]
    return f"failed, and left out with the other's of that turn: {', '.join(told)}" if told else ""
