"""Replay a workload inside the instrumented interpreter, with the packages that the workload imports."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.interpreters.variants import Training
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from scripts.interpreters.commands import Runner

CPYTHON_COMMAND = ("-m", "test", "--pgo", "--timeout=1200")
PIPELINE_COMMAND = ("-m", "suites.training", "--passes", "{passes}")
CODE_FOLDERS = ("implementations", "suites")
DROPPED = frozenset(
    (
        *("CC", "CXX", "CPP", "CFLAGS", "CFLAGS_NODIST", "CPPFLAGS", "LDFLAGS", "LDFLAGS_NODIST", "LIBS", "OPT"),
        *("BASECFLAGS", "EXTRA_CFLAGS", "CONFIG_SITE", "PROFILE_TASK"),
        *("MAKEFLAGS", "MFLAGS", "GNUMAKEFLAGS", "MAKELEVEL", "DESTDIR"),
        *("GCOV_PREFIX", "GCOV_PREFIX_STRIP", "LLVM_PROFILE_FILE"),
    )
)
"""What configure, make and the counters take from the environment. Not where headers and libraries lie (CPATH): a
system without them in the ordinary places could build nothing."""


@dataclass(frozen=True, slots=True)
class Workload:
    """Describe one training: the interpreter's arguments, where it runs, what it may import, and its inputs' digest.

    The rehearsal's counters are thrown away: what happens once only, such as making the tape, is not trained on.
    """

    training: Training
    command: tuple[str, ...]
    folder: Path
    needs: tuple[str, ...] = ()
    code: str = ""
    rehearsal: tuple[str, ...] = ()

    def facts(self) -> dict[str, object]:
        """Return what decides the counters, for the key of the phase."""
        return {"training": self.training.value, "command": self.command, "code": self.code, "needs": self.needs}


def cpython_workload(tree: Path) -> Workload:
    """Return CPython's own training: the part of its test suite that `make profile-run-stamp` runs."""
    return Workload(Training.CPYTHON, CPYTHON_COMMAND, tree)


def pipeline_workload(checkout: Path, passes: int, command: Sequence[str] = PIPELINE_COMMAND) -> Workload:
    """Return the pipeline's training, run from the checkout; raise TailgateError when the module is not there."""
    if tuple(command) == PIPELINE_COMMAND and not (checkout / "suites" / "training.py").is_file():
        raise TailgateError(
            f"there is no suites/training.py in {checkout}: the pipeline cannot train an interpreter",
            hint="run from a checkout of Tailgate, or give --checkout DIR",
        )
    return Workload(
        Training.PIPELINE,
        tuple(word.format(passes=passes) for word in command),
        checkout,
        needs=subject_requirements(checkout),
        code=code_digest(checkout),
        rehearsal=tuple(word.format(passes=1) for word in command),
    )


def subject_requirements(checkout: Path) -> tuple[str, ...]:
    """Read dependency group `subjects` out of pyproject.toml: what the implementations import."""
    project = tomllib.loads((checkout / "pyproject.toml").read_text())
    group = project.get("dependency-groups", {}).get("subjects", [])
    return tuple(item for item in group if isinstance(item, str))


def code_digest(checkout: Path) -> str:
    """Digest the Python files of the subject and the suites: other code is another training."""
    total = hashlib.sha256()
    for folder in CODE_FOLDERS:
        for path in sorted((checkout / folder).rglob("*.py")):
            total.update(f"{path.relative_to(checkout)}\0".encode() + path.read_bytes())
    return total.hexdigest()[:16]


def clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Drop what would change a build or a run behind the manifest's back: flags and every PYTHON variable."""
    kept = {name: value for name, value in environ.items() if name not in DROPPED and not name.startswith("PYTHON")}
    return {**kept, "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"}


def train(
    workload: Workload, python: Path, counters: Mapping[str, str], packages: Path | None, runner: Runner, log: Path
) -> None:
    """Run the workload once; its counters go where `counters` sends them, its output to `log`."""
    env = {**clean_environment(os.environ), **counters}
    if packages is not None:
        env["PYTHONPATH"] = str(packages)
        env["PYTHONPYCACHEPREFIX"] = str(packages.with_suffix(".pycache"))  # leave the checkout as it is
    runner([str(python), *workload.command], cwd=workload.folder, env=env, log=log)


def report_of(log: Path) -> dict[str, object]:
    """Read the JSON object that a training prints as its last line; empty when it prints none."""
    lines = log.read_text(errors="replace").splitlines() if log.is_file() else []
    for line in reversed(lines):
        if line.startswith("{"):
            try:
                found = json.loads(line)
            except ValueError:
                return {}
            return found if isinstance(found, dict) else {}
    return {}


def install_packages(
    needs: Sequence[str], python: Path, folder: Path, counters: Mapping[str, str], log: Path
) -> dict[str, str]:
    """Fill `folder` with the wheels that `python` can load; return why each of the others could not be had.

    The host's pip runs inside `python`, so that markers and ABI tags are the built interpreter's own. A package without
    a wheel makes the implementations that need it unavailable, never the training.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if _pip(list(needs), python, folder, counters, log) is None:
        return {}
    shutil.rmtree(folder)
    folder.mkdir()
    faults = ((need, _pip([need], python, folder, counters, log)) for need in needs)
    return {need: fault for need, fault in faults if fault is not None}


def installer(python: Path) -> list[str]:
    """Return the command that installs for another interpreter; raise TailgateError with neither pip nor uv here."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python), "install"]
    if (uv := shutil.which("uv")) is not None:  # an environment made by uv holds no pip
        return [uv, "pip", "install", "--python", str(python)]
    raise TailgateError(f"{sys.executable} has no pip, and there is no uv", hint=f"{sys.executable} -m ensurepip")


def _pip(needs: list[str], python: Path, folder: Path, counters: Mapping[str, str], log: Path) -> str | None:
    """Install; return the reason of a failure, or None."""
    command = [*installer(python), "--quiet", "--upgrade"]
    env = {**clean_environment(os.environ), **counters}
    done = subprocess.run(
        [*command, "--target", str(folder), "--only-binary", ":all:", *needs],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        close_fds=False,  # as LoggedRunner: it keeps the cache's lock
    )
    with log.open("a") as file:
        file.write(f"\n$ {' '.join(command)} {' '.join(needs)}\n{done.stdout}{done.stderr}")
    if done.returncode == 0:
        return None
    faults = [line for line in done.stderr.splitlines() if line.startswith("ERROR:")]
    return (faults[-1].removeprefix("ERROR: ") if faults else done.stderr.strip())[:200] or "pip failed"
