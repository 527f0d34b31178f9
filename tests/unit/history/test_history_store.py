"""A history holds what was added, whole and once, whoever writes beside it and whenever a writer ends."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, inspect, text

from tailgate.errors import TailgateError
from tailgate.history import migrating, schema
from tailgate.history.checking import problems
from tailgate.history.engine import engine_of, reading, writing
from tailgate.history.figures import levels_of, links_of, measures_of
from tailgate.history.queries import benchmarks_of, histogram_of, runs_of
from tailgate.history.store import History
from tailgate.history.whole import entries_of
from tests.unit.history.made import LADDER_NS, PACKED, made_commit, made_entry, made_gate, made_result

if TYPE_CHECKING:
    from tests.unit.history.conftest import Server

WRITERS = Path(__file__).with_name("killed_writers.py")


def test_what_was_added_comes_back_as_it_was(opened: History) -> None:
    entries = [made_entry(1), made_gate(2, 0.03), made_entry(3, head=None, dirty=True)]
    assert [opened.add(each) for each in entries] == [True] * 3
    assert list(entries_of(opened)) == entries
    assert problems(opened) == []


def test_twice_adds_once(opened: History) -> None:
    assert opened.add(made_entry(1))
    assert not opened.add(made_entry(1))
    assert not History.open(opened.engine.url.render_as_string(hide_password=False)).add(made_entry(1))
    assert opened.counts()["run"] == 1
    assert opened.counts()["result"] == 2


def test_the_questions_find_what_is_kept(opened: History) -> None:
    for number in range(1, 4):
        opened.add(made_entry(number, results=(made_result("book/bisect", float(number)),)))
        opened.add(made_gate(number, 0.01 * number))
    opened.add(made_entry(9, project="another"))
    assert benchmarks_of(opened, "books") == ["book/bisect"]
    assert benchmarks_of(opened) == ["book/bisect", "book/heap[read_every=1]"]
    levels = levels_of(opened, "books", "book/bisect", "raw", 0.99)
    assert [each.value for each in levels] == [n * LADDER_NS[2] for n in (1.0, 2.0, 3.0)]
    assert levels[0].low == 1000.0
    assert [each.log_ratio for each in links_of(opened, "books", "book/bisect", "reproducible", 0.99)] == [
        0.01,
        0.02,
        0.03,
    ]
    assert links_of(opened, "books", "book/bisect", "raw", 0.99) == []
    assert [each.value for each in measures_of(opened, "books", "book/bisect")["allocations"]] == [4.5] * 3
    newest = runs_of(opened, limit=2)
    assert [each.project for each in newest] == ["another", "books"]
    assert newest[1].base == made_commit(2).id
    number = next(each.id for each in runs_of(opened, "another"))
    assert histogram_of(opened, number, "book/bisect", "raw") == PACKED
    with pytest.raises(TailgateError, match="no raw histogram of nothing"):
        histogram_of(opened, number, "nothing", "raw")


def test_what_controls_called_unfit_is_no_link(opened: History) -> None:
    gate = made_gate(1, 0.5)
    opened.add(replace(gate, judgements=(replace(gate.judgements[0], verdict="UNFIT"),)))
    opened.add(made_gate(2, 0.01))
    assert [each.log_ratio for each in links_of(opened, "books", "book/bisect", "reproducible", 0.99)] == [0.01]


def test_writers_beside_each_other_lose_nothing(place: str) -> None:
    """They make the tables at the same time, and add the same commits, machines and benchmarks."""

    def write(writer: int) -> list[bool]:
        own = History.open(place)
        mine = [made_entry(n, digest=f"{writer}/{n}") for n in range(6)]
        return [own.add(each) for each in (*mine, made_entry(99))]

    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(write, range(8)))
    kept = History.read(place)
    assert sum(map(sum, added)) == 8 * 6 + 1  # the run that all of them had is there once
    assert kept.counts()["run"] == 49
    assert kept.counts()["revision"] == 7
    assert kept.counts()["benchmark"] == 2
    assert problems(kept) == []


@pytest.mark.parametrize("times", [15, pytest.param(100, marks=pytest.mark.slow)])
def test_a_writer_that_is_killed_leaves_whole_runs(place: str, times: int) -> None:
    """By SIGKILL, when chance says, again and again: nothing is half there, and nothing bars the next."""
    done = subprocess.run([sys.executable, WRITERS, place, str(times)], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    kept = History.read(place)
    assert problems(kept) == []
    entries = list(entries_of(kept))
    assert entries, "no writer came as far as one run: the moments are badly chosen"
    for each in entries:
        assert each == made_entry(int(each.digest.removeprefix("run ")))
    assert kept.add(made_entry(10**6))


def test_the_tables_are_those_of_the_migrations(opened: History) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    with reading(opened.engine) as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
        assert migrating.schema_of(connection) == schema.SCHEMA
    assert ScriptDirectory(str(migrating.MIGRATIONS)).get_current_head() == schema.SCHEMA


LATER = """
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.add_column("run", sa.Column("weather", sa.Text))
    FAIL
