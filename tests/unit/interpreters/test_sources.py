from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scripts.interpreters.archives import sha256_of
from scripts.interpreters.layout import Layout
from scripts.interpreters.sources import Wanted, obtain
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "cache")


def test_a_folder_is_used_where_it_lies(fake_source: Path, layout: Layout) -> None:
    source = obtain(Wanted("3.13", str(fake_source)), layout)
    assert (source.folder, source.version, source.sha256) == (fake_source, "3.13.99", "")
    assert not layout.sources.exists()


def test_a_file_is_unpacked_below_the_cache_and_its_digest_recorded(fake_tarball: Path, layout: Layout) -> None:
    source = obtain(Wanted("3.13", str(fake_tarball)), layout)
    assert source.folder.parent == layout.sources / sha256_of(fake_tarball)[:16]
    assert source.vouched.startswith("nothing")


def test_a_file_with_another_digest_is_not_opened(fake_tarball: Path, layout: Layout) -> None:
    with pytest.raises(TailgateError, match="not the file it should be"):
        obtain(Wanted("3.13", str(fake_tarball), sha256="0" * 64), layout)
    assert not layout.sources.exists()


@pytest.mark.parametrize("release", ["3.14", "3.13.9", "3.1"])
def test_a_source_of_another_release_is_refused(fake_source: Path, layout: Layout, release: str) -> None:
    with pytest.raises(TailgateError, match=rf"is CPython 3\.13\.99, not {release}"):
        obtain(Wanted(release, str(fake_source)), layout)


def test_a_path_that_is_not_there_is_named(layout: Layout, tmp_path: Path) -> None:
    with pytest.raises(TailgateError, match="there is no such file or folder"):
        obtain(Wanted("3.13", str(tmp_path / "gone.tar.xz")), layout)
