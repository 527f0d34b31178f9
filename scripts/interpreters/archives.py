"""Check a source archive before it is opened, and open it so that nothing lands outside its folder."""

from __future__ import annotations

import hashlib
import lzma
import re
import shutil
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from tailgate.errors import TailgateError

if TYPE_CHECKING or sys.version_info >= (3, 12):
    import tarfile
else:
    from backports import tarfile

LARGEST_BYTES = 2 * 1024**3  # CPython unpacks to 0.2 GB
MOST_MEMBERS = 100_000  # CPython has 5,000


@dataclass(frozen=True, slots=True)
class Archive:
    """Describe a tarball on this disk: where it came from, and what vouches for it."""

    path: Path
    sha256: str
    size_bytes: int
    origin: str
    vouched: str


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_sha256(path: Path, expected: str, source: str) -> str:
    """Return the file's SHA-256 when it is the expected one; else raise TailgateError and leave the file."""
    found = sha256_of(path)
    if found != expected.lower():
        raise TailgateError(
            f"{path} has the SHA-256 {found}, but {source} says {expected}: it is not the file it should be",
            hint=f"remove {path} and fetch it again; if it differs again, do not build it",
        )
    return found


def unpack(archive: Archive, sources: Path) -> Path:
    """Unpack below `sources`, in a folder named by the digest; return the one folder the tarball holds.

    The folder appears by a rename when all of it is there; one that is there is taken as it is.
    """
    final = sources / archive.sha256[:16]
    if not final.is_dir():
        part = final.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        _extract(archive.path, part)
        part.rename(final)
    tops = [entry for entry in final.iterdir() if entry.is_dir()]
    if len(tops) != 1:
        raise TailgateError(
            f"{archive.path} holds {len(tops)} folders at its top, a source tarball holds one",
            hint=f"see `tar tf {archive.path}`",
        )
    return tops[0]


def _extract(path: Path, folder: Path) -> None:
    try:
        with tarfile.open(path) as tar:
            members = _checked(tar, path)
            _read_to_the_end(tar, path)
            tar.extractall(folder, members, filter="data")
    except (tarfile.TarError, OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the machine's fault, not the archive's
            hint = "free some room, or give another folder: build_interpreter.py --cache FOLDER build ..."
        else:
            hint = "give a .tar.xz, .tar.gz or .tgz of CPython's source"
        raise TailgateError(f"{path} cannot be unpacked: {error}", hint=hint) from error


def _read_to_the_end(tar: tarfile.TarFile, path: Path) -> None:
    """Raise TailgateError where something stands behind the last member that was found.

    tarfile takes a header that makes no sense for the end of the archive: of a damaged one it would give the first
    part as if it were all. Reading on also makes the compression compare its own checksum.
    """
    assert tar.fileobj is not None  # noqa: S101 - for the type checker: it was opened for reading
    tar.fileobj.seek(tar.offset)
    while rest := tar.fileobj.read(1 << 20):
        if rest.strip(b"\0"):
            raise TailgateError(
                f"{path} is damaged: what follows byte {tar.offset} is no member", hint="fetch it again"
            )


def _checked(tar: tarfile.TarFile, path: Path) -> list[tarfile.TarInfo]:
    members = []
    total_bytes = 0
    for member in tar:
        total_bytes += member.size
        members.append(member)
        fault = _fault(member)
        if total_bytes > LARGEST_BYTES or len(members) > MOST_MEMBERS:
            fault = f"more than {LARGEST_BYTES} bytes or {MOST_MEMBERS} members, which CPython never is"
        if fault:
            raise TailgateError(
                f"{path} is not safe to unpack: it holds {fault}",
                hint="nothing was unpacked; take the tarball from python.org or Debian",
            )
    return members


def _fault(member: tarfile.TarInfo) -> str:
    """Say what is wrong with a member; the empty string when nothing is."""
    if _leaves(member.name):
        return f"{member.name!r}, a path that leads outside"
    if member.issym() and _leaves(str(PurePosixPath(member.name).parent / member.linkname)):
        return f"{member.name!r}, a link to {member.linkname!r} outside"
    if member.islnk() and _leaves(member.linkname):
        return f"{member.name!r}, a link to {member.linkname!r} outside"
    if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
        return f"{member.name!r}, which is neither a file, a folder nor a link"
    return ""


def _leaves(name: str) -> bool:
    """Tell whether a path, resolved by its words alone, is absolute or climbs above where it starts."""
    depth = 0
    for part in PurePosixPath(name).parts:
        depth += -1 if part == ".." else 1
        if part == "/" or depth < 0:
            return True
    return False


def version_of(source: Path) -> str:
    """Read the full version out of Include/patchlevel.h; raise TailgateError when this is no CPython."""
    header = source / "Include" / "patchlevel.h"
    text = header.read_text() if header.is_file() else ""
    found = re.search(r'^#define\s+PY_VERSION\s+"([^"]+)"', text, re.MULTILINE)
    if found is None or not (source / "configure").is_file():
        raise TailgateError(
            f"{source} is not CPython's source: it needs configure, and Include/patchlevel.h with PY_VERSION",
            hint="give the folder that holds `configure`",
        )
    return found[1]
