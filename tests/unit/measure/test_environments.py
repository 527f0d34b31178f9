"""Finding interpreters by name or path."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tailgate.errors import TailgateError
from tailgate.measure.environments import interpreter

if TYPE_CHECKING:
    from pathlib import Path


def built(folder: Path, name: str, executable: str = "python3.13") -> Path:
    path = folder / name / "bin" / executable
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_a_built_interpreter_is_found_by_its_name(tmp_path: Path) -> None:
    path = built(tmp_path, "3.13-pgo")
    built(tmp_path, "3.13-plain", "python3.13-config")
    assert interpreter("3.13-pgo", [tmp_path]) == str(path)
    with pytest.raises(TailgateError, match=r"there is no interpreter '3\.13-plain'"):
        interpreter("3.13-plain", [tmp_path])


def test_a_path_and_a_name_on_the_path_are_taken_as_they_are() -> None:
    assert interpreter(sys.executable) == sys.executable


def test_a_wrong_name_says_where_to_look() -> None:
    with pytest.raises(TailgateError) as caught:
        interpreter("python9.9")
    assert "nox -s interpreters -- list" in caught.value.hint
