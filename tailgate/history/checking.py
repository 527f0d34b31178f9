"""Looks whether a history is whole: the database's own checks, and that what it holds fits together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Integer, func, or_, select, text

from tailgate.errors import TailgateError
from tailgate.history.engine import reading
from tailgate.history.reading import unpacked
from tailgate.history.schema import OF_RUN, benchmark, histogram, result, run
from tailgate.results.histogram import percentiles
from tailgate.statistics.quantiles import LADDER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from tailgate.history.store import History

_MOST = 200
"""Histograms that are opened: the newest."""

_REACH = 0.005
"""How far the percentile of a kept histogram may lie off: it is kept to 0.4 %."""


def problems(history: History) -> list[str]:
    """Return what is wrong, one line each; none where the history is whole."""
    with reading(history.engine) as connection:
        found = list(_database(connection))
        if found:  # what it holds cannot be trusted then
            return found
        return [*_empty(connection), *_histograms(connection)]


def _database(connection: Connection) -> Iterator[str]:
    if connection.dialect.name == "sqlite":
        for (line,) in connection.execute(text("PRAGMA integrity_check(20)")):
            if line != "ok":
                yield f"SQLite finds the file damaged: {line}"
        for row in connection.execute(text("PRAGMA foreign_key_check")):
            yield f"a row of {row[0]} belongs to a {row[2]} that is not there"
        return
    for table in OF_RUN:  # a server keeps its own pages; a constraint may have been taken away
        lost = select(func.count()).select_from(table).where(table.c.run_id.not_in(select(run.c.id)))
        if count := connection.scalar(lost):
            yield f"{count} rows of {table.name} belong to a run that is not there"


def _empty(connection: Connection) -> Iterator[str]:
    """Yield the runs of which nothing is kept: a writer that did not end would leave such a one, if it left any."""
    held = or_(*(select(table.c.run_id).where(table.c.run_id == run.c.id).exists() for table in OF_RUN))
    for number, kind in connection.execute(select(run.c.id, run.c.kind).where(~held)):
        yield f"run {number} ({kind}) has no figures"


def _histograms(connection: Connection) -> Iterator[str]:
    """Yield the histograms that cannot be read, or whose percentiles are not those that stand beside them."""
    columns = [
        select(
            benchmark.c.name,
            histogram.c.run_id,
            histogram.c.kind,
            histogram.c.encoded,
            *(result.c[f"{kind}_p99"].label(kind) for kind in ("raw", "own")),
        )
        .join(benchmark, benchmark.c.id == histogram.c.benchmark_id)
        .outerjoin(
            result,
            (result.c.run_id == histogram.c.run_id) & (result.c.benchmark_id == histogram.c.benchmark_id),
        )
        .order_by(histogram.c.run_id.cast(Integer).desc())
        .limit(_MOST)
    ]
    for row in connection.execute(columns[0]):
        told = f"run {row.run_id}, {row.name}: the {row.kind} histogram"
        try:
            (p99,) = percentiles(unpacked(bytes(row.encoded)), [100 * LADDER[2]])
        except (TailgateError, ValueError) as error:
            yield f"{told} cannot be read: {error}"
            continue
        kept = row.raw if row.kind == "raw" else row.own
        if kept is None or abs(p99 - kept) > _REACH * kept + 1.0:
            yield f"{told} has a p99 of {p99} ns, beside it stands {kept}"
