"""Opens the database: SQLite, whose writers take turns, and PostgreSQL, whose server may be away."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

WAIT_S: Final = 30
"""How long a writer waits for another one, and for the answer of a server."""

_AWAY_S: Final = 5
_WRITES: Final = "tailgate_writes"


def engine_of(url: str) -> Engine:
    """Return the engine of a URL: sqlite or postgresql; nothing is opened yet."""
    try:
        made = make_url(url)
        if made.get_backend_name() == "sqlite":
            return _sqlite(create_engine(made, poolclass=NullPool, connect_args={"timeout": WAIT_S}))
        if made.get_backend_name() == "postgresql":
            limits = f"-c statement_timeout={1000 * WAIT_S} -c timezone=UTC"
            how: dict[str, Any] = {"connect_timeout": _AWAY_S, "options": limits}
            return create_engine(made, poolclass=NullPool, connect_args=how)
    except (ArgumentError, NoSuchModuleError) as error:
        raise TailgateError(f"{_hidden(url)!r} is no place for a history: {error}", hint=_KNOWN) from error
    raise TailgateError(f"a history is not kept in {made.get_backend_name()}", hint=_KNOWN)


_KNOWN: Final = "name a file, or postgresql+psycopg://USER@HOST/DATABASE"


def _sqlite(engine: Engine) -> Engine:
    """Let SQLAlchemy say BEGIN, not the driver: tables are then made, and rows added, whole or not at all."""

    def connected(connection: Any, _: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")

    def begun(connection: Connection) -> None:
        # A writer takes its turn when it begins: one that reads first and then finds it taken could only give up.
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
    return engine


@contextlib.contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Yield a connection that reads one state of the history; TailgateError where that fails."""
    with told_plainly(engine), engine.connect() as connection:
        yield connection


@contextlib.contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Yield a connection whose changes are kept together when all went well, and none of them otherwise."""
    with told_plainly(engine), engine.execution_options(**{_WRITES: True}).begin() as connection:
        yield connection


def file_of(engine: Engine) -> Path | None:
    """Return the file of an SQLite history, None of one on a server."""
    named = engine.url.database
    return Path(named) if engine.dialect.name == "sqlite" and named else None


def name_of(engine: Engine) -> str:
    """Return where the history is, as a person may read it: without a password."""
    file = file_of(engine)
    return str(file) if file else engine.url.render_as_string(hide_password=True)


@contextlib.contextmanager
def told_plainly(engine: Engine) -> Iterator[None]:
    """Turn what SQLAlchemy raises into one line that says where, and why."""
    try:
        yield
    except SQLAlchemyError as error:
        lines = str(getattr(error, "orig", None) or error).strip().splitlines() or [type(error).__name__]
        raise TailgateError(
            f"the history {name_of(engine)} cannot be used: {lines[0]}",
            hint="`tailgate history check` looks at it; TAILGATE_HISTORY names another, `off` keeps none",
        ) from error


def _hidden(url: str) -> str:
    """Return a URL without what stands between its scheme and its host: a password may be in it."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"