"""


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what makes this version one with a further migration, which fails where it is told to."""
    import shutil

    folder = tmp_path / "migrations"
    shutil.copytree(migrating.MIGRATIONS, folder)

    def make(fail: str = "") -> None:
        (folder / "versions" / "v0002_weather.py").write_text(LATER.replace("FAIL", fail))
        monkeypatch.setattr(migrating, "MIGRATIONS", folder)
        monkeypatch.setattr(migrating, "SCHEMA", "0002")

    return make


def columns(history: History) -> set[str]:
    with reading(history.engine) as connection:
        return {each["name"] for each in inspect(connection).get_columns("run")}


def test_an_older_schema_is_migrated_in_place_behind_a_copy(place: str, later: Any) -> None:
    History.open(place).add(made_entry(1))
    later()
    kept = History.open(place)
    assert "weather" in columns(kept)
    assert list(entries_of(kept)) == [made_entry(1)]
    if place.startswith("sqlite"):
        assert kept.copied is not None
        assert kept.copied.name == "history.sqlite3.schema-0001"
        copy = History(engine_of(f"sqlite:///{kept.copied}"))
        assert "weather" not in columns(copy)
        assert list(entries_of(copy)) == [made_entry(1)]
        assert list(kept.copied.parent.glob(".*.tmp")) == []
    assert History.open(place).copied is None


def test_a_migration_that_fails_changes_nothing(place: str, later: Any) -> None:
    History.open(place).add(made_entry(1))
    later('op.execute("SELECT * FROM no_such_table")')
    with pytest.raises(TailgateError, match="no_such_table"):
        History.open(place)
    kept = History(engine_of(place))
    assert "weather" not in columns(kept)
    assert list(entries_of(kept)) == [made_entry(1)]


def test_an_earlier_copy_is_not_overwritten(fresh: Any, tmp_path: Path, later: Any) -> None:
    first = fresh("history.sqlite3")
    (tmp_path / "history.sqlite3.schema-0001").write_text("of somebody else")
    later()
    kept = History.open(f"sqlite:///{first.name}")
    assert kept.copied == tmp_path / "history.sqlite3.schema-0001.1"
    assert (tmp_path / "history.sqlite3.schema-0001").read_text() == "of somebody else"


