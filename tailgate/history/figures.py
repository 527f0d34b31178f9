"""The figures that trends are made of: comparisons, levels and counts, of one benchmark or of all in one query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import null, or_, select

from tailgate.documents.provenance import Commit
from tailgate.history.engine import reading
from tailgate.history.schema import benchmark, judgement, link, machine, measure, named, result, revision, run
from tailgate.history.store import PERCENTILES
from tailgate.statistics.quantiles import LADDER

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection, Table

    from tailgate.documents.comparison import Kind
    from tailgate.history.store import History

K = TypeVar("K")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KeptLink:
    """One comparison of two commits. spread: the standard deviation of its blocks, None where that is not known.

    verdict: of the run on this benchmark, else on this figure.
    """

    base: Commit
    head: Commit
    log_ratio: float
    low: float | None
    high: float | None
    spread: float | None
    blocks: int
    machine: str
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class KeptFigure:
    """One absolute figure, and what it may be held against: the same machine, interpreter, build, settings, work.

    ladder: all percentiles of LADDER, where it is one of them.
    """

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
    ladder: tuple[float, ...] = ()


def links_of(history: History, project: str, name: str, kind: Kind, percentile: float) -> list[KeptLink]:
    """Return the comparisons of one percentile of a benchmark that a chain is made of, in the order they were made.

    What a gate's controls called unfit is none: the machine moved its own copy of the base, or saw no known delay.
    """
    return every_link(history, project, kind, percentile, name).get(name, [])


def every_link(
    history: History, project: str, kind: Kind, percentile: float, name: str = ""
) -> dict[str, list[KeptLink]]:
    """Return the same of every benchmark by its name, in one query; of one alone where it is named."""
    asked = (
        select(
            *(link.c.run_id, link.c.benchmark_id, link.c.log_ratio, link.c.low, link.c.high, link.c.spread),
            *(link.c.blocks, link.c.verdict, judgement.c.verdict),
        )
        .join(run, run.c.id == link.c.run_id)
        .outerjoin(judgement, (judgement.c.run_id == link.c.run_id) & (judgement.c.benchmark_id == link.c.benchmark_id))
        .where(
            or_(judgement.c.verdict.is_(None), judgement.c.verdict.not_in(("UNFIT", "ERROR"))),
            link.c.kind == kind,
            link.c.percentile == percentile,
            run.c.project == project,
            run.c.chained,
            *_only(link, name),
        )
    )
    with reading(history.engine) as connection:
        names, known = _names(connection, project, name), _known(connection, project)
        rows = connection.execute(asked).all()
    found: dict[str, list[tuple[int, KeptLink]]] = {}
    for number, of, log_ratio, low, high, spread, blocks, own, judged in rows:
        each = known[number]
        assert each.base is not None and each.head is not None  # noqa: S101, PT018  a chained run has both
        kept = KeptLink(each.base, each.head, log_ratio, low, high, spread, blocks, each.machine, judged or own)
        found.setdefault(names[of], []).append((each.order, kept))
    return _in_order(found)


def levels_of(history: History, project: str, name: str, kind: Kind, percentile: float) -> list[KeptFigure]:
    """Return one absolute percentile of a benchmark over all runs, the earliest first."""
    return every_level(history, project, kind, percentile, name).get(name, [])


def every_level(
    history: History, project: str, kind: Kind, percentile: float, name: str = ""
) -> dict[str, list[KeptFigure]]:
    """Return the same of every benchmark by its name, in one query; of one alone where it is named."""
    of, place = "raw" if kind == "raw" else "own", LADDER.index(percentile)
    ladder = [result.c[f"{of}_{each}"] for each in PERCENTILES]
    ends = (result.c.low, result.c.high) if (kind, percentile) == ("raw", 0.99) else (null(), null())
    asked = (
        select(result.c.run_id, result.c.benchmark_id, result.c.operations, *ends, *ladder)
        .join(run, run.c.id == result.c.run_id)
        .where(run.c.project == project, *_only(result, name))
    )
    with reading(history.engine) as connection:
        names, known = _names(connection, project, name), _known(connection, project)
        rows = connection.execute(asked).all()
    found: dict[str, list[tuple[int, KeptFigure]]] = {}
    for number, benchmark_id, operations, low, high, *values in rows:
        each = known[number]
        kept = each.figure(operations, values[place], low, high, "ns", tuple(values))
        found.setdefault(names[benchmark_id], []).append((each.order, kept))
    return _in_order(found)


def measures_of(history: History, project: str, name: str, what: str = "") -> dict[str, list[KeptFigure]]:
    """Return the other figures of a benchmark by their names: counts, and what was imported; the earliest first."""
    return every_measure(history, project, (what,) if what else (), name).get(name, {})


def every_measure(
    history: History, project: str, what: Collection[str] = (), name: str = ""
) -> dict[str, dict[str, list[KeptFigure]]]:
    """Return the same of every benchmark by its name, in one query; of one alone, and of some figures, where named."""
    asked = (
        select(
            *(measure.c.run_id, measure.c.benchmark_id, measure.c.name, measure.c.unit),
            *(measure.c.value, measure.c.low, measure.c.high),
        )
        .join(run, run.c.id == measure.c.run_id)
        .where(run.c.project == project, *_only(measure, name))
    )
    with reading(history.engine) as connection:
        names, known = _names(connection, project, name), _known(connection, project)
        rows = connection.execute(asked.where(measure.c.name.in_(what)) if what else asked).all()
    found: dict[tuple[str, str], list[tuple[int, KeptFigure]]] = {}
    for number, of, figure, unit, value, low, high in rows:
        each = known[number]
        found.setdefault((names[of], figure), []).append((each.order, each.figure(0, value, low, high, unit)))
    sorted_: dict[str, dict[str, list[KeptFigure]]] = {}
    for (of, figure), kept in _in_order(found).items():
        sorted_.setdefault(of, {})[figure] = kept
    return sorted_


def commits_known(history: History, project: str) -> list[Commit]:
    """Return every commit that a run of a project measured or was held against, in the order of their times."""
    with reading(history.engine) as connection:
        return sorted(_commits(connection, project).values(), key=lambda each: (each.time, each.id))


@dataclass(frozen=True, slots=True)
class _Known:
    """What all figures of a run have in common. order: its place among the runs of the project, by time."""

    order: int
    id: int
    when: datetime
    dirty: bool
    machine: str
    told: str
    interpreter: str
    settings: str
    head: Commit | None
    base: Commit | None

    def figure(
        self,
        operations: int,
        value: float,
        low: float | None,
        high: float | None,
        unit: str,
        ladder: tuple[float, ...] = (),
    ) -> KeptFigure:
        commit = self.head.id if self.head else ""
        return KeptFigure(
            *(self.id, self.when, commit, self.dirty, self.machine, self.told, self.interpreter, self.settings),
            *(operations, value, low, high, unit, ladder),
        )


def _known(connection: Connection, project: str) -> dict[int, _Known]:
    """Return the facts of every run of a project by its number: read once, they are no column of a join."""
    commits = _commits(connection, project)
    asked = (
        select(
            *(run.c.id, run.c.at, run.c.dirty, run.c.interpreter, run.c.build, run.c.settings_digest),
            *(run.c.head_id, run.c.base_id, machine.c.fingerprint, machine.c.facts),
        )
        .join(machine, machine.c.id == run.c.machine_id)
        .where(run.c.project == project)
        .order_by(run.c.at, run.c.id)
    )
    return {
        number: _Known(
            *(order, number, _when(at), dirty, fingerprint, told, f"{interpreter} ({build})", settings),
            *(commits.get(head), commits.get(base)),
        )
        for order, (number, at, dirty, interpreter, build, settings, head, base, fingerprint, told) in enumerate(
            connection.execute(asked)
        )
    }


def _commits(connection: Connection, project: str) -> dict[int | None, Commit]:
    columns = (revision.c.id, revision.c.sha, revision.c.tree, revision.c.parent, revision.c.time, revision.c.title)
    return {
        number: Commit(sha, tree, parent, datetime.fromtimestamp(when, UTC), title)
        for number, sha, tree, parent, when, title in connection.execute(
            select(*columns).where(revision.c.project == project)
        )
    }


def _names(connection: Connection, project: str, name: str) -> dict[int, str]:
    """Return the names of a project's benchmarks by their numbers; of the one that is named alone."""
    asked = select(benchmark.c.id, benchmark.c.name)
    if name:
        asked = asked.where(benchmark.c.name == name)
    else:
        asked = asked.join(named, named.c.benchmark_id == benchmark.c.id).where(named.c.project == project)
    return {number: told for number, told in connection.execute(asked)}  # noqa: C416  rows, not pairs


def _only(table: Table, name: str) -> list[Any]:
    """Return what keeps a query to the benchmark of that name, none for all."""
    if not name:
        return []
    return [table.c.benchmark_id == select(benchmark.c.id).where(benchmark.c.name == name).scalar_subquery()]


def _in_order(found: dict[K, list[tuple[int, T]]]) -> dict[K, list[T]]:
    return {key: [each for _, each in sorted(kept, key=lambda pair: pair[0])] for key, kept in found.items()}


def _when(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
