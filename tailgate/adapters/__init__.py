"""Suites that a project already has: pytest-benchmark's tests, pyperf's scripts, asv's classes; a module here for each.

`benchmarks = "pytest:tests/bench"` in [tool.tailgate] names the kind and, behind the colon, where the suite lies. What
is found there becomes benchmarks like any other: one input repeated, answers compared as far as they have a value.
"""

from __future__ import annotations

import importlib
import json
import os
import shlex
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from tailgate.adapters.pytest_items import SET_UP
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tailgate.benchmark import Benchmark, Workload

KINDS: Final = ("pytest", "pyperf", "asv")
HOME: Final = "TAILGATE_SUITE_HOME"
"""The variable that tells a worker which folder its suite lies in, where each revision has its own."""

UNAVAILABLE: Final = 3
"""The status of a process that was asked for a benchmark which cannot run here."""

_SECONDS: Final = 600.0


class Adapter(Protocol):
    """What each module here has."""

    def collect(self, target: str, home: Path, only: str) -> list[Benchmark]:
        """Return the benchmarks below `home`, in order; with `only`, no more than what that one needs."""


def is_adapted(module: str) -> bool:
    """Tell whether the words name a suite of another tool and not a Python module."""
    return module.partition(":")[0] in KINDS and ":" in module


def narrowed(spec: str, names: Sequence[str]) -> str:
    """Return the words for no more of a suite than the files that hold these benchmarks, where that can be said."""
    kind, _, target = spec.partition(":")
    if kind != "pytest":
        return spec
    files = sorted({name.partition("::")[0] for name in names})
    set_up = [word for word in shlex.split(target) if word.startswith(SET_UP)]
    return f"{kind}:{shlex.join([*files, *set_up])}"


def collect(spec: str, only: str = "") -> list[Benchmark]:
    """Return the benchmarks of `kind:target`, found in this process; it imports and may run the suite's code."""
    kind, _, target = spec.partition(":")
    if not target:
        raise TailgateError(
            f"benchmarks = {spec!r} does not say where the suite lies", hint=f'write e.g. "{kind}:bench"'
        )
    try:
        adapter = cast("Adapter", importlib.import_module(f"tailgate.adapters.{kind}_suite"))
    except ModuleNotFoundError as error:
        raise TailgateError(
            f"a suite of {kind} needs the package {error.name}", hint=f"pip install 'tailgate[{kind}]'"
        ) from error
    return adapter.collect(target, home_of(target), only)


@cache
def listed(spec: str) -> list[Benchmark]:
    """Return the names of the benchmarks of `kind:target`, found in a process of its own: nothing is imported here.

    They can be chosen and named, not prepared.
    """
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-m", "tailgate.adapters", spec]
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        raise TailgateError(f"{spec} could not be listed within {_SECONDS:g} s", hint=" ".join(command)) from None
    last = done.stdout.splitlines()[-1:] or [""]
    if done.returncode or not last[0].startswith("["):
        told = done.stderr.strip().splitlines()[-12:]
        raise TailgateError(f"{spec} cannot be listed:\n" + "\n".join(told), hint=" ".join(command))
    return [named(*each) for each in json.loads(last[0])]


def named(path: str, implementation: str, label: str, reason: str) -> Benchmark:
    """Return a benchmark that is known by its name alone."""
    from tailgate.benchmark import Benchmark  # noqa: PLC0415  it loads suites through this module

    return Benchmark(path, implementation, _elsewhere, label=label, check=lambda: reason)


def _elsewhere(_settings: Mapping[str, Any]) -> Workload:
    raise TailgateError("a benchmark of another tool's suite is prepared in its worker alone")


def home_of(target: str) -> Path:
    """Return the folder that a suite lies in: as the coordinator says, else the first on the path."""
    if given := os.environ.get(HOME):
        return Path(given).resolve()
    first = target.partition(" ")[0].partition("::")[0]
    for folder in (*map(Path, filter(None, sys.path)), Path.cwd()):
        if (folder / first).exists() or any(folder.glob(first)):
            return folder.resolve()
    raise TailgateError(
        f"there is no {target} in {Path.cwd()}", hint="[tool.tailgate] benchmarks names it from the project's root"
    )


def without_twins(found: Sequence[Benchmark]) -> list[Benchmark]:
    """Return the benchmarks, a name that is taken twice with a number behind it."""
    seen: dict[str, int] = {}
    unique = []
    for each in found:
        count = seen[each.name] = seen.get(each.name, 0) + 1
        unique.append(each if count == 1 else replace(each, label=f"{each.name}#{count}"))
    return unique
