"""The folder that every worker imports the instrument from."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import tailgate
from tailgate.errors import TailgateError
from tailgate.measure import sides

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Path]:
    """Return what makes the folder below a temporary folder of the test's own, not once for all."""
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    return sides.instrument.__wrapped__


def test_the_folder_holds_the_instrument_and_is_found_again(make: Callable[[], Path]) -> None:
    folder = make()
    assert [each.name for each in folder.iterdir()] == ["tailgate"]
    assert (folder / "tailgate").resolve() == Path(tailgate.__file__).parent
    assert make() == folder


def test_a_folder_that_others_may_write_to_is_refused(make: Callable[[], Path]) -> None:
    make().chmod(0o777)
    with pytest.raises(TailgateError, match="this user alone may write to"):
        make()


def test_a_link_in_its_place_is_refused(make: Callable[[], Path], tmp_path: Path) -> None:
    folder = make()
    (tmp_path / "elsewhere").mkdir()
    (folder / "tailgate").unlink()
    folder.rmdir()
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TailgateError, match="this user alone may write to"):
        make()
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_folder_of_somebody_else_is_refused(make: Callable[[], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 54321)  # the folder is named after it, and made by who runs the test
    with pytest.raises(TailgateError, match="this user alone may write to"):
        make()
