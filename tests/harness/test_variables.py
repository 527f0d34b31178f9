"""Variables of the environment that a suite needs: named where workers lack them, and passed on when asked."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tailgate.cli import main
from tailgate.commands.bench import bench
from tailgate.config import load_config
from tailgate.errors import TailgateError
from tailgate.measure.listing import listing
from tailgate.measure.lockstep import Plan, run_block
from tailgate.measure.sides import BrokenSideError, Side
from tailgate.terminal.options import SuiteCommand

ROOT = Path(__file__).resolve().parents[2]
SUITE = """
import os
from tailgate import Workload, benchmark

RATE = int(os.environ["TAX_RATE"])

@benchmark("tax/plain")
def plain(settings):
    return Workload(list(range(50)), lambda: lambda item: item * RATE)
"""
HINT = r'lacks TAX_RATE: \[tool.tailgate\] pass-env = \["TAX_RATE"\], or --env TAX_RATE'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "taxes.py").write_text(SUITE)
    (tmp_path / "pyproject.toml").write_text('[tool.tailgate]\nbenchmarks = "taxes"\n')
    monkeypatch.setenv("TAX_RATE", "7")
    monkeypatch.setenv("NOT_FOR_WORKERS", "secret")
    return tmp_path


def test_a_worker_that_lacks_a_variable_says_how_it_gets_it(project: Path) -> None:
    with pytest.raises(BrokenSideError, match=HINT):
        run_block([Side("tax", "tax/plain")], Plan("taxes", project, {}), random.Random(1))
    with pytest.raises(BrokenSideError, match=HINT):
        listing(Side("tax", ""), "taxes", project, {})


def test_the_configuration_passes_variables_on_by_name_or_pattern(project: Path) -> None:
    with (project / "pyproject.toml").open("a") as config:
        config.write('pass-env = ["TAX_*", "NOT_SET_ANYWHERE"]\n')
    env = load_config(project).passed()
    assert env == {"TAX_RATE": "7"}
    block = run_block([Side("tax", "tax/plain")], Plan("taxes", project, {}, passes=1, env=env), random.Random(1))
    assert block.operations == 50
    assert listing(Side("tax", ""), "taxes", project, env)["tax/plain"].reason == ""


@pytest.mark.parametrize("words", [["--env", "TAX_RATE=3"], ["--env=TAX_RATE=3"]])
def test_the_command_line_sets_a_variable_before_the_suite_is_imported(project: Path, words: list[str]) -> None:
    env = {key: value for key, value in os.environ.items() if key != "TAX_RATE"} | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tailgate.cli", "bench", "--quick", "--processes", "1", "--passes", "1", *words]
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "tax" in done.stdout


def test_a_variable_that_nobody_set_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TAX_RATE", raising=False)
    with pytest.raises(click.BadParameter, match="'TAX_RATE' is not set here"):
        bench.make_context("bench", ["--env", "TAX_RATE"])


def test_a_suite_that_cannot_be_imported_is_shown_as_a_worker_sees_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tailgate.benchmark import load_suite

    monkeypatch.syspath_prepend(str(project))
    monkeypatch.delenv("TAX_RATE")
    with pytest.raises(TailgateError, match=r'env -i "PATH=.PATH" python -c "import taxes"'):
        load_suite("taxes")


@pytest.mark.parametrize(
    "name", [name for name, each in main.commands.items() if isinstance(each, SuiteCommand) and name != "duel"]
)
def test_every_command_that_takes_variables_passes_them_on(
    name: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[list[str]] = []

    def opened(*, passing: list[str]) -> None:
        given.append(passing)
        raise TailgateError("that is all that is asked")

    command = main.commands[name]
    monkeypatch.setattr(sys.modules[f"tailgate.commands.{name}"], "open_project", opened)
    needed = {"gate": ["--base", "HEAD"], "profile": ["memray"], "bisect": ["--good", "HEAD"]}.get(name, [])
    with pytest.raises(TailgateError, match="that is all"):
        command.main([*needed, "--env", "TAX_RATE"], standalone_mode=False)
    assert given == [["TAX_RATE"]]
