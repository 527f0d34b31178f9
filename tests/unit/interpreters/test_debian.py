from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts.interpreters.debian import fetch_debian, parse_showsrc
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Sequence

GOOD = b"the tarball of 3.13.15"


def paragraph(version: str, content: bytes) -> str:
    upstream, blank = version.rsplit("-", 1)[0], " "  # apt ends these two lines with a blank
    return f"""\
Package: python3.13
Binary: python3.13, libpython3.13
Version: {version}
Checksums-Sha1:
 {"3" * 40} {len(content)} python3.13_{upstream}.orig.tar.xz
Checksums-Sha256:{blank}
 {"4" * 64} 4040 python3.13_{version}.dsc
 {hashlib.sha256(content).hexdigest()} {len(content)} python3.13_{upstream}.orig.tar.xz
 {"5" * 64} 833 python3.13_{upstream}.orig.tar.xz.asc
 {"6" * 64} 261776 python3.13_{version}.debian.tar.xz
Package-List:{blank}
 python3.13 deb python optional arch=any
"""


@dataclass
class FakeApt:
    """Hold an index of three versions, and only the files that the mirror really has."""

    held: dict[str, bytes] = field(default_factory=lambda: {"3.13.15-1": GOOD})
    update_status: int = 0
    calls: list[list[str]] = field(default_factory=list)

    def __call__(self, argv: Sequence[str], *, cwd: Path) -> tuple[int, str]:
        self.calls.append(list(argv))
        if "indextargets" in argv:
            return 0, "http://mirror.invalid/debian-security/ Debian\nhttp://mirror.invalid/debian/ Debian\nx Other\n"
        if "update" in argv:
            return self.update_status, "E: The repository is not signed."
        if "showsrc" in argv:
            listing = {"3.13.15-1": GOOD, "3.13.18-1": b"newest", "3.13.5-2+deb13u5": b"old"}
            return 0, "\n".join(paragraph(version, content) for version, content in listing.items())
        version = argv[-1].partition("=")[2]
        if version not in self.held:
            return 100, "Err:1 http://mirror.invalid/debian sid/main python3.13 (tar)\n  404  Not Found\nE: Failed"
        (cwd / f"python3.13_{version.rsplit('-', 1)[0]}.orig.tar.xz").write_bytes(self.held[version])
        return 0, ""


def test_the_newest_version_whose_file_the_mirror_has_is_taken(tmp_path: Path) -> None:
    apt = FakeApt()
    archive = fetch_debian("3.13", tmp_path, tmp_path / "sources", apt=apt)
    assert archive.path.read_bytes() == GOOD
    assert archive.origin == "Debian source package python3.13 3.13.15-1"
    assert [call[-1] for call in apt.calls if "source" in call] == ["python3.13=3.13.18-1", "python3.13=3.13.15-1"]


def test_only_the_upstream_tarball_is_downloaded_and_no_setting_of_the_system_is_used(tmp_path: Path) -> None:
    apt = FakeApt()
    fetch_debian("3.13.15", tmp_path, tmp_path / "sources", apt=apt)
    source = next(call for call in apt.calls if "source" in call)
    assert {"--download-only", "--tar-only"} <= set(source)
    settings = dict(word.split("=", 1) for word in source if "::" in word)
    assert all(
        Path(settings[name]).is_relative_to(tmp_path)
        for name in ("Dir::Etc::sourcelist", "Dir::Etc::sourceparts", "Dir::State::lists", "Dir::Cache")
    )
    listing = Path(settings["Dir::Etc::sourcelist"]).read_text()
    assert "signed-by=" in listing
    assert "http://mirror.invalid/debian/ sid main" in listing


def test_a_version_that_the_mirror_does_not_have_names_what_was_tried(tmp_path: Path) -> None:
    with pytest.raises(
        TailgateError, match=r"(?s)3\.13\.18-1 \(.*404.*listed are 3\.13\.15, 3\.13\.18, 3\.13\.5"
    ) as caught:
        fetch_debian("3.13.18", tmp_path, tmp_path / "sources", apt=FakeApt())
    assert "mirror.invalid" not in caught.value.message


def test_a_file_that_differs_from_the_signed_index_is_refused(tmp_path: Path) -> None:
    apt = FakeApt(held={"3.13.15-1": b"tampered"})
    with pytest.raises(TailgateError, match="Debian's index says"):
        fetch_debian("3.13.15", tmp_path, tmp_path / "sources", apt=apt)


def test_an_index_that_is_not_signed_stops_it(tmp_path: Path) -> None:
    with pytest.raises(TailgateError, match="not signed"):
        fetch_debian("3.13", tmp_path, tmp_path / "sources", apt=FakeApt(update_status=100))


@pytest.mark.parametrize("mirror", [None, "http://mirror.invalid/debian/"])
def test_a_system_without_apt_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mirror: str | None) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TailgateError, match="--source debian needs apt-get, which is not here"):
        fetch_debian("3.13", tmp_path / "cache", tmp_path / "sources", mirror=mirror)


def test_the_upstream_version_leaves_debians_revision_out() -> None:
    listed = parse_showsrc(paragraph("3.13.5-2+deb13u5", b"old"))
    assert [(item.upstream, item.file, item.size_bytes) for item in listed] == [
        ("3.13.5", "python3.13_3.13.5.orig.tar.xz", 3)
    ]
