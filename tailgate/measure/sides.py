"""A side: anything that starts a worker. What differs between two sides is one field of this record."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import tailgate
from tailgate.errors import TailgateError
from tailgate.measure.protocol import CoordinatorEnd, Injection
from tailgate.scratch import SHARED, share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tailgate.benchmark import Benchmark

_CARRIED: Final = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "SYSTEMROOT", "LD_LIBRARY_PATH")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,}")
_STDERR_TAIL: Final = 2_000
_GIL_WARNING: Final = re.compile(r"GIL\) has been enabled to load module '([^']+)'")


class UnavailableSideError(TailgateError):
    """A side that cannot run here, for a reason that is no fault of the run: a missing package, an old interpreter."""


class SideError(TailgateError):
    """A side that died, hung or failed; the block ends, what was measured before stays. side: its name, where known."""

    side = ""


class BrokenSideError(SideError):
    """A side whose code cannot be imported, or raised: no fault of the machine's."""


class UnequalError(SideError):
    """Two sides whose answers differ: to compare their times would say nothing."""


class MisplacedSubjectError(TailgateError):
    """A side that imported another subject than its revision's: whatever it measured would be of the wrong code."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the things compared.

    name: how it is printed. benchmark: the name in the suite. python: the interpreter. roots: folders put before the
    project's own on the import path (a revision's subject). replaced: the files of the project that those stand in for:
    to import one of them after all is an error. env: what is added to the small environment that every
    worker gets; options: interpreter options such as -X or -O. process: sides of one block that name the same one share
    it, if they differ in benchmark, gc and injection alone; a side that names none has a process of its own.
    may_differ: its answers may be others than those of the first side.
    """

    name: str
    benchmark: str
    python: str = sys.executable
    roots: tuple[Path, ...] = ()
    replaced: tuple[Path, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    gc: str = "on"
    injection: Injection = field(default_factory=Injection)
    module: str = ""  # the suite's module, where it is not the project's (each revision with its own suite)
    process: str = ""
    may_differ: bool = False


def side_of(benchmark: Benchmark, python: str = sys.executable) -> Side:
    """Return the side that is one benchmark under one interpreter."""
    return Side(benchmark.name, benchmark.name, python=python, gc=benchmark.gc)


def environment(side: Side, root: Path, passed: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of a side's workers: small and the same each time, so that it shifts no layout.

    passed: what the project or the command line adds to it.
    """
    env = {key: os.environ[key] for key in _CARRIED if key in os.environ}
    env |= passed
    env["PYTHONPATH"] = os.pathsep.join(str(each) for each in (instrument(), *side.roots, root))
    env["PYTHONSAFEPATH"] = "1"
    return env | dict(side.env)


def lacking(said: str, env: Mapping[str, str]) -> str:
    """Return the hint for an error that names variables which are set here and which a worker was not given."""
    words = set(_VARIABLE.findall(said))
    names = sorted(name for name in os.environ if name in words and name not in env)
    if not names:
        return ""
    options = " ".join(f"--env {name}" for name in names)
    return (
        f"workers get a small environment, which lacks {', '.join(names)}: "
        f"[tool.tailgate] pass-env = {json.dumps(names)}, or {options} on the command line"
    )


@cache
def instrument() -> Path:
    """Return a folder that holds this very instrument and nothing else: every side measures with the same one.

    It stands first on a worker's import path, whatever its interpreter has installed; the rest of the place where this
    one is installed stays out of reach. What lies there runs in every worker, so a folder that somebody else made, or
    may write to, is refused.
    """
    package = Path(tailgate.__file__).parent
    digest = hashlib.blake2b(str(package).encode(), digest_size=6).hexdigest()
    folder = Path(tempfile.gettempdir()) / f"{SHARED}{digest}"
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise TailgateError(
            f"{folder} is no folder that this user alone may write to, and what lies there would be run",
            hint="look who made it and remove it, or set TMPDIR to a folder of your own",
        )
    if not share(folder):
        return instrument.__wrapped__()  # another run ended, and removed it, in this very moment
    link = folder / "tailgate"
    if not (link.is_symlink() and link.resolve() == package.resolve()):
        link.unlink(missing_ok=True)
        with contextlib.suppress(FileExistsError):  # another run was faster
            link.symlink_to(package, target_is_directory=True)
    return folder


class Process:
    """A started worker: its pipes, its process, and what it wrote to stderr."""

    def __init__(self, side: Side, root: Path, stderr: Path, env: Mapping[str, str]) -> None:
        self.side = side
        self._stderr = stderr
        self._env = environment(side, root, env)
        to_worker_r, to_worker_w = os.pipe()
        from_worker_r, from_worker_w = os.pipe()
        command = [side.python, *side.options, "-m", "tailgate.measure.worker", str(to_worker_r), str(from_worker_w)]
        try:
            with stderr.open("wb") as log:
                self._popen = subprocess.Popen(
                    command,
                    cwd=root,
                    env=self._env,
                    stdin=subprocess.DEVNULL,
                    stdout=log,  # pyperf prints; nothing of it is for a person
                    stderr=log,
                    pass_fds=(to_worker_r, from_worker_w),
                    start_new_session=True,  # Ctrl-C is the coordinator's: it ends the workers in order
                )
        except OSError as error:
            for descriptor in (to_worker_w, from_worker_r):
                os.close(descriptor)
            raise SideError(f"side {side.name!r} cannot be started: {side.python}: {error.strerror}") from error
        finally:
            os.close(to_worker_r)
            os.close(from_worker_w)
        self.end = CoordinatorEnd(from_worker_r, to_worker_w)

    @property
    def pid(self) -> int:
        """Return the worker's process id."""
        return self._popen.pid

    def cause_of_death(self) -> str:
        """Say how the process ended and what it printed last."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(timeout=5)
        status = self._popen.returncode
        if status is None:
            how = "closed its pipe"
        elif status < 0:
            how = f"was killed by {signal.Signals(-status).name}"
        else:
            how = f"left with status {status}"
        tail = self._stderr.read_bytes()[-_STDERR_TAIL:].decode(errors="replace").strip()
        return f"{how}\n{tail}" if tail else how

    def lacks(self, said: str) -> str:
        """Return the hint for an error that names variables which this worker was not given."""
        return lacking(said, self._env)

    def gil_turned_on_by(self) -> str:
        """Name the module that turned the GIL of a free-threaded build on; the interpreter warns of it on stderr."""
        named = _GIL_WARNING.search(self._stderr.read_text(errors="replace"))
        return f"the GIL was turned on to load {named[1]}" if named else "the GIL was on from the start (PYTHON_GIL=1?)"

    def stop(self) -> None:
        """End the process, whatever state it is in, and wait until it is gone."""
        with contextlib.suppress(OSError):
            self.end.close()
        if self._popen.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()
