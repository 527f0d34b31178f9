"""Reads runs back as they were added: for an export, and to bring one history into another."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from tailgate.documents.provenance import Commit, Interpreter, Machine
from tailgate.history.engine import reading
from tailgate.history.entries import Entry, Judgement, Link, Result
from tailgate.history.schema import benchmark, histogram, judgement, link, machine, measure, result, revision, run
from tailgate.history.store import PERCENTILES
from tailgate.results.exports import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Table

    from tailgate.history.store import History


def entries_of(history: History, project: str = "") -> Iterator[Entry]:
    """Yield every run with all that it found, as they were added; of one project where it is named."""
    with reading(history.engine) as connection:
        asked = select(run.c.id).order_by(run.c.id)
        numbers = connection.scalars(asked.where(run.c.project == project) if project else asked).all()
    for number in numbers:
        with reading(history.engine) as connection:
            row = connection.execute(select(run).where(run.c.id == number)).one_or_none()
            if row is not None:  # it was pruned meanwhile
                yield _entry(connection, row)


def _entry(connection: Connection, row: Any) -> Entry:
    place = connection.execute(select(machine).where(machine.c.id == row.machine_id)).one()
    encoded: dict[str, list[tuple[Any, bytes]]] = {}
    for each in _rows(connection, histogram, row.id):
        encoded.setdefault(each.benchmark, []).append((each.kind, bytes(each.encoded)))
    return Entry(
        *(row.digest, row.kind, row.project, row.at, row.command, row.source, row.verdict, row.fitness),
        *(_commit(connection, row.head_id), _commit(connection, row.base_id), row.dirty, row.chained),
        Machine(place.fingerprint, json.loads(place.facts)),
        Interpreter(row.interpreter, row.build),
        row.settings,
        tuple(_result(each, tuple(encoded.get(each.benchmark, ()))) for each in _rows(connection, result, row.id)),
        tuple(
            Link(
                *(each.benchmark, each.kind, each.percentile, each.log_ratio, each.low, each.high, each.confidence),
                *(each.spread, each.blocks, each.base_ns, each.head_ns, each.verdict),
            )
            for each in _rows(connection, link, row.id)
        ),
        tuple(Judgement(each.benchmark, each.verdict, each.fitness) for each in _rows(connection, judgement, row.id)),
        tuple(
            Row(each.benchmark, each.name, each.unit, each.value, each.low, each.high, each.note)
            for each in _rows(connection, measure, row.id)
        ),
    )


def _rows(connection: Connection, table: Table, number: int) -> Any:
    asked = (
        select(benchmark.c.name.label("benchmark"), *(each for each in table.c if each.name != "benchmark_id"))
        .join(benchmark, benchmark.c.id == table.c.benchmark_id)
        .where(table.c.run_id == number)
        .order_by(
            benchmark.c.name, *(each for each in table.primary_key if each.name not in {"benchmark_id", "run_id"})
        )
    )
    return connection.execute(asked)


def _result(each: Any, histograms: tuple[tuple[Any, bytes], ...]) -> Result:
    told = each._mapping  # noqa: SLF001  SQLAlchemy's own public name for a row by its columns
    raw, own = (tuple(told[f"{kind}_{p}"] for p in PERCENTILES) for kind in ("raw", "own"))
    return Result(
        *(each.benchmark, each.operations, each.passes, each.processes, each.answers, raw, own),
        *(each.low, each.high, each.mean, each.maximum, each.sure, histograms),
    )


def _commit(connection: Connection, number: int | None) -> Commit | None:
    if number is None:
        return None
    row = connection.execute(select(revision).where(revision.c.id == number)).one()
    return Commit(row.sha, row.tree, row.parent, datetime.fromtimestamp(row.time, UTC), row.title)
