"""`--lanes`: a number of CPUs, or as many as the machine carries."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from tailgate.terminal.options import lanes_option


@click.command()
@lanes_option
def show(lanes: int | None) -> None:
    click.echo(repr(lanes))


@pytest.mark.parametrize(
    ("given", "meant"), [([], "1"), (["--lanes", "3"], "3"), (["--lanes", "auto"], "None"), (["--lanes=1"], "1")]
)
def test_a_number_or_auto(given: list[str], meant: str) -> None:
    done = CliRunner().invoke(show, given)
    assert (done.exit_code, done.output.strip()) == (0, meant)


@pytest.mark.parametrize("word", ["0", "-1", "two", "1.5", ""])
def test_anything_else_is_refused_with_both_forms(word: str) -> None:
    done = CliRunner().invoke(show, [f"--lanes={word}"])
    assert done.exit_code == 2
    assert "neither a number of CPUs nor `auto`" in done.output
