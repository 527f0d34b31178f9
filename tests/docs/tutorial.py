"""Runs a tutorial: its files are written, its commands run, and what they print is held to what the page shows.

On a page, a block with a title (```python title="bench.py"```) is a file, and a block of `console` holds commands
(`$ `) with their output below. A line `...` stands for any lines. **Masking**: a figure with its unit is `#` on both
sides (an end of an interval that is `open`, too), a run of blanks or of dashes is one, `~` (advisory) is left out,
whether a gate's positive control was `seen` is the machine's doing, and the folder in which the page is run is
`/home/you`. All other words have to be the same.
A command has to end with 0, unless the next one asks for its status (`echo $?`).

    python -m tests.docs.tutorial docs/tutorials/PAGE.md FOLDER    prints what each command prints, to write a page by
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.docs.commands import joined
from tests.docs.pages import blocks
from tests.wheels import offline, write_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HOME: Final = "/home/you"
_FIGURE: Final = re.compile(
    r"\b(?=[a-f]*\d)[0-9a-f]{7,40}\b"  # a commit
    r"|(?<![\w.#])[+-]?\d+(?:,\d{3})*(?:\.\d+)?(?: ?(?:ns|µs|ms|s|MB|x|%)(?!\w))?"
    r"|(?<=[\[ ])open(?=[,\]])"
)
_CONTROL: Final = re.compile(r"(?:not )?seen(?:, not needed)?")
_STAND_IN: Final = (
    "import os, sys\n\n\ndef main():\n    os.execv({python!r}, [{python!r}, {sessions!r}, *sys.argv[1:]])\n"
)


@dataclass(frozen=True, slots=True)
class File:
    """A file that the page says to write."""

    where: str
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command, and what the page says that it prints."""

    where: str
    text: str
    shown: tuple[str, ...]


def steps(page: Path) -> Iterator[File | Command]:
    """Yield what a reader of the page does, in order."""
    for block in blocks(page):
        if block.title:
            yield File(str(block), block.title, block.text)
        elif block.language == "console":
            command, shown = "", list[str]()
            for line in [*joined(block.text), "$ "]:
                if not line.startswith("$ "):
                    shown.append(line)
                    continue
                if command:
                    yield Command(f"{block}: {command}", command, tuple(shown))
                command, shown = line.removeprefix("$ "), []


def masked(line: str) -> str:
    """Return a line without what differs from run to run."""
    return " ".join(re.sub(r"-{2,}", "-", _CONTROL.sub("seen", _FIGURE.sub("#", line.replace("~", "")))).split())


def differs(shown: tuple[str, ...], printed: str) -> bool:
    """Return whether a command printed something else than the page shows, where that shows anything."""
    if not shown:
        return False
    wanted = "".join("(?:.*\n)*?" if line == "..." else re.escape(masked(line)) + "\n" for line in shown)
    return not re.fullmatch(wanted, "".join(masked(line) + "\n" for line in printed.splitlines()))


class Shell:
    """A reader's shell: folder, variables and the last status are kept from command to command."""

    def __init__(self, home: Path, folder: Path, env: Mapping[str, str]) -> None:
        self.home, self.folder, self.env, self.status = home, folder, dict(env), 0
        self._kept = home / ".kept"

    def run(self, command: str) -> str:
        """Run a command; return what it printed, on both streams."""
        script = f"(exit {self.status})\n{command}\nstatus=$?\n{{ pwd; env -0; }} > '{self._kept}'\nexit $status"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.status = done.returncode
        folder, _, variables = self._kept.read_text().partition("\n")
        self.folder = Path(folder)
        self.env = dict(each.split("=", 1) for each in variables.split("\0") if each)
        return done.stdout.replace(str(self.home), HOME)


def surroundings(home: Path, *wheels: Path) -> dict[str, str]:
    """Return the variables of a reader whose package index is a folder: these wheels, and nox by a stand-in.

    What the wheels depend on is what the tests' own environment holds: a path file that each wheel brings leads there.
    """
    index = home.parent / "index"
    code = _STAND_IN.format(python=sys.executable, sessions=str(Path(__file__).with_name("sessions.py")))
    write_wheel(index, "nox", "9999", code, module="nox_stand_in", script="nox")
    for wheel in wheels:
        shutil.copy2(wheel, index)
        with zipfile.ZipFile(index / wheel.name, "a") as archive:
            archive.writestr("of_the_tests.pth", sysconfig.get_path("purelib"))
    return {
        **offline(index),
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PIP_NO_DEPS": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "TAILGATE_HISTORY": "off",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_NAME": "you" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "you@you.invalid" for who in ("AUTHOR", "COMMITTER")},
        "LANG": "C.UTF-8",
    }


def follow(page: Path, shell: Shell) -> Iterator[tuple[Command, str, str | None]]:
    """Do what the page says; yield each command, what it printed, and what is wrong with that, if anything is."""
    found = list(steps(page))
    for place, step in enumerate(found):
        if isinstance(step, File):
            path = shell.folder / step.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step.text, encoding="utf-8")
            continue
        printed = shell.run(step.text)
        following = found[place + 1] if place + 1 < len(found) else None
        asked = isinstance(following, Command) and following.text == "echo $?"
        wrong = None
        if differs(step.shown, printed):
            wrong = f"{step.where}\nprinted:\n{printed}\nthe page shows:\n" + "\n".join(step.shown)
        elif shell.status and not asked:
            wrong = f"{step.where}\nended with {shell.status}\n{printed}"
        yield step, printed, wrong


if __name__ == "__main__":
    where = Path(sys.argv[2]).resolve()
    (where / "home").mkdir(parents=True)
    begun = Shell(where / "home", where / "home", surroundings(where / "home", *map(Path, sys.argv[3:])))
    for each, output, fault in follow(Path(sys.argv[1]).resolve(), begun):
        sys.stdout.write(f"$ {each.text}\n{output}{'' if fault is None else '^^^ not what the page shows'}\n")
