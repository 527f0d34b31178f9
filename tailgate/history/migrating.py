"""Brings a history to this version's schema: by Alembic, in one transaction, and an SQLite file behind a copy."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import inspect, text

from tailgate.errors import TailgateError
from tailgate.history.engine import file_of, name_of, reading, writing
from tailgate.history.schema import SCHEMA

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_TURN: Final = 8_102_021
"""The key of the lock by which, on a server, one writer at a time migrates: any number that nobody else takes."""


MIGRATIONS: Final = Path(__file__).parent / "migrations"


def make_current(engine: Engine) -> Path | None:
    """Make the tables, or migrate those of an older schema; return the copy of the file as it was, None for none."""
    file = file_of(engine)
    if file is not None:
        try:
            if not file.parent.is_dir():
                file.parent.mkdir(parents=True, exist_ok=True)
                (file.parent / ".gitignore").write_text("*\n")  # a folder of ours makes no tree dirty
        except OSError as error:
            raise TailgateError(f"the history {file} cannot be made: {error.strerror or error}") from error
    elif is_current(engine):  # without the lock
        return None
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _TURN})
        found = schema_of(connection)  # again: another one may have been faster
        if found == SCHEMA:
            return None
        _refuse_unknown(engine, found)
        copy = _copied(file, found) if file is not None and found else None
        upgrade(connection)
        return copy


def is_current(engine: Engine) -> bool:
    """Tell whether the history has this version's schema; TailgateError where it has one of a later version."""
    with reading(engine) as connection:
        found = schema_of(connection)
    _refuse_unknown(engine, found)
    return found == SCHEMA


def schema_of(connection: Connection) -> str:
    """Return the schema of a history, empty where there is none yet."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.scalar(text("SELECT version_num FROM alembic_version")) or "")


def upgrade(connection: Connection, to: str = "head") -> None:
    """Run the migrations up to one of them, inside the connection's transaction."""
    from alembic import command  # noqa: PLC0415  a fifth of a second, which a history that is current does not cost
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def _refuse_unknown(engine: Engine, found: str) -> None:
    if found > SCHEMA:
        raise TailgateError(
            f"the history {name_of(engine)} has schema {found}, made by a later tailgate; this one knows {SCHEMA}",
            hint="use that version, or name another history by TAILGATE_HISTORY",
        )


def _copied(file: Path, schema: str) -> Path:
    """Copy an SQLite file beside itself before it is changed; an earlier copy stays."""
    names = (
        file.with_name(f"{file.name}.schema-{schema}{suffix}") for suffix in ("", *(f".{n}" for n in range(1, 999)))
    )
    target = next(name for name in names if not name.exists())
    unfinished = target.with_name(f".{target.name}.tmp")
    try:
        unfinished.unlink(missing_ok=True)  # of a migration that was killed
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(unfinished)) as copy:
            source.backup(copy)
        unfinished.replace(target)
    except (OSError, sqlite3.Error) as error:
        unfinished.unlink(missing_ok=True)
        raise TailgateError(
            f"the history {file} has schema {schema} and is not migrated, for it cannot be copied first: {error}",
            hint="free some room, or name another history by TAILGATE_HISTORY",
        ) from error
    return target
