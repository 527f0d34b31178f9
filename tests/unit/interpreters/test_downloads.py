from __future__ import annotations

import hashlib
import http.server
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from scripts.interpreters.downloads import fetch_url, published_sha256, release_url
from scripts.interpreters.layout import Layout
from scripts.interpreters.releases import RELEASES
from scripts.interpreters.sources import Wanted, obtain
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any


@dataclass
class Site:
    """Serve these bytes; `short` announces more than it sends, `elsewhere` has the address that a path sends on to."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    short: bool = False

    def publish(self, path: str, content: bytes, *, sbom: dict[str, Any] | None = None) -> str:
        self.files[path] = content
        if sbom is not None:
            self.files[f"{path}.spdx.json"] = json.dumps(sbom).encode()
        return f"{self.address}{path}"


def bill(name: str, content: bytes) -> dict[str, Any]:
    return {
        "packages": [
            {"name": "expat", "checksums": [{"algorithm": "SHA256", "checksumValue": "1" * 64}]},
            {
                "name": "CPython",
                "downloadLocation": f"https://www.python.org/ftp/python/3.13.18/{name}",
                "checksums": [
                    {"algorithm": "SHA1", "checksumValue": "2" * 40},
                    {"algorithm": "SHA256", "checksumValue": hashlib.sha256(content).hexdigest()},
                ],
            },
        ]
    }


@contextmanager
def serving(host: str) -> Iterator[Site]:
    served = Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            content = served.files.get(self.path)
            there = served.elsewhere.get(self.path)
            self.send_response(302 if there else 200 if content is not None else 404)
            if there:
                self.send_header("Location", there)
            self.send_header("Content-Length", str(len(content or b"") + (10 if served.short and content else 0)))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer((host, 0), Handler) as server:
        served.address = f"http://{host}:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield served
        server.shutdown()
        thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    with serving("127.0.0.1") as served:
        yield served


@pytest.fixture
def stranger() -> Iterator[Site]:
    """Yield a site that answers like any other, at an address that does not count as this machine's own."""
    with serving("127.0.0.2") as served:
        yield served


def test_the_default_release_is_fetched_checked_by_its_bill_of_materials_and_unpacked(
    site: Site, fake_tarball: Path, tmp_path: Path
) -> None:
    newest = RELEASES["3.13"].newest
    name = f"Python-{newest}.tar.xz"
    content = fake_tarball.read_bytes()
    site.publish(f"/{newest}/{name}", content, sbom=bill(name, content))
    source = obtain(Wanted("3.13", site=site.address), Layout(tmp_path / "cache"))
    assert source.version == "3.13.99"
    assert source.sha256 == hashlib.sha256(content).hexdigest()
    assert source.vouched == f"{release_url(newest, site.address)}.spdx.json"
    assert source.size_bytes == len(content)


def test_a_tarball_that_is_not_the_published_one_leaves_nothing_behind(
    site: Site, fake_tarball: Path, tmp_path: Path
) -> None:
    name = fake_tarball.name
    url = site.publish(f"/{name}", fake_tarball.read_bytes(), sbom=bill(name, b"something else"))
    with pytest.raises(TailgateError, match="it is not the file it should be"):
        fetch_url(url, tmp_path / "sources")
    assert list((tmp_path / "sources").iterdir()) == []


def test_a_transfer_that_stops_short_leaves_nothing_behind(site: Site, fake_tarball: Path, tmp_path: Path) -> None:
    site.short = True
    content = fake_tarball.read_bytes()
    url = site.publish(f"/{fake_tarball.name}", content)
    with pytest.raises(TailgateError, match=rf"{len(content)} of {len(content) + 10} bytes|could not be fetched"):
        fetch_url(url, tmp_path / "sources", hashlib.sha256(content).hexdigest())
    assert list((tmp_path / "sources").iterdir()) == []


def test_a_tarball_that_is_here_is_checked_again_but_not_fetched_again(
    site: Site, fake_tarball: Path, tmp_path: Path
) -> None:
    content = fake_tarball.read_bytes()
    url = site.publish(f"/{fake_tarball.name}", content)
    digest = hashlib.sha256(content).hexdigest()
    first = fetch_url(url, tmp_path / "sources", digest)
    asked = len(site.asked)
    assert fetch_url(url, tmp_path / "sources", digest) == first
    assert len(site.asked) == asked
    first.path.write_bytes(b"changed on disk")
    with pytest.raises(TailgateError, match="it is not the file it should be"):
        fetch_url(url, tmp_path / "sources", digest)


