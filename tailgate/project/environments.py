"""The interpreters that a project's sides may run under, each in an environment with the project's packages."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tailgate.measure.declared import declared_environment
from tailgate.measure.environments import interpreter, prepare_environment
from tailgate.project.dependencies import declared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailgate.project.opening import Project


COUNTER: Final = "memray>=1.14"
"""What an environment needs besides, for allocations to be counted in it."""


def built_folders(root: Path) -> tuple[Path, ...]:
    """Return where interpreters that were built are looked for."""
    cache = Path(os.environ.get("TAILGATE_CACHE") or Path.home() / ".cache" / "tailgate")
    return (root / "build" / "interpreters", cache / "interpreters")


def executable_of(project: Project, name: str) -> str:
    """Return the executable of an interpreter: a path, a name on PATH, or the name of one that was built."""
    return interpreter(name, built_folders(project.root))


def environment_for(project: Project, executable: str, extra: Sequence[str] = ()) -> str:
    """Return the interpreter of an environment that holds the project's requirements; make it where it is missing.

    extra: packages that must install, else TailgateError; a requirement without a wheel is left out.
    """
    folder = project.root / "build" / "environments"
    return prepare_environment(executable, project.config.requirements, extra, folder)[0]


def declared_for(project: Project, revision: Path) -> str:
    """Return the interpreter of an environment with what a laid-out revision declares; make it where it is missing."""
    return declared_environment(declared(revision), project.root / "build" / "environments")
