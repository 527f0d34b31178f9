"""What every build uses, whichever variant it makes."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from scripts.interpreters.training import install_packages
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from scripts.interpreters.commands import Runner
    from scripts.interpreters.layout import Layout
    from scripts.interpreters.toolchain import Machine


class PackageInstaller(Protocol):
    """Fill `folder` with the wheels of `needs` that `python` can load; return the others with the reason."""

    def __call__(
        self, needs: Sequence[str], python: Path, folder: Path, counters: Mapping[str, str], log: Path
    ) -> dict[str, str]:
        """Install; `counters` is the environment that keeps this run out of the training."""


@dataclass(frozen=True, slots=True)
class Shop:
    """Hold what every build uses: the cache, the machine, the runner of commands, and where to report."""

    layout: Layout
    machine: Machine
    runner: Runner
    say: Callable[[str], None]
    fetch_packages: PackageInstaller = install_packages

    def saying(self, where: str) -> Callable[[str], None]:
        """Return a reporter that puts the name of what is built before each line."""
        return lambda text: self.say(f"{where}: {text}")


@contextmanager
def exclusive(lock: Path) -> Iterator[None]:
    """Hold the cache's lock, or raise TailgateError at once when another build holds it.

    The commands of a build inherit it (LoggedRunner hands it on): a make whose build was killed goes on writing into
    its tree, and while it does nobody else may.
    """
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("w")
    except OSError as error:
        raise TailgateError(
            f"the cache {lock.parent} cannot be written: {error.strerror}",
            hint="give another: build_interpreter.py --cache FOLDER build ..., or set TAILGATE_CACHE",
        ) from error
    with file:
        os.set_inheritable(file.fileno(), True)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TailgateError(
                f"another build holds {lock}, or a command that a killed one has left running",
                hint=f"wait for it: two at once spoil each other's times and trees; `fuser -v {lock}` names it",
            ) from None
        yield