def test_a_url_beside_which_nothing_is_published_needs_a_digest(site: Site, fake_tarball: Path, tmp_path: Path) -> None:
    url = site.publish("/some.tar.xz", fake_tarball.read_bytes())
    with pytest.raises(TailgateError, match="--sha256 HEX"):
        fetch_url(url, tmp_path / "sources")
    assert "/some.tar.xz" not in site.asked


def test_a_sha256_file_serves_where_there_is_no_bill_of_materials(site: Site) -> None:
    url = site.publish("/some.tar.xz", b"content")
    site.publish("/some.tar.xz.sha256", b"abc123  some.tar.xz\n")
    assert published_sha256(url) == ("abc123", f"{url}.sha256")


@pytest.mark.parametrize("sbom", [{"packages": []}, {"packages": [{"name": "CPython"}]}, {}, bill("other.tgz", b"")])
def test_a_bill_of_materials_that_does_not_speak_of_the_file_is_refused(site: Site, sbom: dict[str, Any]) -> None:
    url = site.publish("/Python-3.13.99.tar.xz", b"content", sbom=sbom)
    with pytest.raises(TailgateError, match=r"spdx\.json"):
        published_sha256(url)


def test_plain_http_from_elsewhere_is_refused_without_a_digest(tmp_path: Path) -> None:
    with pytest.raises(TailgateError, match="would come unprotected"):
        fetch_url("http://mirror.invalid/Python-3.13.18.tar.xz", tmp_path)


@pytest.mark.parametrize("url", ["ftp://mirror.invalid/x.tar.xz", "file:///etc/passwd", "https:///nohost"])
def test_other_schemes_are_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(TailgateError, match=r"not an http\(s\) address"):
        fetch_url(url, tmp_path)


def test_a_site_that_does_not_answer_is_named_with_the_other_ways(site: Site, tmp_path: Path) -> None:
    with pytest.raises(TailgateError, match="--source debian"):
        fetch_url("http://127.0.0.1:9/Python-3.13.18.tar.xz", tmp_path)


@pytest.mark.parametrize("end", ["", "/", "/3.13.18/"])
def test_an_address_that_names_no_file_is_one_error(tmp_path: Path, end: str) -> None:
    with pytest.raises(TailgateError, match="names no file"):
        fetch_url(f"https://127.0.0.1:1{end}", tmp_path / "sources", "ab" * 32)


@pytest.mark.parametrize("hops", [1, 2])
def test_a_checksum_that_a_redirect_would_fetch_unprotected_is_refused(
    site: Site, stranger: Site, tmp_path: Path, hops: int
) -> None:
    url = site.publish("/Python-3.13.99.tar.xz", b"forged")
    beside = "/Python-3.13.99.tar.xz.sha256"
    stranger.publish(beside, hashlib.sha256(b"forged").hexdigest().encode())
    site.elsewhere = {beside: f"{stranger.address}{beside}"}
    if hops == 2:  # and back again: the last address is no proof of those between
        stranger.elsewhere = {beside: site.publish("/back.sha256", hashlib.sha256(b"forged").hexdigest().encode())}
    with pytest.raises(TailgateError, match=r"sends on to http://127\.0\.0\.2.* unprotected"):
        fetch_url(url, tmp_path / "sources")
    assert stranger.asked == []


def test_a_redirect_is_followed_on_this_machine_and_unprotected_only_with_a_digest_of_ones_own(
    site: Site, stranger: Site, tmp_path: Path
) -> None:
    content = b"the tarball"
    digest = hashlib.sha256(content).hexdigest()
    near, far = f"{site.address}/near.tar.xz", f"{site.address}/far.tar.xz"
    site.elsewhere = {"/near.tar.xz": site.publish("/x", content), "/far.tar.xz": stranger.publish("/y", content)}
    site.publish("/near.tar.xz.sha256", digest.encode())
    site.publish("/far.tar.xz.sha256", digest.encode())
    assert fetch_url(near, tmp_path / "near").path.read_bytes() == content
    assert fetch_url(far, tmp_path / "told", digest).path.read_bytes() == content
    with pytest.raises(TailgateError, match="unprotected"):
        fetch_url(far, tmp_path / "published")
    assert list((tmp_path / "published").iterdir()) == []
