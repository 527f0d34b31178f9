"""Fetch a release over HTTP together with the SHA-256 that its publisher states."""

from __future__ import annotations

import http.client
import json
import shutil
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING

from scripts.interpreters.archives import Archive, check_sha256
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from http.client import HTTPMessage
    from pathlib import Path
    from typing import IO

PYTHON_ORG = "https://www.python.org/ftp/python"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
TIMEOUT_S = 60.0
LARGEST_SBOM_BYTES = 32 * 1024**2
NETWORK_FAULTS = (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError)


def release_url(version: str, site: str = PYTHON_ORG) -> str:
    """Return the address of a final release's tarball on python.org."""
    return f"{site}/{version}/Python-{version}.tar.xz"


def fetch_url(url: str, sources: Path, sha256: str | None = None) -> Archive:
    """Fetch a tarball, unless the very file is here already, and check it before it gets its name.

    The expected SHA-256 is the one that was given, else the one published beside the tarball. Plain HTTP is taken
    only from this machine, or when the SHA-256 was given; that holds for every address that a redirect leads to. A
    transfer that stops short leaves nothing behind.
    """
    address = urllib.parse.urlsplit(url)
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise TailgateError(f"{url} is not an http(s) address", hint="give --source a file, a folder or a URL")
    if not address.path.rsplit("/", 1)[-1]:
        raise TailgateError(f"{url} names no file", hint="give the address of the tarball itself")
    if sha256 is None and is_unprotected(url):
        raise TailgateError(f"{url} would come unprotected", hint="use https, or state --sha256")
    expected, vouched = (sha256, "the --sha256 given") if sha256 else published_sha256(url)
    target = sources / address.path.rsplit("/", 1)[-1]
    if not target.is_file():
        _transfer(_opener(told=sha256 is not None), url, target, expected, vouched)
    check_sha256(target, expected, vouched)
    return Archive(target, expected.lower(), target.stat().st_size, url, vouched)


def is_unprotected(url: str) -> bool:
    """Tell whether somebody on the way could have changed what comes from an address."""
    address = urllib.parse.urlsplit(url)
    return address.scheme != "https" and not (address.scheme == "http" and address.hostname in LOOPBACK)


class ProtectedHops(urllib.request.HTTPRedirectHandler):
    """Follow redirects, but to no address from which another digest or another file could be slipped in."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        """Return the request for the next address; raise TailgateError for an unprotected one."""
        if is_unprotected(newurl):
            raise TailgateError(
                f"{req.full_url} sends on to {newurl}, which would come unprotected",
                hint="give --source URL of another site, or state --sha256",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(*, told: bool) -> urllib.request.OpenerDirector:
    """Return what opens addresses: a given digest protects a tarball on any way, else the way itself has to."""
    return urllib.request.build_opener() if told else urllib.request.build_opener(ProtectedHops)


def published_sha256(url: str) -> tuple[str, str]:
    """Find the SHA-256 that stands beside a tarball: python.org's bill of materials, else a `.sha256` file."""
    sbom = _read(f"{url}.spdx.json")
    if sbom is not None:
        return _from_sbom(sbom, url), f"{url}.spdx.json"
    plain = _read(f"{url}.sha256")
    if plain is not None and len(words := plain.decode(errors="replace").split()) > 0:
        return words[0], f"{url}.sha256"
    raise TailgateError(
        f"nothing beside {url} states its SHA-256 (looked for .spdx.json and .sha256)",
        hint="state it yourself: --sha256 HEX",
    )


def _from_sbom(text: bytes, url: str) -> str:
    """Take the checksum of the one package that is CPython itself, and only if it speaks of this very file."""
    name = url.rsplit("/", 1)[-1]
    try:
        packages = json.loads(text)["packages"]
        for package in packages:
            if package["name"].lower() != "cpython":
                continue
            named = package.get("packageFileName") or package["downloadLocation"].rsplit("/", 1)[-1]
            if named == name:
                sums = {item["algorithm"]: item["checksumValue"] for item in package["checksums"]}
                return str(sums["SHA256"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TailgateError(f"{url}.spdx.json is not a bill of materials: {error!r}") from error
    raise TailgateError(f"{url}.spdx.json does not speak of {name}", hint="state --sha256 HEX yourself")


def _read(url: str) -> bytes | None:
    """Return a small document, or None when the server has none; raise TailgateError when it cannot be asked."""
    try:
        with _opener(told=False).open(url, timeout=TIMEOUT_S) as reply:
            return bytes(reply.read(LARGEST_SBOM_BYTES))
    except urllib.error.HTTPError as error:
        if error.code in {403, 404, 410}:
            return None
        raise unreachable(url, error) from error
    except NETWORK_FAULTS as error:
        raise unreachable(url, error) from error


def _transfer(opener: urllib.request.OpenerDirector, url: str, target: Path, expected: str, vouched: str) -> None:
    part = target.with_name(f"{target.name}.part")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with opener.open(url, timeout=TIMEOUT_S) as reply, part.open("wb") as file:
            announced = reply.headers.get("Content-Length")
            shutil.copyfileobj(reply, file, 1 << 20)
        received = part.stat().st_size
        if announced is not None and received != int(announced):
            raise TailgateError(f"{url}: {received} of {announced} bytes came", hint="the same command again")
        check_sha256(part, expected, vouched)
        part.rename(target)
    except NETWORK_FAULTS as error:
        raise unreachable(url, error) from error
    finally:
        part.unlink(missing_ok=True)


def unreachable(url: str, error: Exception) -> TailgateError:
    """Say that an address did not answer, and what else can be tried."""
    return TailgateError(
        f"{url} could not be fetched: {error}",
        hint="give --source FILE, --source DIR, --source URL, or on Debian --source debian",
    )
