"""Stands in for nox where a tutorial is run: the sessions of the noxfile in this folder, in the tests' own environment.

python sessions.py -s NAME [-- WORDS]
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


class Session:
    """A session whose environment is there already: nothing is installed, commands run as they are."""

    def __init__(self, words: list[str]) -> None:
        self.posargs = words
        self.bin = str(Path(sys.executable).parent)

    def install(self, *_: str) -> None:
        """Install nothing."""

    run_install = install

    def warn(self, text: str) -> None:
        """Say it as nox does."""
        sys.stderr.write(f"{text}\n")

    def run(self, *command: str, **_: Any) -> None:
        """Run a command; end with its status where that is not 0."""
        env = {**os.environ, "PATH": f"{self.bin}:{os.environ['PATH']}"}
        if status := subprocess.run(command, env=env, check=False).returncode:
            sys.exit(status)


def main(arguments: list[str]) -> None:
    """Call the session that is named, with the words behind the dashes."""
    place = arguments.index("--") if "--" in arguments else len(arguments)
    dashes, name = arguments[:place]
    assert dashes == "-s"
    spec = importlib.util.spec_from_file_location("noxfile", Path("noxfile.py"))
    assert spec is not None
    assert spec.loader is not None
    noxfile = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(noxfile)
    getattr(noxfile, name)(Session(arguments[place + 1 :]))


if __name__ == "__main__":
    main(sys.argv[1:])
