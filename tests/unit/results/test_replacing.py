"""A file is replaced whole or not at all, and nothing but a file is replaced."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tailgate.errors import TailgateError
from tailgate.files import replacing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def put(path: Path, texts: Iterable[str] = ("new",)) -> None:
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.writelines(texts)


def broken() -> Iterator[str]:
    yield "ne"
    raise OSError(28, "No space left on device")


def test_a_pipe_stays_a_pipe(tmp_path: Path) -> None:
    """As a device does: `-o /dev/null` by root would leave the machine without one."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(TailgateError, match="no regular file"):
        put(pipe)
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_link_stays_and_its_file_is_replaced(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("old", encoding="utf-8")
    link.symlink_to(file)
    put(link)
    assert link.is_symlink()
    assert file.read_text(encoding="utf-8") == "new"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TailgateError, match="no regular file"):
        put(tmp_path)


def test_a_file_in_place_of_the_folder_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}", encoding="utf-8")
    with pytest.raises(TailgateError, match="cannot write"):
        put(tmp_path / "x.json" / "report.html")


def test_what_stood_there_is_whole_after_an_error(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("old", encoding="utf-8")
    with pytest.raises(TailgateError, match="what stood there before is whole"):
        put(file, broken())
    assert file.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [file]
