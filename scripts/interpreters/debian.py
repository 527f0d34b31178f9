"""Take CPython's source from Debian's archive, without touching the system's own apt configuration."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from scripts.interpreters.archives import Archive, check_sha256
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SUITES = ("sid", "forky", "trixie")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Apt(Protocol):
    """Run one apt command and return its exit status and what it printed."""

    def __call__(self, argv: Sequence[str], *, cwd: Path) -> tuple[int, str]:
        """Run `argv` in `cwd`."""


def run_apt(argv: Sequence[str], *, cwd: Path) -> tuple[int, str]:
    """Run an apt command for at most ten minutes, its messages in English; TailgateError where there is no apt."""
    try:
        done = subprocess.run(
            argv,
            cwd=cwd,
            env={**os.environ, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    except FileNotFoundError as error:
        raise TailgateError(f"--source debian needs {argv[0]}, which is not here", hint="give --source FILE") from error
    except subprocess.TimeoutExpired:
        return 124, "no answer in ten minutes"
    return done.returncode, done.stdout + done.stderr


@dataclass(frozen=True, slots=True)
class Listed:
    """Name one source package as Debian's signed index lists it: version, upstream tarball, size, SHA-256."""

    package: str
    version: str
    file: str
    size_bytes: int
    sha256: str

    @property
    def upstream(self) -> str:
        """Return the version without Debian's own revision."""
        return self.version.rsplit("-", 1)[0].split(":")[-1]


def fetch_debian(version: str, cache: Path, sources: Path, *, mirror: str | None = None, apt: Apt = run_apt) -> Archive:
    """Download the upstream tarball of `3.13` or `3.13.15` with apt, which checks it against a signed index.

    Of a series the newest version is tried first, then the older ones: an index may list a file that the mirror
    does not hold. A sources list, the package lists and the files all live below `cache/apt`.
    """
    folder = cache / "apt"
    options = _configure(folder, mirror or _mirror(apt, cache))
    status, told = apt(["apt-get", *options, "update"], cwd=folder)
    if status != 0:
        raise TailgateError(f"apt could not read the index: {_last(told)}", hint="give --mirror URL or --source FILE")
    package = f"python{'.'.join(version.split('.')[:2])}"
    listed = parse_showsrc(apt(["apt-cache", *options, "showsrc", package], cwd=folder)[1])
    wanted = [item for item in listed if item.upstream == version or version.count(".") == 1]
    tried = []
    for item in sorted(wanted, key=_order, reverse=True):
        fault = _download(item, options, sources, apt)
        if fault is None:
            sha256 = check_sha256(sources / item.file, item.sha256, "Debian's index")
            origin = f"Debian source package {item.package} {item.version}"
            return Archive(sources / item.file, sha256, item.size_bytes, origin, "Debian's signed index")
        tried.append(f"{item.version} ({fault})")
    raise TailgateError(
        f"Debian has no source of CPython {version} to give: {'; '.join(tried) or f'{package} is not listed'}",
        hint=f"listed are {', '.join(sorted({item.upstream for item in listed})) or 'none'}; or give --source FILE",
    )


def parse_showsrc(text: str) -> list[Listed]:
    """Read what `apt-cache showsrc` prints: of each package the upstream tarball's line among the SHA-256s."""
    found = {}
    for paragraph in re.split(r"\n\s*\n", text):
        package = re.search(r"^Package: (\S+)$", paragraph, re.MULTILINE)
        version = re.search(r"^Version: (\S+)$", paragraph, re.MULTILINE)
        sums = re.search(r"^Checksums-Sha256:[ ]*\n((?: .*\n?)+)", paragraph, re.MULTILINE)
        tar = sums and re.search(r"^ ([0-9a-f]{64}) (\d+) (\S+\.orig\.tar\.\w+)$", sums[1], re.MULTILINE)
        if package and version and tar:
            found[version[1]] = Listed(package[1], version[1], tar[3], int(tar[2]), tar[1])
    return list(found.values())


def _order(item: Listed) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", item.version))


def _configure(folder: Path, mirror: str) -> list[str]:
    """Write the sources list, and return the options that make apt look at nothing else."""
    for below in ("lists/partial", "archives/partial", "parts"):
        (folder / below).mkdir(parents=True, exist_ok=True)
    listing = folder / "sources.list"
    listing.write_text("".join(f"deb-src [signed-by={KEYRING}] {mirror} {suite} main\n" for suite in SUITES))
    settings = {
        "Dir::Etc::sourcelist": listing,
        "Dir::Etc::sourceparts": folder / "parts",
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder,
        "APT::Sandbox::User": "",  # the lists and files are this user's, the _apt user could not write them
    }
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def _mirror(apt: Apt, cwd: Path) -> str:
    """Use the mirror that this system uses itself."""
    cwd.mkdir(parents=True, exist_ok=True)
    _, told = apt(["apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN)"], cwd=cwd)
    uris = sorted(uri for uri, _, origin in (line.partition(" ") for line in told.splitlines()) if origin == "Debian")
    plain = [uri for uri in uris if "security" not in uri]
    if not plain:
        raise TailgateError("apt knows no Debian mirror on this system", hint="give --mirror URL")
    return plain[0]


def _download(item: Listed, options: Sequence[str], sources: Path, apt: Apt) -> str | None:
    """Fetch one tarball into `sources`; return what went wrong, or None."""
    target = sources / item.file
    if target.is_file() and target.stat().st_size == item.size_bytes:
        return None
    sources.mkdir(parents=True, exist_ok=True)
    command = ["apt-get", *options, "source", "--download-only", "--tar-only", f"{item.package}={item.version}"]
    status, told = apt(command, cwd=sources)
    if status == 0 and target.is_file():
        return None
    return _last(told)


def _last(told: str) -> str:
    faults = re.findall(r"^(?:E:|Err:).*(?:\n  .*)?", told, re.MULTILINE)
    words = " ".join((faults[0] if faults else told.strip().rpartition("\n")[2]).split())
    return re.sub(r"https?://\S+/", "", words)[:160]
