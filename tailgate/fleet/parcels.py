"""What a block needs of this host's files, packed once and known by digest, and laid out once on another host.

A parcel is a folder (the checkout, a revision's subject) or a file (a tape). Its digest is over names, modes and
contents alone, so the same files make the same parcel wherever they lie; the place where it is laid out bears the
folder's name as well, because a negative control is the base's files at another path.
"""

from __future__ import annotations

import compileall
import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tailgate.errors import TailgateError

if TYPE_CHECKING or sys.version_info >= (3, 12):
    import tarfile
else:
    from backports import tarfile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tailgate.measure.lockstep import Contest

CACHE: Final = "TAILGATE_FLEET_CACHE"
"""The variable that names a host's folder of parcels."""

_CACHE: Final = "__pycache__"
_BUILT: Final = ("*.so", "*.pyd")
_OURS: Final = frozenset({"build", ".tailgate"})


@dataclass(frozen=True, slots=True)
class Parcel:
    """A folder or a file as it travels. origin: where it lies here; digest: sha256, hexadecimal."""

    origin: str
    digest: str
    is_file: bool = False

    @property
    def name(self) -> str:
        """Return what it is called where it is laid out."""
        return Path(self.origin).name or "root"

    def place(self, cache: Path) -> Path:
        """Return where it lies on a host."""
        return cache / "laid-out" / self.digest[:32] / self.name


@dataclass(frozen=True, slots=True)
class Packed:
    """A parcel with its bytes: a tar of a folder, or the file itself."""

    parcel: Parcel
    path: Path


def cache_folder() -> Path:
    """Return this host's folder of parcels, of this user alone: what lies there is run."""
    named = os.environ.get(CACHE)
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    folder = Path(named) if named else home / "tailgate" / "fleet"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise TailgateError(
            f"{folder} may be written by others, and what lies there is run",
            hint=f"set {CACHE} to a folder of your own",
        )
    return folder


def pack_folder(folder: Path, into: Path) -> Packed:
    """Pack what a checkout has: in a repository what git knows or does not ignore, and built modules; else all of it.

    Left out: caches, environments, the repository itself, and what tailgate wrote.
    """
    made = into / f"{hashlib.blake2b(os.fsencode(folder), digest_size=8).hexdigest()}.tar"
    with tarfile.open(made, "w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(set(_names(folder))):
            path = folder / name
            try:
                entry = archive.gettarinfo(path, name)
            except FileNotFoundError:
                continue  # git knows it, and it was removed
            entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = 0, 0, 0, "", ""
            entry.mode = 0o755 if entry.mode & stat.S_IXUSR else 0o644
            if entry.isreg():
                entry.type = tarfile.REGTYPE  # two names of one file are two files
                with path.open("rb") as content:
                    archive.addfile(entry, content)
            elif entry.issym():
                archive.addfile(entry)
    return Packed(Parcel(str(folder), _digest_of(made)), made)


def pack_file(path: Path) -> Packed:
    """Return a single file as a parcel."""
    return Packed(Parcel(str(path), _digest_of(path), is_file=True), path)


def _digest_of(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _names(folder: Path) -> Iterator[str]:
    listed = _git_names(folder)
    if listed is None:
        yield from _walked(folder)
        return
    yield from listed


def _git_names(folder: Path) -> list[str] | None:
    """Return the files of a checkout's own repository; None where the folder is none, or is ignored in one."""

    def git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(command, capture_output=True, check=False)

    others = ("ls-files", "-z", "--others", "--exclude-standard")
    try:
        ignored = git("check-ignore", "-q", ".")
        known = git(*others, "--cached")
        built = git(*others, "--ignored", "--", *_BUILT)
    except FileNotFoundError:
        return None
    if known.returncode or ignored.returncode == 0:
        return None
    names = [os.fsdecode(each) for each in (*known.stdout.split(b"\0"), *built.stdout.split(b"\0")) if each]
    tops = {each.partition("/")[0] for each in names}
    environments = {top for top in tops if (folder / top / "pyvenv.cfg").is_file()}  # their modules are no part of it
    return [each for each in names if not _is_left(each) and each.partition("/")[0] not in environments]


def _is_left(name: str) -> bool:
    parts = name.split("/")
    return parts[0] in _OURS or any(_is_hidden(each) for each in parts[:-1])


def _is_hidden(folder: str) -> bool:
    """Tell whether a folder is a tool's own: a repository, a cache, the environments of a test runner."""
    return folder.startswith(".") or folder == _CACHE


def _walked(folder: Path) -> Iterator[str]:
    for here, folders, files in os.walk(folder):
        place = Path(here)
        folders[:] = [
            each
            for each in folders
            if not _is_hidden(each)
            and not (place == folder and each in _OURS)
            and not (place / each / "pyvenv.cfg").is_file()
        ]
        links = [each for each in folders if (place / each).is_symlink()]
        for name in (*files, *links):
            yield (place / name).relative_to(folder).as_posix()


def lay_out(parcel: Parcel, packed: Path, cache: Path) -> Path:
    """Lay out a parcel from its bytes, whole or not at all; where it lies already nothing is done.

    TailgateError where the bytes are not those that the digest names.
    """
    place = parcel.place(cache)
    if place.exists():
        return place
    if _digest_of(packed) != parcel.digest:
        raise TailgateError(f"what came as {parcel.name} is not what {parcel.digest[:12]} names")
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".making-", dir=place.parent))
    try:
        made = fresh / parcel.name
        if parcel.is_file:
            shutil.copyfile(packed, made)
        else:
            made.mkdir()
            with tarfile.open(packed) as archive:
                archive.extractall(made, filter="data")
            compileall.compile_dir(made, quiet=2, workers=1)
        with suppress(OSError):  # another worker of this host was faster
            made.rename(place)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return place


