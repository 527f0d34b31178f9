"""The folders that a command writes into: made and tried before anything is measured, and never shared by two runs."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def output_folder(folder: Path) -> Path:
    """Make the folder that results go to, before anything is measured; TailgateError where no file can be put there."""
    probe = folder / f".writable.{os.getpid()}.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise TailgateError(
            f"no results can be written into {folder}: {error.strerror}",
            hint="choose another folder with --output",
        ) from error
    return folder


def guard_file(path: Path, root: Path, hint: str) -> None:
    """Refuse to replace a file that is not under the project's build/."""
    if path.exists() and not path.resolve().is_relative_to((root / "build").resolve()):
        raise TailgateError(f"{path} exists and is not under build/", hint=hint)


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Keep other runs out of the folder where revisions are laid out, as long as this one lasts.

    TailgateError where another one is in. The lock is the operating system's: it ends with the process, in any case.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TailgateError(
                f"another run is at work in {folder}: it would lose the revisions that it measures",
                hint="wait until it has ended, or run this one in a checkout of its own (git worktree add)",
            ) from None
        yield
