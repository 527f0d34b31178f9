"""Temporary folders that go with the process that made them; what a killed one left goes with the next.

A folder is owned by whoever holds a lock on it, which the kernel drops with the process, however that ends.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_OWN: Final = "tailgate-run-"
SHARED: Final = f"tailgate-code-{os.getuid()}-"
"""How the names of folders begin that several runs use at once, by `share`."""


@contextmanager
def scratch() -> Iterator[Path]:
    """Make a temporary folder for the block; remove those first that no process owns any more."""
    sweep()
    held = None
    while held is None:
        folder = Path(tempfile.mkdtemp(prefix=_OWN))
        held = _lock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)  # None: another run's sweep was faster
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def share(folder: Path) -> bool:
    """Own a folder together with other runs until this process ends; say whether it was still there to own."""
    held = _lock(folder, fcntl.LOCK_SH)
    if held is None:
        return False
    atexit.register(_leave, folder, held, os.getpid())
    return True


def sweep() -> None:
    """Remove this user's folders that no process owns."""
    place = Path(tempfile.gettempdir())
    for folder in (*place.glob(f"{_OWN}*"), *place.glob(f"{SHARED}*")):
        with suppress(OSError):
            if folder.lstat().st_uid == os.getuid():
                _remove(folder, _lock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB))


def _lock(folder: Path, how: int) -> int | None:
    """Return a descriptor that holds the lock; None where somebody else owns the folder, or removed it."""
    held = None
    try:
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        fcntl.flock(held, how)
        if os.fstat(held).st_nlink:
            return held
    except (FileNotFoundError, BlockingIOError):
        pass
    if held is not None:
        os.close(held)
    return None


def _remove(folder: Path, held: int | None) -> None:
    if held is not None:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def _leave(folder: Path, held: int, process: int) -> None:
    with suppress(BlockingIOError):
        if os.getpid() == process:  # a fork has the descriptor, and with it the lock
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(folder, held)
