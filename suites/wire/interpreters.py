"""The client under another interpreter: an environment of its own with every package that the wire's paths use."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Final

from tailgate.measure.environments import interpreter, prepare_environment
from tailgate.project.environments import built_folders

ROOT: Final = Path(__file__).resolve().parents[2]
_GROUPS: Final = ("subjects", "wire-subjects")


@cache
def environment_of(name: str) -> str:
    """Return the executable of an interpreter's environment, which is made where it is missing.

    name: one that was built, a path, or a name on PATH. TailgateError where there is none, or it does not run. A
    package that has no wheel for it is left out: what needs it says so when it is loaded.
    """
    folders = built_folders(ROOT)
    executable, _ = prepare_environment(interpreter(name, folders), packages(), (), ROOT / "build" / "environments")
    return executable


def packages() -> list[str]:
    """Return what a client may need, as pyproject.toml has it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    numeric = [each for each in project["project"]["dependencies"] if each.startswith("numpy")]
    return [each for group in _GROUPS for each in groups[group]] + numeric
