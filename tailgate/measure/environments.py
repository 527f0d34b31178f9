"""An environment of its own for a side: another interpreter, or other versions of its dependencies."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tailgate.errors import TailgateError
from tailgate.files import replacing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WORKER_NEEDS: Final = ("pyperf>=2.9", "hdrhistogram>=0.10.6", "psutil>=6", "packaging>=24")
"""What a worker imports besides the standard library and the instrument."""

_FACTS: Final = "import json,sys,sysconfig;print(json.dumps([sys.version_info[:3],sysconfig.get_config_var('SOABI')]))"
_COMPLETE: Final = "tailgate-complete.json"


def interpreter(name: str, folders: Sequence[Path] = ()) -> str:
    """Return the executable of an interpreter: a path, a name on PATH, or the name of one that was built."""
    for folder in folders:
        for built in [*sorted((folder / name / "bin").glob("python3.*")), folder / name / "bin" / "python3"]:
            if built.is_file() and os.access(built, os.X_OK) and not built.name.endswith("-config"):
                return str(built)
    found = shutil.which(name)
    if found is None:
        raise TailgateError(
            f"there is no interpreter {name!r}",
            hint="give a path or a name on PATH",
        )
    return str(Path(found).absolute())


def prepare_environment(
    python: str, requirements: Sequence[str], extra: Sequence[str], folder: Path
) -> tuple[str, dict[str, str]]:
    """Make (or find again) an environment; return its interpreter and, for each package left out, the reason.

    One that another command is making is waited for; one that was left half made is made anew.

    requirements: what the benchmarks use; one without a wheel for this interpreter is left out, and the implementations
    that need it are unavailable there. extra: what the user asked for by version; that must install.
    """
    facts = _run([python, "-c", _FACTS], f"{python} does not run").strip()
    key = hashlib.blake2b(json.dumps([python, facts, [*requirements], [*extra]]).encode(), digest_size=8).hexdigest()
    home = folder / key
    if not (home / _COMPLETE).is_file():
        with locked(home) as lock:
            if not (home / _COMPLETE).is_file():  # whom we waited for may have made it
                shutil.rmtree(home, ignore_errors=True)
                left_out = _Making(python, home, lock).make(requirements, extra)
                with replacing(home / _COMPLETE) as temporary:
                    temporary.write_text(json.dumps(left_out), encoding="utf-8")
    return str(executable_in(home)), json.loads((home / _COMPLETE).read_text(encoding="utf-8"))


@contextmanager
def locked(home: Path) -> Iterator[int]:
    """Wait until nobody else is at an environment; gives the lock, for the commands that make it to hold as well.

    What a kill leaves running would go on installing into the folder that the next one has begun anew.
    """
    home.parent.mkdir(parents=True, exist_ok=True)
    with home.with_suffix(".lock").open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def executable_in(home: Path) -> Path:
    """Return the interpreter of an environment."""
    return home / "bin" / "python"


@dataclass(frozen=True, slots=True)
class _Making:
    """The making of one environment under its lock."""

    python: str
    home: Path
    lock: int

    def make(self, requirements: Sequence[str], extra: Sequence[str]) -> dict[str, str]:
        """Make it; return the requirements that were left out, with the reasons."""
        venv = [self.python, "-m", "venv", "--without-pip", str(self.home)]
        _run(venv, f"no environment can be made with {self.python}", self.lock)
        if self._pip(WORKER_NEEDS).returncode != 0:  # a free-threaded build has no wheel of all of them: compile
            self._install(WORKER_NEEDS, "the worker's own packages cannot be installed", wheels_only=False)
        left_out: dict[str, str] = {}
        for requirement in requirements:
            done = self._pip([requirement])
            if done.returncode != 0:
                left_out[requirement] = last_error(done.stderr)
        if extra:
            self._install(extra, f"{', '.join(extra)} cannot be installed for {self.python}")
        return left_out

    def _install(self, packages: Sequence[str], what: str, *, wheels_only: bool = True) -> None:
        done = self._pip(packages, wheels_only=wheels_only)
        if done.returncode != 0:
            raise TailgateError(f"{what}: {last_error(done.stderr)}")

    def _pip(self, packages: Sequence[str], *, wheels_only: bool = True) -> subprocess.CompletedProcess[str]:
        only = ["--only-binary=:all:"] if wheels_only else []
        command = ["--python", str(executable_in(self.home)), "install", "--quiet", *only, *packages]
        return subprocess.run(
            [sys.executable, "-m", "pip", *command],
            capture_output=True,
            text=True,
            check=False,
            pass_fds=(self.lock,),
        )


def last_error(stderr: str) -> str:
    """Return the last line that an installer calls an error, else its last one."""
    lines = (
        [line for line in stderr.splitlines() if line.startswith(("ERROR", "error"))]
        or stderr.splitlines()
        or ["pip failed"]
    )
    return lines[-1].removeprefix("ERROR: ")


def _run(command: Sequence[str], what: str, *held: int) -> str:
    """Run a command, which keeps the descriptors in `held` open, and return what it printed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, pass_fds=held)
    except OSError as error:
        raise TailgateError(f"{what}: {error.strerror}") from error
    if done.returncode != 0:
        raise TailgateError(f"{what}: {done.stderr.strip()[-500:]}")
    return done.stdout
