"""Remove finished interpreters, or all that building left behind."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from scripts.interpreters.manifest import FILE
from scripts.interpreters.shop import exclusive
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from scripts.interpreters.layout import Layout


def remove_names(layout: Layout, names: Iterable[str]) -> list[Path]:
    """Remove interpreters by name; all names are checked before the first is removed.

    Each loses its name by one rename, as it got it: what an interruption leaves is none of the finished ones.
    """
    folders = [layout.interpreters / name for name in names]
    for folder in folders:
        if folder.parent != layout.interpreters or not (folder / FILE).is_file():
            raise TailgateError(f"{folder} is no interpreter of this cache", hint="see `list` for the names")
    for folder in folders:
        half = folder.with_name(f".{folder.name}.gone.part")
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir()
        folder.rename(half / folder.name)
        shutil.rmtree(half)
    return folders


def remove_work(layout: Layout) -> list[Path]:
    """Remove trees, counters, unpacked sources and half installs; the tarballs stay. Not while a build runs."""
    with exclusive(layout.lock):
        unpacked = [path for path in _entries(layout.sources) if path.is_dir()]
        halves = [path for path in _entries(layout.interpreters) if path.name.endswith(".part")]
        work = [*_entries(layout.trees), *_entries(layout.profiles), *unpacked, *halves]
        for path in work:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return work


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
