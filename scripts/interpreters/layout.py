"""Where sources, build trees, counters and finished interpreters live."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CACHE_VARIABLE = "TAILGATE_CACHE"


@dataclass(frozen=True, slots=True)
class Layout:
    """Name every folder below one cache, which checkouts may share.

    Only `interpreters` holds something to run: a folder appears in it by one rename, when it is whole.
    """

    cache: Path

    @property
    def sources(self) -> Path:
        """Return the folder of checked tarballs, and of what they unpack to (named by their SHA-256)."""
        return self.cache / "sources"

    @property
    def trees(self) -> Path:
        """Return the folder of build trees, which can be removed at any time: they only save work."""
        return self.cache / "trees"

    @property
    def profiles(self) -> Path:
        """Return the folder of training counters, one folder a training."""
        return self.cache / "profiles"

    @property
    def interpreters(self) -> Path:
        """Return the folder of finished interpreters."""
        return self.cache / "interpreters"

    @property
    def lock(self) -> Path:
        """Return the file whose lock a build holds: two builds at once would spoil each other's times."""
        return self.cache / "build.lock"


def cache_folder(told: Path | None, environ: Mapping[str, str], home: Path) -> Path:
    """Choose the cache: what was given, else $TAILGATE_CACHE, else ~/.cache/tailgate; always absolute."""
    if told is not None:
        return told.expanduser().absolute()
    if named := environ.get(CACHE_VARIABLE):
        return Path(named).expanduser().absolute()
    return home / ".cache" / "tailgate"


def size_bytes(folder: Path) -> int:
    """Sum the sizes of the regular files below a folder: links are not followed, two names of one file count once."""
    facts = (entry.stat() for entry in folder.rglob("*") if entry.is_file() and not entry.is_symlink())
    return sum({(fact.st_dev, fact.st_ino): fact.st_size for fact in facts}.values())
