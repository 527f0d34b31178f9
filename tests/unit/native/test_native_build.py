"""A built module is found by the very sources that it was built from, or is unavailable with the reason."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from implementations.native import CHOICE, FLAVOURS, digest, find
from implementations.native.build import MODULES, BuildError, _compile, build, compiler
from implementations.registry import PATHS, catalogue

if TYPE_CHECKING:
    from pathlib import Path

try:
    compiler()
except BuildError as error:  # pragma: no cover
    pytest.skip(str(error), allow_module_level=True)


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    for name in MODULES:
        build(name, "plain")


def entries_in(folder: Path, **env: str) -> dict[str, str]:
    """Ask a laid-out tree why its native implementations are unavailable; empty texts where they are not."""
    program = (
        "import json\n"
        "from implementations.registry import PATHS, catalogue\n"
        "found = {f'{path}/{e.name}': e.unavailable for path in PATHS for e in catalogue(path) if 'native' in e.name}\n"
        "print(json.dumps(found))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env={**os.environ, **env}, check=True, capture_output=True
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.fixture
def laid_out(tmp_path: Path, root: Path) -> Path:
    """Return a revision's subject as gate and duel lay it out, in a folder of a checkout with a store of its own."""
    store = tmp_path / "build" / "native"
    for name in MODULES:
        kept = f"{name}-{digest(name, 'plain')}"
        shutil.copytree(root / "build" / "native" / kept, store / kept)
    side = tmp_path / "build" / "gate" / "head"
    shutil.copytree(root / "implementations", side / "implementations", ignore=shutil.ignore_patterns("__pycache__"))
    return side


def test_where_there_is_a_compiler_every_native_implementation_runs() -> None:
    found = [entry for path in PATHS for entry in catalogue(path) if "native" in entry.name]
    assert found
    assert [entry.unavailable for entry in found] == [""] * len(found)


def test_a_laid_out_revision_finds_what_was_built_from_its_sources(laid_out: Path) -> None:
    found = entries_in(laid_out)
    assert found
    assert set(found.values()) == {""}


def test_a_revision_with_other_sources_has_nothing_built_and_says_so(laid_out: Path) -> None:
    with (laid_out / "implementations" / "native" / "book.pyx").open("a") as source:
        source.write("\n# another revision\n")
    assert "native/book.pyx is not built from these sources" in entries_in(laid_out)["book/native"]


def test_another_flavour_is_another_build(laid_out: Path) -> None:
    assert "nox -s native -- --pgo --native" in entries_in(laid_out, **{CHOICE: "pgo-native"})["book/native"]
    assert len({digest("book", each) for each in FLAVOURS}) == len(FLAVOURS)


def test_what_is_built_is_not_built_again() -> None:
    before = find("book", "plain")
    assert before is not None
    stamp = before.stat().st_mtime_ns
    assert build("book", "plain").stat().st_mtime_ns == stamp


def test_the_flags_of_one_build_are_not_those_of_the_next(tmp_path: Path) -> None:
    """A module that was trained still counts, and writes what it counted at exit, if its training's flags stay."""
    counting = _compile("handoff", tmp_path / "first", ["-fprofile-generate"])
    assert b"__gcov" in counting.read_bytes()
    assert b"__gcov" not in _compile("handoff", tmp_path / "second", ["-O1"]).read_bytes()


def test_without_a_compiler_the_package_to_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BuildError, match="apt-get install gcc"):
        compiler()
