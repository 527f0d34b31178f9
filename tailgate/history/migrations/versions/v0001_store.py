"""The first tables: runs by commit, machine, interpreter and settings, and what each of them found."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables; the names of constraints are those of schema.NAMES, which the metadata of env.py brings."""
    op.create_table(
        "machine",
        sa.Column("id", sa.Integer, primary_key=True),
        *_texts("fingerprint", "facts"),
        sa.UniqueConstraint("fingerprint"),
    )
    op.create_table(
        "revision",
        sa.Column("id", sa.Integer, primary_key=True),
        *_texts("project", "sha", "tree", "parent"),
        sa.Column("time", sa.BigInteger, nullable=False),
        *_texts("title"),
        sa.UniqueConstraint("project", "sha"),
    )
    op.create_table(
        "benchmark",
        sa.Column("id", sa.Integer, primary_key=True),
        *_texts("name"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer, primary_key=True),
        *_texts("digest", "kind", "project", "source"),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("head_id", sa.Integer, sa.ForeignKey("revision.id")),
        sa.Column("base_id", sa.Integer, sa.ForeignKey("revision.id")),
        sa.Column("dirty", sa.Boolean, nullable=False),
        sa.Column("chained", sa.Boolean, nullable=False),
        sa.Column("machine_id", sa.Integer, sa.ForeignKey("machine.id"), nullable=False),
        *_texts("interpreter", "build", "settings", "settings_digest", "verdict", "fitness", "command"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("ix_run_project_at", "run", ["project", "at"])
    op.create_table(
        "named",
        sa.Column("project", sa.Text, primary_key=True),
        sa.Column("benchmark_id", sa.Integer, sa.ForeignKey("benchmark.id"), primary_key=True),
        sqlite_with_rowid=False,
    )
    _of_run(
        "result",
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("operations", "passes", "processes")),
        *_texts("answers"),
        *_doubles(*(f"{kind}_{p}" for kind in ("raw", "own") for p in ("p50", "p90", "p99", "p999"))),
        *_doubles("low", "high", "mean", "maximum"),
        sa.Column("sure", sa.Integer, nullable=False),
    )
    _of_run(
        "histogram",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("encoded", sa.LargeBinary, nullable=False),
        lean=False,
    )
    _of_run(
        "link",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("percentile", sa.Double, primary_key=True),
        *_doubles("log_ratio"),
        *(sa.Column(name, sa.Double) for name in ("low", "high")),
        *_doubles("confidence"),
        sa.Column("spread", sa.Double),
        sa.Column("blocks", sa.Integer, nullable=False),
        *_doubles("base_ns", "head_ns"),
        *_texts("verdict"),
        sa.CheckConstraint("blocks >= 0", name="blocks"),
    )
    _of_run("judgement", *_texts("verdict", "fitness"))
    _of_run(
        "measure",
        sa.Column("name", sa.Text, primary_key=True),
        *_texts("unit"),
        *_doubles("value"),
        *(sa.Column(name, sa.Double) for name in ("low", "high")),
        *_texts("note"),
    )


def _of_run(name: str, *columns: Any, lean: bool = True) -> None:
    op.create_table(
        name,
        sa.Column("run_id", sa.Integer, sa.ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("benchmark_id", sa.Integer, sa.ForeignKey("benchmark.id"), primary_key=True),
        *columns,
        **({"sqlite_with_rowid": False} if lean else {}),
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _doubles(*names: str) -> list[sa.Column[float]]:
    return [sa.Column(name, sa.Double, nullable=False) for name in names]
