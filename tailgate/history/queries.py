"""What is asked of a history: each a single query, answered from the rows of one benchmark or of the newest runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import null, or_, select

from tailgate.documents.provenance import Commit
from tailgate.errors import TailgateError
from tailgate.history.engine import reading
from tailgate.history.schema import (
    benchmark,
    histogram,
    judgement,
    link,
    machine,
    measure,
    named,
    result,
    revision,
    run,
)
from tailgate.history.store import PERCENTILES
from tailgate.statistics.quantiles import LADDER

if TYPE_CHECKING:
    from sqlalchemy import Column, Table

    from tailgate.documents.comparison import Kind
    from tailgate.history.store import History

_HEAD, _BASE = revision.alias("head"), revision.alias("base")


@dataclass(frozen=True, slots=True)
class KeptRun:
    """One run, as a list shows it. when: it was measured; head, base: commits, empty for none."""

    id: int
    digest: str
    kind: str
    project: str
    source: str
    when: datetime
    head: str
    base: str
    title: str
    dirty: bool
    machine: str
    interpreter: str
    verdict: str
    fitness: str
    command: str


@dataclass(frozen=True, slots=True)
class KeptLink:
    """One comparison of two commits. spread: the standard deviation of its blocks, None where that is not known."""

    base: Commit
    head: Commit
    log_ratio: float
    low: float | None
    high: float | None
    spread: float | None
    blocks: int
    machine: str


@dataclass(frozen=True, slots=True)
class KeptFigure:
    """One absolute figure, and what it may be held against: the same machine, interpreter, build, settings, work."""

    run: int
    when: datetime
    commit: str
    dirty: bool
    machine: str
    told: str
    interpreter: str
    settings: str
    operations: int
    value: float
    low: float | None
    high: float | None
    unit: str


def runs_of(history: History, project: str = "", limit: int | None = None, kind: str = "") -> list[KeptRun]:
    """Return the runs, the newest first; of one project, or of one kind, where that is named."""
    asked = (
        select(run, machine.c.fingerprint, _HEAD.c.sha.label("head"), _HEAD.c.title, _BASE.c.sha.label("base"))
        .join(machine, machine.c.id == run.c.machine_id)
        .outerjoin(_HEAD, _HEAD.c.id == run.c.head_id)
        .outerjoin(_BASE, _BASE.c.id == run.c.base_id)
        .order_by(run.c.at.desc(), run.c.id.desc())
    )
    asked = asked.where(run.c.project == project) if project else asked
    asked = asked.where(run.c.kind == kind) if kind else asked
    with reading(history.engine) as connection:
        rows = connection.execute(asked.limit(limit) if limit else asked).all()
    return [
        KeptRun(
            *(row.id, row.digest, row.kind, row.project, row.source, _when(row.at), row.head or "", row.base or ""),
            *(row.title or "", row.dirty, row.fingerprint, row.interpreter, row.verdict, row.fitness, row.command),
        )
        for row in rows
    ]


def benchmarks_of(history: History, project: str = "") -> list[str]:
    """Return the names of the benchmarks that any run has figures of, in alphabetical order."""
    asked = select(benchmark.c.name).join(named, named.c.benchmark_id == benchmark.c.id).distinct()
    with reading(history.engine) as connection:
        return sorted(connection.scalars(asked.where(named.c.project == project) if project else asked))


def links_of(history: History, project: str, name: str, kind: Kind, percentile: float) -> list[KeptLink]:
    """Return the comparisons of one percentile of a benchmark that a chain is made of, in the order they were made.

    What a gate's controls called unfit is none: the machine moved its own copy of the base, or saw no known delay.
    """
    asked = (
        select(
            *(link.c.log_ratio, link.c.low, link.c.high, link.c.spread, link.c.blocks, machine.c.fingerprint),
            *(each.label(f"head_{each.name}") for each in _HEAD.c),
            *(each.label(f"base_{each.name}") for each in _BASE.c),
        )
        .join(benchmark, benchmark.c.id == link.c.benchmark_id)
        .join(run, run.c.id == link.c.run_id)
        .join(machine, machine.c.id == run.c.machine_id)
        .join(_HEAD, _HEAD.c.id == run.c.head_id)
        .join(_BASE, _BASE.c.id == run.c.base_id)
        .outerjoin(judgement, (judgement.c.run_id == link.c.run_id) & (judgement.c.benchmark_id == link.c.benchmark_id))
        .where(
            or_(judgement.c.verdict.is_(None), judgement.c.verdict.not_in(("UNFIT", "ERROR"))),
            benchmark.c.name == name,
            link.c.kind == kind,
            link.c.percentile == percentile,
            run.c.project == project,
            run.c.chained,
        )
        .order_by(run.c.at, run.c.id)
    )
    with reading(history.engine) as connection:
        rows = connection.execute(asked).all()
    return [
        KeptLink(
            *(_commit(row, "base"), _commit(row, "head"), row.log_ratio, row.low, row.high),
            *(row.spread, row.blocks, row.fingerprint),
        )
        for row in rows
    ]


def levels_of(history: History, project: str, name: str, kind: Kind, percentile: float) -> list[KeptFigure]:
    """Return one absolute percentile of a benchmark over all runs, the earliest first."""
    column = result.c[f"{'raw' if kind == 'raw' else 'own'}_{PERCENTILES[LADDER.index(percentile)]}"]
    ends = (result.c.low, result.c.high) if (kind, percentile) == ("raw", 0.99) else (None, None)
    asked = (
        _figures(result, column, *ends)
        .add_columns(result.c.operations)
        .where(benchmark.c.name == name, run.c.project == project)
    )
    with reading(history.engine) as connection:
        rows = connection.execute(asked).all()
    return [_figure(row, "ns", row.operations) for row in rows]


def measures_of(history: History, project: str, name: str, what: str = "") -> dict[str, list[KeptFigure]]:
    """Return the other figures of a benchmark by their names: counts, and what was imported; the earliest first."""
    asked = (
        _figures(measure, measure.c.value, measure.c.low, measure.c.high)
        .add_columns(measure.c.name, measure.c.unit)
        .where(benchmark.c.name == name, run.c.project == project)
    )
    with reading(history.engine) as connection:
        rows = connection.execute(asked.where(measure.c.name == what) if what else asked).all()
    found: dict[str, list[KeptFigure]] = {}
    for row in rows:
        found.setdefault(row.name, []).append(_figure(row, row.unit, 0))
    return found


def histogram_of(history: History, number: int, name: str, kind: Kind) -> bytes:
    """Return the histogram of a benchmark of a run, in HdrHistogram's encoding; TailgateError where there is none."""
    asked = (
        select(histogram.c.encoded)
        .join(benchmark, benchmark.c.id == histogram.c.benchmark_id)
        .where(histogram.c.run_id == number, benchmark.c.name == name, histogram.c.kind == kind)
    )
    with reading(history.engine) as connection:
        found = connection.scalar(asked)
    if found is None:
        raise TailgateError(
            f"run {number} has no {kind} histogram of {name}", hint="tailgate history list   shows the runs"
        )
    return bytes(found)


