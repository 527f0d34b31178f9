"""`environments = "each"`: each revision with the packages that it declares itself, in an environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tailgate.errors import TailgateError
from tailgate.measure.declared import Declared, declared_environment
from tailgate.measure.sides import instrument
from tailgate.project.dependencies import declared
from tests.wheels import offline, write_wheel


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of wheels, the only place that packages come from."""
    folder = tmp_path / "wheels"
    for version in ("1.0", "2.0"):
        write_wheel(folder, "pricing", version, f"VERSION = {version!r}\n")
    for name, value in offline(folder).items():
        monkeypatch.setenv(name, value)
    return folder


def environment(tmp_path: Path, *requirements: str, constraints: tuple[str, ...] = ()) -> str:
    revision = tmp_path / "revision"
    revision.mkdir(exist_ok=True)
    return declared_environment(
        Declared(revision, "pyproject.toml", requirements, constraints), tmp_path / "environments"
    )


def says(python: str, code: str) -> str:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(instrument())}
    done = subprocess.run([python, "-c", code], env=env, capture_output=True, text=True, check=False)
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


@pytest.mark.usefixtures("wheels")
def test_a_revision_has_its_own_version_and_the_worker_what_it_needs(tmp_path: Path) -> None:
    old = environment(tmp_path, "pricing", constraints=("pricing==1.0",))
    new = environment(tmp_path, "pricing")
    assert says(old, "import pricing; print(pricing.VERSION)") == "1.0"
    assert says(new, "import pricing; print(pricing.VERSION)") == "2.0"
    assert says(new, "import tailgate.measure.worker, pytest, greenlet; print('ready')") == "ready"


@pytest.mark.usefixtures("wheels")
def test_a_dependency_that_nobody_declared_is_missed_though_it_is_installed_here(tmp_path: Path) -> None:
    python = environment(tmp_path)
    assert says(sys.executable, "import hypothesis; print('here')") == "here"
    assert "No module named 'hypothesis'" in says(python, "import hypothesis")


def test_of_a_package_that_a_revision_has_itself_nothing_else_is_seen(tmp_path: Path, wheels: Path) -> None:
    write_wheel(wheels, "iniconfig", "0.1", "")
    python = environment(tmp_path, "iniconfig")
    count = (
        "from importlib.metadata import distributions as d; print([x.version for x in d() if x.name == 'iniconfig'])"
    )
    assert says(python, count) == "['0.1']"


@pytest.mark.usefixtures("wheels")
def test_what_is_declared_alike_is_made_once(tmp_path: Path) -> None:
    first = environment(tmp_path, "pricing==1.0")
    made = Path(first).parent.parent / "pyvenv.cfg"
    before = made.stat().st_mtime_ns
    assert environment(tmp_path, "pricing==1.0") == first
    assert made.stat().st_mtime_ns == before


@pytest.mark.usefixtures("wheels")
def test_what_does_not_install_is_told_with_the_path_of_the_log_and_made_anew_next_time(
    tmp_path: Path, wheels: Path
) -> None:
    with pytest.raises(TailgateError, match="cannot be made as its pyproject") as caught:
        environment(tmp_path, "pricing==3.0")
    log = Path(caught.value.hint.partition(": ")[2])
    assert "pricing==3.0" in log.read_text()
    write_wheel(wheels, "pricing", "3.0", "VERSION = '3.0'\n")
    assert says(environment(tmp_path, "pricing==3.0"), "import pricing; print(pricing.VERSION)") == "3.0"


LOCKED = """
[project]
name = "shop"
version = "1"
requires-python = ">=3.11"
dependencies = ["pricing"]

[dependency-groups]
bench = ["stopwatch"]
docs = ["writer"]
"""


@pytest.mark.skipif(shutil.which("uv") is None, reason="uv is not installed")
def test_uv_reads_its_own_lock_and_installs_what_it_fixes(
    tmp_path: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("stopwatch", "writer"):
        write_wheel(wheels, name, "1.0", "")
    newer = wheels / "pricing-2.0-py3-none-any.whl"
    hidden = newer.rename(tmp_path / newer.name)
    revision = tmp_path / "revision"
    revision.mkdir()
    (revision / "pyproject.toml").write_text(LOCKED)
    lock = ["uv", "lock", "--quiet", "--python", sys.executable]
    subprocess.run(lock, cwd=revision, check=True, capture_output=True)
    hidden.rename(newer)  # released since
    monkeypatch.setenv("UV_PYTHON", sys.executable)

    wanted = declared(revision)
    assert wanted.said == "uv.lock"
    assert wanted.constraints == ()  # uv said it, no reading of ours
    python = declared_environment(wanted, tmp_path / "environments")
    (log,) = (tmp_path / "environments").glob("*.log")
    assert "uv pip install" in log.read_text()
    assert says(python, "import pricing, stopwatch; print(pricing.VERSION)") == "1.0"
    assert "No module named 'writer'" in says(python, "import writer")
