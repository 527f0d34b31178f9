"""What is asked of a history besides figures: its runs, the names of its benchmarks, one histogram."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from tailgate.errors import TailgateError
from tailgate.history.engine import reading
from tailgate.history.schema import benchmark, histogram, machine, named, revision, run

if TYPE_CHECKING:
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


def _when(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
