"""An environment for what a revision declares: installed by uv where it is at hand, else by pip; once for each digest.

Behind its own packages it sees those that the worker itself needs, as they are installed beside this instrument: linked
one by one, so that nothing else of that place is within reach, and a dependency that nobody declared is missed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import sysconfig
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from tailgate.errors import TailgateError
from tailgate.files import replacing
from tailgate.measure.builds import digest_of
from tailgate.measure.environments import WORKER_NEEDS, executable_in, last_error, locked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_COMPLETE: Final = "tailgate-complete.json"
_LINKS: Final = "tailgate-worker"
_LOG_LINES: Final = 15
_OF_SUITES: Final = ("pytest", "greenlet", "asv-runner", "memray")
"""What a worker needs for suites of other tools, and to count allocations, where that is installed here."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What is to be installed for a revision.

    folder: the revision, from which relative paths count. said: the files that say it. requirements, constraints: as in
    such files; files: more of them, below the folder, and texts: what stands in them. local: whether files of the
    revision itself are among what is installed.
    """

    folder: Path
    said: str
    requirements: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    local: bool = False

    def digest(self) -> str:
        """Return the digest of what is installed, by which interpreter, and of what is linked beside it."""
        told = (
            *(self.requirements, self.constraints, self.files, self.texts),
            *(sys.executable, sys.version, sysconfig.get_platform()),
            sorted(f"{each.name}=={each.version} {each.locate_file('')}" for each in _beside()),
            digest_of(self.folder) if self.local else "",
        )
        return hashlib.blake2b(json.dumps(told).encode(), digest_size=8).hexdigest()


def declared_environment(wanted: Declared, folder: Path) -> str:
    """Make (or find again) the environment of a revision in `folder`; return its interpreter.

    The log stays beside it. One that another command is making is waited for. TailgateError where something does not
    install; it names the log.
    """
    home = folder / f"declared-{wanted.digest()}"
    if not (home / _COMPLETE).is_file():
        with locked(home) as lock:
            if not (home / _COMPLETE).is_file():  # whom we waited for may have made it
                shutil.rmtree(home, ignore_errors=True)
                _make(wanted, home, lock)
                with replacing(home / _COMPLETE) as temporary:
                    temporary.write_text(json.dumps({"said": wanted.said}), encoding="utf-8")
    return str(executable_in(home))


def _make(wanted: Declared, home: Path, lock: int) -> None:
    log = home.with_suffix(".log")
    log.write_text(f"# as {wanted.said} of {wanted.folder} has it\n", encoding="utf-8")
    commands = [[sys.executable, "-m", "venv", "--without-pip", str(home)]]
    if wanted.requirements or wanted.files:
        commands.append(_install(wanted, home))
    for command in commands:
        with log.open("a", encoding="utf-8") as out:
            out.write(f"$ {' '.join(command)}\n")
            out.flush()
            status = subprocess.run(
                command, cwd=wanted.folder, stdout=out, stderr=out, check=False, pass_fds=(lock,)
            ).returncode
        if status:
            raise _failed(wanted, log, status)
    _link(home)


def _install(wanted: Declared, home: Path) -> list[str]:
    """Return the command that installs everything at once, so that the versions are found together."""
    words = []
    for option, name, lines in (("-r", "requirements", wanted.requirements), ("-c", "constraints", wanted.constraints)):
        if lines:
            path = home.with_suffix(f".{name}.txt")
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
            words += [option, str(path)]
    words += [word for name in wanted.files for word in ("-r", name)]
    python = str(executable_in(home))
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--python", python, *words]
    quiet = ("--disable-pip-version-check", "--no-input")
    return [sys.executable, "-m", "pip", *quiet, "--python", python, "install", *words]


def _failed(wanted: Declared, log: Path, status: int) -> TailgateError:
    told = log.read_text(encoding="utf-8", errors="replace")
    last = "\n".join(told.splitlines()[-_LOG_LINES:])
    return TailgateError(
        f"the environment of a revision cannot be made as its {wanted.said} has it (status {status}): "
        f"{last_error(told)}\n{last}",
        hint=f"the whole log: {log}",
    )


def _link(home: Path) -> None:
    """Let an environment see the worker's own packages, behind all that it has itself.

    Of a package that it has itself nothing is linked: pytest would load the plugin that our version's metadata names.
    """
    links = home / _LINKS
    links.mkdir()
    site = next(home.glob("lib/python*/site-packages"))
    own = {canonicalize_name(each.name) for each in distributions(path=[str(site)])}
    for each in (each for each in _beside() if canonicalize_name(each.name) not in own):
        for top in _tops(each):
            with suppress(FileExistsError):  # of a package in several distributions
                (links / top).symlink_to(each.locate_file(top))  # type: ignore[arg-type]  # a path, of what is installed
    (site / "zz-tailgate-worker.pth").write_text(f"{links}\n", encoding="utf-8")


def _tops(installed: Distribution) -> set[str]:
    """Return what a distribution has in the folder of packages: its modules, its metadata, its shared libraries."""
    parts = {PurePath(each).parts[0] for each in installed.files or ()}
    return parts - {"..", "__pycache__"}


def _beside() -> Iterator[Distribution]:
    """Yield the distributions that a worker needs, and those that these need."""
    waiting: list[str] = [*WORKER_NEEDS, *_OF_SUITES]
    seen: set[str] = set()
    while waiting:
        try:
            wanted = Requirement(waiting.pop())
        except InvalidRequirement:  # of an old package, whose metadata nobody checks
            continue
        name = canonicalize_name(wanted.name)
        if name in seen or (wanted.marker is not None and not wanted.marker.evaluate({"extra": ""})):
            continue
        seen.add(name)
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            continue
        yield installed
        waiting += _needs(installed)


def _needs(installed: Distribution) -> Sequence[str]:
    return installed.requires or ()
