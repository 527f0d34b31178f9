"""The tables of a history, for SQLite and PostgreSQL alike. A change of them is a new file in migrations/versions."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

SCHEMA: Final = "0001"
"""The newest migration; a file of another one is migrated, or refused where it is newer."""

NAMES: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
"""Every constraint has a name: a later migration must be able to speak of it."""

metadata = MetaData(naming_convention=NAMES)

machine = Table(
    "machine",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("fingerprint", Text, nullable=False, unique=True),
    Column("facts", Text, nullable=False),  # JSON
)

revision = Table(
    "revision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project", Text, nullable=False),
    Column("sha", Text, nullable=False),
    Column("tree", Text, nullable=False),
    Column("parent", Text, nullable=False),
    Column("time", BigInteger, nullable=False),  # seconds since the epoch
    Column("title", Text, nullable=False),
    UniqueConstraint("project", "sha"),
)

benchmark = Table(
    "benchmark",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
)

run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("project", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("at", Double, nullable=False),  # seconds since the epoch
    Column("head_id", Integer, ForeignKey("revision.id")),
    Column("base_id", Integer, ForeignKey("revision.id")),
    Column("dirty", Boolean, nullable=False),
    Column("chained", Boolean, nullable=False),
    Column("machine_id", Integer, ForeignKey("machine.id"), nullable=False),
    Column("interpreter", Text, nullable=False),
    Column("build", Text, nullable=False),
    Column("settings", Text, nullable=False),  # JSON
    Column("settings_digest", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("fitness", Text, nullable=False),
    Column("command", Text, nullable=False),
    Index(None, "project", "at"),
)


named = Table(
    "named",
    metadata,
    Column("project", Text, primary_key=True),
    Column("benchmark_id", Integer, ForeignKey("benchmark.id"), primary_key=True),
    sqlite_with_rowid=False,
)
"""The benchmarks of a project, which else would have to be looked for in all that was ever found."""


def _of_run() -> list[Column[int]]:
    """Return the key of what belongs to a run: the rows of a run lie side by side, so that adding one is appending."""
    return [
        Column("run_id", Integer, ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
        Column("benchmark_id", Integer, ForeignKey("benchmark.id"), primary_key=True),
    ]


result = Table(
    "result",
    metadata,
    *_of_run(),
    Column("operations", Integer, nullable=False),
    Column("passes", Integer, nullable=False),
    Column("processes", Integer, nullable=False),
    Column("answers", Text, nullable=False),
    *(Column(f"{kind}_{p}", Double, nullable=False) for kind in ("raw", "own") for p in ("p50", "p90", "p99", "p999")),
    Column("low", Double, nullable=False),
    Column("high", Double, nullable=False),
    Column("mean", Double, nullable=False),
    Column("maximum", Double, nullable=False),
    Column("sure", Integer, nullable=False),
    sqlite_with_rowid=False,
)

histogram = Table(
    "histogram",
    metadata,
    *_of_run(),
    Column("kind", Text, primary_key=True),
    Column("encoded", LargeBinary, nullable=False),
)

link = Table(
    "link",
    metadata,
    *_of_run(),
    Column("kind", Text, primary_key=True),
    Column("percentile", Double, primary_key=True),
    Column("log_ratio", Double, nullable=False),
    Column("low", Double),
    Column("high", Double),
    Column("confidence", Double, nullable=False),
    Column("spread", Double),
    Column("blocks", Integer, nullable=False),
    Column("base_ns", Double, nullable=False),
    Column("head_ns", Double, nullable=False),
    Column("verdict", Text, nullable=False),
    CheckConstraint("blocks >= 0", name="blocks"),
    sqlite_with_rowid=False,
)

judgement = Table(
    "judgement",
    metadata,
    *_of_run(),
    Column("verdict", Text, nullable=False),
    Column("fitness", Text, nullable=False),
    sqlite_with_rowid=False,
)

measure = Table(
    "measure",
    metadata,
    *_of_run(),
    Column("name", Text, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("value", Double, nullable=False),
    Column("low", Double),
    Column("high", Double),
    Column("note", Text, nullable=False),
    sqlite_with_rowid=False,
)

OF_RUN: Final = (result, histogram, link, judgement, measure)
"""The tables whose rows belong to a run, and go with it."""
