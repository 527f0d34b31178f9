"""The history itself: adds runs, each whole and once, and answers what was kept."""

from __future__ import annotations

import json
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Self

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from tailgate.errors import TailgateError
from tailgate.history.engine import engine_of, file_of, name_of, reading, writing
from tailgate.history.migrating import is_current, make_current
from tailgate.history.schema import (
    OF_RUN,
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
from tailgate.machine.identity import digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Connection, Engine, Table

    from tailgate.documents.provenance import Commit, Machine
    from tailgate.history.entries import Entry, Result

PERCENTILES = ("p50", "p90", "p99", "p999")
"""The columns of LADDER, behind `raw_` and `own_` (reproducible)."""


class History:
    """One history in one database. Every method is one transaction; TailgateError where the database fails."""

    def __init__(self, engine: Engine, copied: Path | None = None) -> None:
        self.engine = engine
        self.copied = copied  # an older schema's file, before it was migrated

    @classmethod
    def open(cls, url: str) -> Self:
        """Open a history to add to it: made where there is none, migrated where it is of an older schema."""
        engine = engine_of(url)
        return cls(engine, make_current(engine))

    @classmethod
    def read(cls, url: str) -> Self:
        """Open a history that is there already; it is not changed unless it is of an older schema."""
        engine = engine_of(url)
        file = file_of(engine)
        if file is not None and not file.is_file():
            raise TailgateError(f"there is no history yet: no {file}", hint="run `tailgate bench` or `tailgate gate`")
        return cls(engine) if is_current(engine) else cls(engine, make_current(engine))

    @property
    def name(self) -> str:
        """Return where it is, without a password."""
        return name_of(self.engine)

    def add(self, entry: Entry) -> bool:
        """Add one run with all that it found; return False where it is there already."""
        with writing(self.engine) as connection:
            if connection.scalar(select(run.c.id).where(run.c.digest == entry.digest)) is not None:
                return False
            number = connection.scalar(
                self._new(run)
                .values(
                    digest=entry.digest,
                    kind=entry.kind,
                    project=entry.project,
                    source=entry.source,
                    at=entry.when,
                    head_id=self._revision(connection, entry.project, entry.head),
                    base_id=self._revision(connection, entry.project, entry.base),
                    dirty=entry.dirty,
                    chained=entry.chained,
                    machine_id=self._machine(connection, entry.machine),
                    interpreter=entry.interpreter.version,
                    build=entry.interpreter.build,
                    settings=entry.settings,
                    settings_digest=digest(entry.settings),
                    verdict=entry.verdict,
                    fitness=entry.fitness,
                    command=entry.command,
                )
                .returning(run.c.id)
            )
            if number is None:  # another writer was faster by less than this transaction
                return False
            self._found(connection, number, entry)
        return True

    def _found(self, connection: Connection, number: int, entry: Entry) -> None:
        ids = self._benchmarks(connection, entry.project, entry.names())
        encoded = [
            (number, ids[each.benchmark], kind, text) for each in entry.results for kind, text in each.histograms
        ]
        tables: dict[Table, list[tuple[Any, ...]]] = {
            result: [(number, ids[each.benchmark], *_result(each)) for each in entry.results],
            histogram: encoded,
            link: [(number, ids[each.benchmark], *_LINK(each)) for each in entry.links],
            judgement: [(number, ids[each.benchmark], each.verdict, each.fitness) for each in entry.judgements],
            measure: [(number, ids[each.benchmark], *_MEASURE(each)) for each in entry.measures],
        }
        for table, rows in tables.items():
            if rows:
                self._insert(connection, table, rows)

    def _insert(self, connection: Connection, table: Table, rows: list[tuple[Any, ...]]) -> None:
        """Insert many rows, each the values of all columns in their order: as the driver takes them.

        SQLAlchemy would take each row apart once more, which costs more than the insert itself.
        """
        compiled = insert(table).compile(dialect=self.engine.dialect)
        names = [column.name for column in table.columns]
        if compiled.positional:
            connection.exec_driver_sql(str(compiled), rows)
        else:
            connection.exec_driver_sql(str(compiled), [dict(zip(names, row, strict=True)) for row in rows])

    def _new(self, table: Table) -> Any:
        """Return an insert that leaves a row alone which another writer has made."""
        dialect: Any = postgresql if self.engine.dialect.name == "postgresql" else sqlite
        return dialect.insert(table).on_conflict_do_nothing()

    def _revision(self, connection: Connection, project: str, commit: Commit | None) -> int | None:
        if commit is None:
            return None
        key = {"project": project, "sha": commit.id}
        facts = {"tree": commit.tree, "parent": commit.parent, "time": int(commit.time.timestamp())}
        number = self._one(connection, revision, key, facts | {"title": commit.title})
        if commit.tree:  # another tool, which did not know it, may have been first
            unknown = (revision.c.id == number, revision.c.tree == "")
            connection.execute(update(revision).where(*unknown).values(**facts, title=commit.title))
        return number

    def _machine(self, connection: Connection, of: Machine) -> int:
        facts = json.dumps(dict(of.facts), ensure_ascii=False)
        return self._one(connection, machine, {"fingerprint": of.fingerprint}, {"facts": facts})

    def _one(self, connection: Connection, table: Table, key: Mapping[str, Any], more: Mapping[str, Any]) -> int:
        wanted = select(table.c.id).where(*(table.c[name] == value for name, value in key.items()))
        found = connection.scalar(wanted)
        if found is None:
            connection.execute(self._new(table).values(**key, **more))
            found = connection.scalar(wanted)
        assert found is not None  # noqa: S101  made in this transaction, or by a writer that was before it
        return int(found)

    def _benchmarks(self, connection: Connection, project: str, names: Sequence[str]) -> dict[str, int]:
        """Return the numbers of benchmarks by their names; of those that are new to the project, note that it has them.

        In nearly every run there are none, and one query answers.
        """
        numbers = select(benchmark.c.name, benchmark.c.id)
        of_project = numbers.join(named, named.c.benchmark_id == benchmark.c.id).where(named.c.project == project)
        found = {name: number for name, number in connection.execute(of_project)}  # noqa: C416  rows, not pairs
        new = [name for name in names if name not in found]
        if new:
            connection.execute(self._new(benchmark), [{"name": name} for name in new])
            asked = connection.execute(numbers.where(benchmark.c.name.in_(new)))
            more = {name: number for name, number in asked}  # noqa: C416  as above
            connection.execute(
                self._new(named), [{"project": project, "benchmark_id": number} for number in more.values()]
            )
            found |= more
        return found

    def has(self, name: str) -> bool:
        """Tell whether a run of that digest is kept."""
        with reading(self.engine) as connection:
            return connection.scalar(select(run.c.id).where(run.c.digest == name)) is not None

    def remove(self, runs: Sequence[int]) -> int:
        """Remove runs by their numbers, and what belongs to them; return how many there were."""
        with writing(self.engine) as connection:
            gone = connection.execute(delete(run).where(run.c.id.in_(runs))).rowcount  # its rows go with it: ON DELETE
            for table, columns in ((revision, (run.c.head_id, run.c.base_id)), (machine, (run.c.machine_id,))):
                unused = (~select(run.c.id).where(column == table.c.id).exists() for column in columns)
                connection.execute(delete(table).where(*unused))
            figures = (
                select(of.c.run_id)
                .join(run, run.c.id == of.c.run_id)
                .where(of.c.benchmark_id == named.c.benchmark_id, run.c.project == named.c.project)
                .exists()
                for of in (result, link, measure)
            )
            connection.execute(delete(named).where(*(~each for each in figures)))
            return gone

    def counts(self) -> dict[str, int]:
        """Return the number of rows of every table."""
        tables = (run, revision, machine, benchmark, *OF_RUN)
        with reading(self.engine) as connection:
            return {each.name: connection.scalar(select(func.count()).select_from(each)) or 0 for each in tables}


def _result(each: Result) -> tuple[Any, ...]:
    return (
        *(each.operations, each.passes, each.processes, each.answers, *each.raw, *each.reproducible),
        *(each.low_ns, each.high_ns, each.mean_ns, each.max_ns, each.sure),
    )


_LINK: Final = attrgetter(*(column.name for column in link.columns if column.name not in {"run_id", "benchmark_id"}))
_MEASURE: Final = attrgetter("measure", "unit", "value", "low", "high", "note")
"""What a row of a table is made of, in the order of its columns behind the run and the benchmark."""