class Arrivals:
    """The bytes of parcels that came to this host, piece by piece; each is kept under its digest."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache

    def path(self, digest: str) -> Path:
        """Return where the bytes of a digest lie."""
        return self.cache / "bytes" / digest

    def has(self, parcel: Parcel) -> bool:
        """Tell whether a parcel need not travel."""
        return parcel.place(self.cache).exists() or self.path(parcel.digest).is_file()

    def take(self, digest: str, sender: str, piece: bytes, *, last: bool) -> None:
        """Add a piece of what a sender sends in order; the last one puts it under its digest, if it is that."""
        self.path(digest).parent.mkdir(parents=True, exist_ok=True)
        growing = self.path(f"{digest}.{sender}")
        with growing.open("ab") as out:
            out.write(piece)
        if last:
            if _digest_of(growing) != digest:
                growing.unlink()
                raise TailgateError(f"a parcel was damaged on its way: it is not {digest[:12]}")
            growing.replace(self.path(digest))

    def settle(self, parcels: Sequence[Parcel]) -> tuple[dict[str, str], tuple[Parcel, ...]]:
        """Lay out what has come; return where each origin lies here, and what is still to come."""
        places: dict[str, str] = {}
        missing = []
        for parcel in parcels:
            if not self.has(parcel):
                missing.append(parcel)
            else:
                places[parcel.origin] = str(lay_out(parcel, self.path(parcel.digest), self.cache))
        return places, tuple(missing)


def pieces(packed: Path, size: int) -> Iterator[tuple[bytes, bool]]:
    """Yield the bytes of a parcel piece by piece, each with whether it is the last; an empty file is one piece."""
    left = packed.stat().st_size
    with packed.open("rb") as content:
        while True:
            piece = content.read(size)
            left -= len(piece)
            yield piece, left <= 0
            if left <= 0:
                return


def origins(contests: Sequence[Contest]) -> tuple[list[Path], list[Path]]:
    """Return the folders and the files of this host that these contests use, the project's own folder first.

    Folders: the project, what stands on a side's import path, and what a variable of a side names. Files: what a
    setting of the suite names, one or several with commas between.
    """
    folders: dict[Path, None] = {}
    files: dict[Path, None] = {}
    for contest in contests:
        folders[contest.plan.root] = None
        for text in (each for each in contest.plan.settings.values() if isinstance(each, str)):
            for path in map(Path, (text, *text.split(","))):
                if path.is_absolute() and path.is_file():
                    files[path] = None
        for side in contest.sides:
            folders |= dict.fromkeys(side.roots)
            folders |= {each: None for each in map(Path, side.env.values()) if each.is_absolute() and each.is_dir()}
    root = contests[0].plan.root
    apart = [each for each in folders if each != root and (not each.is_relative_to(root) or _is_apart(root, each))]
    outer = [each for each in apart if not any(each != other and each.is_relative_to(other) for other in apart)]
    return [root, *outer], [each for each in files if not each.is_relative_to(root) or _is_apart(root, each)]


def _is_apart(root: Path, path: Path) -> bool:
    """Tell whether a path within the project is no part of its parcel, as a revision laid out in build/ is none."""
    return _is_left(path.relative_to(root).as_posix())


def moved(contests: Sequence[Contest], places: Mapping[str, str]) -> list[Contest]:
    """Return contests whose paths are those of this host; places: where each origin lies here."""
    if not places:
        return list(contests)
    longest = sorted(places, key=len, reverse=True)
    known = re.compile("(" + "|".join(map(re.escape, longest)) + r")(?=$|[/,:])")

    def text(value: str) -> str:
        return known.sub(lambda found: places[found[1]], value)

    def path(value: Path) -> Path:
        return Path(text(str(value)))

    found = []
    for contest in contests:
        settings = {
            key: text(value) if isinstance(value, str) else value for key, value in contest.plan.settings.items()
        }
        env = {key: text(value) for key, value in contest.plan.env.items()}
        plan = replace(contest.plan, root=path(contest.plan.root), settings=settings, env=env)
        sides = tuple(
            replace(
                side,
                roots=tuple(map(path, side.roots)),
                replaced=tuple(map(path, side.replaced)),
                env={key: text(value) for key, value in side.env.items()},
            )
            for side in contest.sides
        )
        found.append(replace(contest, sides=sides, plan=plan))
    return found


def pack(contests: Sequence[Contest], into: Path, known: Mapping[str, Packed]) -> list[Packed]:
    """Pack everything that these contests use; what is known, by its origin, is not packed again."""
    folders, files = origins(contests)
    made = [known.get(str(each)) or pack_folder(each, into) for each in folders]
    return [*made, *(known.get(str(each)) or pack_file(each) for each in files)]
