"""The extension modules for the interpreter that the ledger's rows run on: built once, found again by their digest."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final

from suites.ledger.builds import RUNNING
from tailgate.errors import TailgateError
from tailgate.project.environments import environment_for

if TYPE_CHECKING:
    from suites.ledger.builds import Builds
    from tailgate.project.opening import Project

TOOLS: Final = ("cython>=3.1", "setuptools>=77")
"""What builds them; the environments that are measured have neither."""


def build_compiled(project: Project, builds: Builds) -> str:
    """Build what is not there yet for the base; return why it cannot be built, or nothing.

    Without them the rows of native code say what is missing, and everything else is measured.
    """
    try:
        running = builds.base_name == RUNNING
        python = builds.base if running else environment_for(project, builds.bare["plain"], TOOLS)
    except TailgateError as error:
        return str(error)
    command = [python, "-m", "implementations.native"]
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
    told = (done.stderr or done.stdout).strip().splitlines()
    return told[-1] if done.returncode and told else ""
