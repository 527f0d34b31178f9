"""What a revision declares: its lock before its pyproject.toml, the packages for tests and benchmarks among it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tailgate.errors import TailgateError
from tailgate.project.dependencies import declared

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = """
[project]
name = "My.Shop"
dependencies = ["pricing>=1"]

[project.optional-dependencies]
test = ["my-shop[fast]", "checks"]
fast = ["quick"]
docs = ["writer"]

[dependency-groups]
bench = ["stopwatch", { include-group = "base" }]
base = ["clock"]

[tool.tailgate]
requirements = ["besides"]
"""
UV_LOCK = f"""
version = 1

[[package]]
name = "my-shop"
source = {{ editable = "." }}

[[package]]
name = "pricing"
version = "1.5"
source = {{ registry = "https://index.invalid/simple" }}

[[package]]
name = "clock"
version = "2"
source = {{ git = "https://forge.invalid/clock?rev=main#0123abc" }}

[[package]]
name = "quick"
version = "1"
source = {{ registry = "https://index.invalid/simple" }}
resolution-markers = ["python_full_version < '3'"]

[[package]]
name = "quick"
version = "{sys.version_info[0]}"
source = {{ registry = "https://index.invalid/simple" }}
resolution-markers = ["python_full_version >= '3'"]
"""
POETRY = """
[tool.poetry.dependencies]
python = "^3.11"
pricing = "^1"
quick = { version = "^2", extras = ["turbo"], markers = "os_name == 'posix'" }
never = { version = "*", optional = true }

[tool.poetry.dev-dependencies]
older = "*"
[tool.poetry.group.dev.dependencies]
checks = "*"
[tool.poetry.group.docs.dependencies]
writer = "*"
"""
POETRY_LOCK = """
[[package]]
name = "pricing"
version = "1.5"

[[package]]
name = "quick"
version = "2.0"
[package.source]
type = "git"
url = "https://forge.invalid/quick"
resolved_reference = "0123abc"
"""


def write(root: Path, **files: str) -> Path:
    for name, text in files.items():
        (root / name.replace("_toml", ".toml").replace("_lock", ".lock")).write_text(text)
    return root


@pytest.fixture
def without_uv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))


def test_a_project_without_a_lock_names_its_packages_and_those_of_its_tests_and_benchmarks(tmp_path: Path) -> None:
    found = declared(write(tmp_path, pyproject_toml=PROJECT))
    assert found.said == "pyproject.toml"
    assert found.requirements == ("pricing>=1", "checks", "quick", "stopwatch", "clock", "besides")
    assert (found.constraints, found.files, found.local) == ((), (), False)


@pytest.mark.usefixtures("without_uv")
def test_a_lock_of_uv_fixes_the_versions_for_this_interpreter(tmp_path: Path) -> None:
    found = declared(write(tmp_path, pyproject_toml=PROJECT, uv_lock=UV_LOCK))
    assert found.said == "uv.lock"
    assert "pricing>=1" in found.requirements
    assert found.constraints == (
        "pricing==1.5",
        "clock @ git+https://forge.invalid/clock@0123abc",
        f"quick=={sys.version_info[0]}",
    )


def test_uv_reads_its_own_lock_where_it_is_at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    stand_in = tools / "uv"
    stand_in.write_text(f"#!/bin/sh\necho pricing==1.5\necho \"$@\" > '{tmp_path}/asked'\n")
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    found = declared(write(tmp_path, pyproject_toml=PROJECT, uv_lock=UV_LOCK))
    assert found.requirements == ("pricing==1.5", "besides")
    assert found.constraints == ()
    asked = (tmp_path / "asked").read_text()
    assert "export --frozen" in asked
    assert "--extra test --group bench" in asked


def test_a_lock_of_poetry_fixes_the_versions_of_what_its_tables_name(tmp_path: Path) -> None:
    found = declared(write(tmp_path, pyproject_toml=POETRY, poetry_lock=POETRY_LOCK))
    assert found.said == "poetry.lock"
    assert found.requirements == ("pricing", "quick[turbo] ; os_name == 'posix'", "older", "checks")
    assert found.constraints == ("pricing==1.5", "quick @ git+https://forge.invalid/quick@0123abc")


def test_requirements_files_are_taken_as_they_are_and_alone_where_they_have_digests(tmp_path: Path) -> None:
    write(tmp_path, pyproject_toml=PROJECT)
    (tmp_path / "requirements.txt").write_text("pricing==1.5\n")
    (tmp_path / "requirements-test.txt").write_text("checks==1\n")
    (tmp_path / "requirements-docs.txt").write_text("writer==1\n")
    found = declared(tmp_path)
    assert found.files == ("requirements.txt", "requirements-test.txt")
    assert "pricing>=1" in found.requirements
    assert found.said == "requirements.txt, requirements-test.txt"
    (tmp_path / "requirements.txt").write_text("pricing==1.5 --hash=sha256:00\n")
    assert declared(tmp_path).requirements == ()


@pytest.mark.parametrize(
    "line", ["./vendor/pricing.whl", "-e ../pricing", "pricing @ file:///vendor/pricing.whl", "-r more.txt", "."]
)
def test_a_file_of_the_revision_makes_every_change_of_it_a_new_environment(tmp_path: Path, line: str) -> None:
    (tmp_path / "requirements.txt").write_text(f"{line}\n")
    first = declared(tmp_path)
    assert first.local
    before = first.digest()
    (tmp_path / "code.py").write_text("A = 1\n")
    assert declared(tmp_path).digest() != before


def test_what_nothing_of_the_environment_depends_on_makes_no_new_one(tmp_path: Path) -> None:
    before = declared(write(tmp_path, pyproject_toml=PROJECT)).digest()
    (tmp_path / "code.py").write_text("A = 1\n")
    assert declared(write(tmp_path, pyproject_toml=f"{PROJECT}\n[tool.ruff]\nline-length = 100\n")).digest() == before
    assert declared(write(tmp_path, pyproject_toml=PROJECT.replace("pricing>=1", "pricing>=2"))).digest() != before


def test_a_project_whose_build_alone_knows_its_packages_is_installed_itself(tmp_path: Path) -> None:
    dynamic = '[project]\nname = "shop"\ndynamic = ["dependencies"]\n[build-system]\nrequires = ["setuptools"]\n'
    assert declared(write(tmp_path, pyproject_toml=dynamic)).requirements == (".",)


def test_a_group_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(TailgateError, match="dependency-groups"):
        declared(write(tmp_path, pyproject_toml='[dependency-groups]\ntest = [{ include-group = "none" }]\n'))
