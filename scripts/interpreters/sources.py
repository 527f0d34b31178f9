"""Turn what `--source` says into a checked folder of CPython's source."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.interpreters.archives import Archive, check_sha256, sha256_of, unpack, version_of
from scripts.interpreters.debian import Apt, fetch_debian, run_apt
from scripts.interpreters.downloads import PYTHON_ORG, fetch_url, release_url
from scripts.interpreters.releases import RELEASES
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from scripts.interpreters.layout import Layout

DEBIAN = "debian"


@dataclass(frozen=True, slots=True)
class Source:
    """Describe an unpacked source; `sha256` is the tarball's, or empty for a folder of the user's own."""

    folder: Path
    version: str
    sha256: str
    size_bytes: int
    origin: str
    vouched: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Hold what the user said of the source."""

    release: str
    source: str | None = None
    sha256: str | None = None
    mirror: str | None = None
    site: str = PYTHON_ORG


def obtain(wanted: Wanted, layout: Layout, *, apt: Apt = run_apt) -> Source:
    """Fetch, check and unpack; raise TailgateError when the version is not of the release that was asked for."""
    given = wanted.source
    if given is not None and given != DEBIAN and "://" not in given and Path(given).is_dir():
        folder = Path(given).absolute()
        source = Source(folder, version_of(folder), "", 0, str(folder), "nothing: a folder is taken as it is")
    else:
        archive = _archive(wanted, layout, apt)
        folder = unpack(archive, layout.sources)
        source = Source(folder, version_of(folder), archive.sha256, archive.size_bytes, archive.origin, archive.vouched)
    if not f"{source.version}.".startswith(f"{wanted.release}."):
        raise TailgateError(
            f"{source.origin} is CPython {source.version}, not {wanted.release}",
            hint=f"give --release {source.version}",
        )
    return source


def _archive(wanted: Wanted, layout: Layout, apt: Apt) -> Archive:
    given = wanted.source
    if given is None:
        series = RELEASES.get(wanted.release)
        version = series.newest if series else wanted.release
        return fetch_url(release_url(version, wanted.site), layout.sources, wanted.sha256)
    if given == DEBIAN:
        return fetch_debian(wanted.release, layout.cache, layout.sources, mirror=wanted.mirror, apt=apt)
    if "://" in given:
        return fetch_url(given, layout.sources, wanted.sha256)
    return _local(Path(given).absolute(), wanted.sha256)


def _local(path: Path, sha256: str | None) -> Archive:
    if not path.is_file():
        raise TailgateError(f"--source {path}: there is no such file or folder", hint="give FILE, DIR, URL or debian")
    if sha256 is not None:
        check_sha256(path, sha256, "--sha256")
        vouched = "the --sha256 given"
    else:
        vouched = "nothing: a local file is taken as it is, its SHA-256 is recorded"
    return Archive(path, sha256_of(path), path.stat().st_size, str(path), vouched)