def _figures(table: Table, value: Column[float], *ends: Column[float] | None) -> Any:
    """Return what selects a figure with all that decides what it may be held against."""
    low, high = ends
    shown = (
        value.label("value"),
        *(null().label(n) if e is None else e.label(n) for n, e in (("low", low), ("high", high))),
    )
    return (
        select(
            *shown,
            *(run.c.id, run.c.at, run.c.dirty, run.c.interpreter, run.c.build, run.c.settings_digest),
            *(machine.c.fingerprint, machine.c.facts, _HEAD.c.sha),
        )
        .select_from(table)
        .join(benchmark, benchmark.c.id == table.c.benchmark_id)
        .join(run, run.c.id == table.c.run_id)
        .join(machine, machine.c.id == run.c.machine_id)
        .outerjoin(_HEAD, _HEAD.c.id == run.c.head_id)
        .order_by(run.c.at, run.c.id)
    )


def _figure(row: Any, unit: str, operations: int) -> KeptFigure:
    return KeptFigure(
        *(row.id, _when(row.at), row.sha or "", row.dirty, row.fingerprint, row.facts),
        *(f"{row.interpreter} ({row.build})", row.settings_digest, operations, row.value, row.low, row.high, unit),
    )


def _commit(row: Any, side: str) -> Commit:
    told = row._mapping  # noqa: SLF001  SQLAlchemy's own public name for a row by its columns
    when = datetime.fromtimestamp(told[f"{side}_time"], UTC)
    return Commit(told[f"{side}_sha"], told[f"{side}_tree"], told[f"{side}_parent"], when, told[f"{side}_title"])


def _when(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
