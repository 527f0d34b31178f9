from __future__ import annotations

import errno
import gzip
import io
import lzma
import os
import tarfile
from typing import TYPE_CHECKING

import pytest

from scripts.interpreters import archives
from scripts.interpreters.archives import Archive, check_sha256, sha256_of, unpack, version_of
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Member = tuple[tarfile.TarInfo, io.BytesIO]


def member(name: str, *, kind: bytes = tarfile.REGTYPE, link: str = "", text: bytes = b"x") -> Member:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    info.size = len(text) if kind == tarfile.REGTYPE else 0
    return info, io.BytesIO(text)


def tarball(folder: Path, *members: Member) -> Archive:
    path = folder / "evil.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for info, text in (member("top/ordinary"), *members):
            tar.addfile(info, text)
    return Archive(path, sha256_of(path), path.stat().st_size, "a test", "a test")


@pytest.mark.parametrize(
    "bad",
    [
        member("../outside"),
        member("top/../../outside"),
        member("/absolute"),
        member("top/link", kind=tarfile.SYMTYPE, link="../../outside"),
        member("top/link", kind=tarfile.SYMTYPE, link="/etc/passwd"),
        member("top/hard", kind=tarfile.LNKTYPE, link="../outside"),
        member("top/device", kind=tarfile.CHRTYPE),
        member("top/pipe", kind=tarfile.FIFOTYPE),
    ],
    ids=lambda bad: f"{bad[0].name}>{bad[0].linkname}",
)
def test_a_member_that_could_land_outside_stops_the_unpacking(tmp_path: Path, bad: Member) -> None:
    archive = tarball(tmp_path, bad)
    with pytest.raises(TailgateError, match="not safe to unpack"):
        unpack(archive, tmp_path / "sources")
    assert not (tmp_path / "sources" / archive.sha256[:16]).exists()
    assert not list(tmp_path.rglob("ordinary"))
    assert not (tmp_path / "outside").exists()


def test_a_link_that_stays_inside_is_kept(tmp_path: Path) -> None:
    archive = tarball(tmp_path, member("top/b/link", kind=tarfile.SYMTYPE, link="../ordinary"))
    assert (unpack(archive, tmp_path / "sources") / "b" / "link").read_text() == "x"


def test_an_archive_that_would_fill_the_disk_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "LARGEST_BYTES", 3)
    with pytest.raises(TailgateError, match="more than 3 bytes"):
        unpack(tarball(tmp_path, member("top/big", text=b"12345")), tmp_path / "sources")


def test_a_file_that_is_no_tarball_is_named(tmp_path: Path) -> None:
    path = tmp_path / "page.tar.xz"
    path.write_text("<html>not found</html>")
    with pytest.raises(TailgateError, match=r"page\.tar\.xz cannot be unpacked"):
        unpack(Archive(path, sha256_of(path), 1, "a test", "a test"), tmp_path / "sources")


def test_unpacking_is_done_once_and_what_is_half_unpacked_does_not_count(tmp_path: Path, fake_tarball: Path) -> None:
    archive = Archive(fake_tarball, sha256_of(fake_tarball), 1, "a test", "a test")
    half = tmp_path / "sources" / f"{archive.sha256[:16]}.part"
    half.mkdir(parents=True)
    (half / "half").touch()
    folder = unpack(archive, tmp_path / "sources")
    assert version_of(folder) == "3.13.99"
    assert not half.exists()
    (folder / "mark").touch()
    assert (unpack(archive, tmp_path / "sources") / "mark").exists()


def test_a_tarball_with_two_tops_is_no_source(tmp_path: Path) -> None:
    with pytest.raises(TailgateError, match="2 folders"):
        unpack(tarball(tmp_path, member("other/file")), tmp_path / "sources")


def test_a_digest_that_differs_names_both(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    assert check_sha256(path, sha256_of(path).upper(), "the publisher") == sha256_of(path)
    with pytest.raises(TailgateError, match=f"{sha256_of(path)}.*the publisher says {'0' * 64}"):
        check_sha256(path, "0" * 64, "the publisher")


def test_a_folder_that_is_not_cpython_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TailgateError, match="is not CPython's source"):
        version_of(tmp_path)


@pytest.mark.parametrize("suffix", ["tar", "tar.gz", "tar.xz"])
def test_an_archive_that_is_damaged_behind_its_first_members_is_not_taken_for_whole(
    tmp_path: Path, suffix: str
) -> None:
    """tarfile ends at a header that makes no sense, without a word: a part of the source would look like all of it."""
    plain = tmp_path / "plain.tar"
    with tarfile.open(plain, "w") as tar:
        for number in range(3):
            tar.addfile(*member(f"top/{number}"))
    data = bytearray(plain.read_bytes())
    data[2 * 1024 : 2 * 1024 + 100] = b"\1" * 100  # the header of the third member
    path = tmp_path / f"damaged.{suffix}"
    packs: dict[str, Callable[[bytes], bytes]] = {"tar": bytes, "tar.gz": gzip.compress, "tar.xz": lzma.compress}
    path.write_bytes(packs[suffix](bytes(data)))
    with pytest.raises(TailgateError, match="is damaged"):
        unpack(Archive(path, sha256_of(path), path.stat().st_size, "a test", "a test"), tmp_path / "sources")
    assert not list(tmp_path.rglob("0"))


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_a_checksum_of_the_compression_that_does_not_fit_is_an_error(
    tmp_path: Path, pack: Callable[..., bytes]
) -> None:
    plain = tmp_path / "plain.tar"
    with tarfile.open(plain, "w") as tar:
        tar.addfile(*member("top/0", text=os.urandom(300_000)))
    data = bytearray(pack(plain.read_bytes()))
    data[200_000] ^= 0xFF  # among the bytes of the member, which are noise: only a checksum can tell
    path = tmp_path / "damaged"
    path.write_bytes(data)
    with pytest.raises(TailgateError, match="cannot be unpacked"):
        unpack(Archive(path, sha256_of(path), path.stat().st_size, "a test", "a test"), tmp_path / "sources")


def test_a_full_disk_is_not_blamed_on_the_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_words: object, **_named: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("scripts.interpreters.archives.tarfile.TarFile.extractall", full)
    with pytest.raises(TailgateError, match="No space left") as raised:
        unpack(tarball(tmp_path), tmp_path / "sources")
    assert "free some room" in str(raised.value)