def test_a_later_schema_is_refused_by_name(opened: History, place: str) -> None:
    with writing(opened.engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for opens in (History.open, History.read):
        with pytest.raises(TailgateError, match="schema 9999, made by a later tailgate; this one knows"):
            opens(place)


def test_what_is_removed_takes_its_figures_along(opened: History) -> None:
    opened.add(made_entry(1))
    opened.add(made_gate(2))
    assert opened.remove([run.id for run in runs_of(opened, kind="bench")]) == 1
    counts = opened.counts()
    assert (counts["run"], counts["result"], counts["histogram"], counts["link"]) == (1, 0, 0, 1)
    assert counts["revision"] == 2  # the gate's own two: the base is that of the bench
    assert problems(opened) == []


def test_a_full_disk_adds_nothing_and_says_so(fresh: Any) -> None:
    kept = fresh("history.sqlite3")
    kept.add(made_entry(1))

    def small(connection: Any, _: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # as many as there are: SQLite then finds the disk full

    event.listen(kept.engine, "connect", small)
    with pytest.raises(TailgateError, match="database or disk is full"):
        kept.add(made_entry(2, results=tuple(made_result(f"book/{n}") for n in range(200))))
    event.remove(kept.engine, "connect", small)
    assert list(entries_of(kept)) == [made_entry(1)]
    assert kept.add(made_entry(2))


def test_a_history_that_may_only_be_read_is_read_and_says_so() -> None:
    folder = Path(tempfile.mkdtemp())  # root's tmp_path is closed to everybody else, whom root has to become here
    kept = History.open(f"sqlite:///{folder / 'history.sqlite3'}")
    kept.add(made_entry(1))
    folder.chmod(0o555)
    (folder / "history.sqlite3").chmod(0o444)
    before = os.geteuid()
    try:
        if not before:
            os.seteuid(pwd.getpwnam("nobody").pw_uid)
        with pytest.raises(TailgateError, match=r"readonly database|unable to open"):
            kept.add(made_entry(2))
        assert list(entries_of(kept)) == [made_entry(1)]
    finally:
        os.seteuid(before)
    folder.chmod(0o755)
    (folder / "history.sqlite3").unlink()
    folder.rmdir()


def test_a_server_that_goes_away_costs_one_run_that_is_added_later(server: Server) -> None:
    kept = History.open(server.new("away"))
    kept.add(made_entry(1))
    server.control("-m", "fast", "stop")
    try:
        with pytest.raises(TailgateError, match="cannot be used") as raised:
            kept.add(made_entry(2))
    finally:
        server.control("start")
    assert "\n" not in raised.value.message
    assert kept.add(made_entry(2))
    assert len(list(entries_of(kept))) == 2


def test_a_password_is_never_told() -> None:
    kept = History(engine_of("postgresql+psycopg://me:secret@127.0.0.1:1/none"))
    with pytest.raises(TailgateError) as raised:
        kept.counts()
    assert "secret" not in str(raised.value)
    for wrong in ("mysql://me:secret@host/none", "nonsense://me:secret@host/none"):
        with pytest.raises(TailgateError) as raised:
            engine_of(wrong)
        assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("DELETE FROM result", "has a p99 of"),
        ("UPDATE histogram SET encoded = x'00'", "cannot be read"),
        ("UPDATE result SET own_p99 = own_p99 * 1.01", "has a p99 of"),
        ("PRAGMA foreign_keys = OFF; DELETE FROM benchmark", "belongs to a benchmark that is not there"),
    ],
)
def test_check_finds_what_does_not_fit(fresh: Any, damage: str, told: str) -> None:
    import sqlite3
    from contextlib import closing

    kept = fresh("history.sqlite3")
    kept.add(made_entry(1))
    assert problems(kept) == []
    with closing(sqlite3.connect(kept.name)) as connection:
        connection.executescript(damage)
        connection.commit()
    assert any(told in line for line in problems(kept)), problems(kept)


def test_check_finds_a_damaged_file(fresh: Any, tmp_path: Path) -> None:
    kept = fresh("history.sqlite3")
    for number in range(20):
        kept.add(made_entry(number))
    path = tmp_path / "history.sqlite3"
    whole = path.read_bytes()
    path.write_bytes(
        whole[: len(whole) // 2 // 4096 * 4096] + b"\xff" * 4096 + whole[len(whole) // 2 // 4096 * 4096 + 4096 :]
    )
    try:
        found = problems(kept)
    except TailgateError as error:
        found = [error.message]
    assert found
