"""The two databases that runs are added to: SQLite, and a PostgreSQL server that the tests start."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tailgate.history.store import History

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL server of our own: no network, a socket in its folder, gone with the tests."""

    binaries: Path
    folder: Path
    user: str | None

    def control(self, *words: str) -> None:
        """Run pg_ctl, which waits until it is done."""
        options = f"-k {self.folder} -c listen_addresses='' -c fsync=off -c max_connections=40"
        command = [self.binaries / "pg_ctl", "-D", self.folder / "data", "-l", self.folder / "log", "-w", *words]
        self.run(*map(str, command), *(["-o", options] if "start" in words else []))

    def run(self, *command: str | Path) -> None:
        """Run a command as the server's user."""
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(self.folder)}
        who: dict[str, Any] = (
            {} if self.user is None else {"user": self.user, "group": _group(self.user), "extra_groups": []}
        )
        done = subprocess.run(
            list(map(str, command)), env=environment, cwd=self.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **who,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout.decode()

    def url(self, database: str) -> str:
        """Return the URL of a database."""
        return f"postgresql+psycopg://tailgate@/{database}?host={self.folder}"

    def new(self, database: str) -> str:
        """Make a database; return its URL."""
        import psycopg

        with closing(
            psycopg.connect(f"host={self.folder} user=tailgate dbname=postgres", autocommit=True)
        ) as connection:
            connection.execute(f'CREATE DATABASE "{database}"'.encode())
        return self.url(database)


def _group(user: str) -> int:
    return pwd.getpwnam(user).pw_gid


def _binaries() -> Path | None:
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return debian[-1].parent if debian else None


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Start a server as an ordinary user, which root has to become: it runs for nobody else."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server is installed: apt-get install postgresql")
    names = {each.pw_name for each in pwd.getpwall()}
    user = None if os.geteuid() else "postgres" if "postgres" in names else "nobody"
    folder = Path(tempfile.mkdtemp(prefix="tailgate-pg-"))  # not below tmp_path, which is root's alone
    if user is not None:
        os.chown(folder, pwd.getpwnam(user).pw_uid, _group(user))
    folder.chmod(0o755)
    made = Server(binaries, folder, user)
    try:
        made.run(
            binaries / "initdb", "-D", folder / "data", "-U", "tailgate", "--auth=trust", "--no-sync", "-E", "UTF8"
        )
        made.control("start")
        yield made
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            made.control("-m", "immediate", "stop")
        shutil.rmtree(folder)


_numbers = count()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a new, empty history, in either database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'history.sqlite3'}"
    server: Server = request.getfixturevalue("server")
    return server.new(f"history{next(_numbers)}")


@pytest.fixture
def opened(place: str) -> History:
    """Return a history that was just made."""
    return History.open(place)


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[str], History]:
    """Return what makes further histories in files."""
    return lambda name: History.open(f"sqlite:///{tmp_path / name}")
