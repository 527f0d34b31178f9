"""Interpreters are found by name, and the missing ones say how they are built."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from suites.ledger import builds as module
from suites.ledger.builds import FREE_THREADED, NATIVE, RUNNING, find_builds, newest_plain
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(module, "built_folders", lambda root: (root / "interpreters",))
    return SimpleNamespace(root=tmp_path, config=SimpleNamespace(requirements=("orjson",)))


def build(project: Any, name: str) -> None:
    python = project.root / "interpreters" / name / "bin" / "python3"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)


def test_the_newest_plain_build_is_the_base(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("3.13.9-plain", "3.13.15-plain", "3.13.15-pgo-both", "3.14.1-pgo", "3.13.15-plain+freethreaded"):
        build(project, name)
    made: list[tuple[str, ...]] = []

    def prepare(_project: Any, python: str, extra: tuple[str, ...] = ()) -> str:
        made.append((python.split("/")[-3], *extra))
        return f"env of {python.split('/')[-3]}{extra}"

    monkeypatch.setattr(module, "environment_for", prepare)
    assert newest_plain(project) == "3.13.15-plain"
    found = find_builds(project)
    assert found.base_name == "3.13.15-plain"
    assert set(found.variants) == {"plain", "pgo-both"}
    assert set(found.bare) == {"plain", "pgo-both", FREE_THREADED}
    assert "build plain+native" in found.missing[NATIVE]
    assert made == [("3.13.15-plain",), ("3.13.15-pgo-both",), ("3.13.15-plain", "memray>=1.14")]


def test_without_memray_everything_but_allocations_is_measured(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    build(project, "3.13.15-plain")

    def prepare(_project: Any, python: str, extra: tuple[str, ...] = ()) -> str:
        if extra:
            raise TailgateError("memray has no wheel")
        return python

    monkeypatch.setattr(module, "environment_for", prepare)
    found = find_builds(project)
    assert found.base == found.variants["plain"]
    assert found.countable == "memray has no wheel"


def test_without_builds_the_running_interpreter_is_the_base(project: Any) -> None:
    found = find_builds(project)
    assert found.base_name == RUNNING
    assert found.variants == {}
    assert all("nox -s interpreters" in why for why in found.missing.values())
