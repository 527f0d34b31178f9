"""What a module of benchmarks declares, whatever else declares some in the same process."""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from tailgate.benchmark import load_suite
from tailgate.errors import TailgateError
from tailgate.judge.fixtures import STEADY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DECLARES = """
    from tailgate import Workload, benchmark

    @benchmark("{path}/{name}")
    def prepare(_settings):
        return Workload([1], lambda: abs)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], str]]:
    """Write modules that can be imported; they are forgotten after the test."""
    monkeypatch.syspath_prepend(tmp_path)
    written: list[str] = []

    def write(name: str, source: str) -> str:
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(source))
        written.append(name)
        return name

    yield write
    for name in written:
        sys.modules.pop(name, None)


def names(module: str) -> list[str]:
    return [each.name for each in load_suite(module).benchmarks]


def test_a_module_that_is_loaded_again_has_what_it_declared(module: Callable[[str, str], str]) -> None:
    one = module("suite_one", DECLARES.format(path="one", name="a"))
    two = module("suite_two", DECLARES.format(path="two", name="b"))
    assert [names(each) for each in (one, two, one, two)] == [["one/a"], ["two/b"], ["one/a"], ["two/b"]]


def test_a_module_that_was_imported_before_has_its_own_benchmarks_only() -> None:
    assert names("tailgate.judge.fixtures") == [STEADY]


def test_a_module_has_what_it_imports(module: Callable[[str, str], str]) -> None:
    part = module("suite_part", DECLARES.format(path="part", name="a"))
    whole = module("suite_whole", f"import {part}\n" + textwrap.dedent(DECLARES.format(path="whole", name="b")))
    assert names(whole) == names(whole) == ["part/a", "whole/b"]


def test_a_module_without_benchmarks_is_told(module: Callable[[str, str], str]) -> None:
    with pytest.raises(TailgateError, match="'suite_bare' declares no benchmark"):
        load_suite(module("suite_bare", "X = 1"))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import not_there", "'suite_bad' cannot be imported: ModuleNotFoundError: No module named 'not_there'"),
        ("def (:", r"'suite_bad' cannot be imported: SyntaxError: .*suite_bad.py, line 1"),
        ("1 / 0", "'suite_bad' cannot be imported: ZeroDivisionError: division by zero"),
        (DECLARES.format(path="no", name="such name"), "^'no/such name' is no name of a benchmark"),
    ],
)
def test_a_module_that_cannot_be_imported_is_told_with_the_cause(
    module: Callable[[str, str], str], source: str, message: str
) -> None:
    with pytest.raises(TailgateError, match=message):
        load_suite(module("suite_bad", source))


def test_a_module_that_is_not_there_is_told() -> None:
    with pytest.raises(TailgateError, match="cannot be imported: No module named 'suite_nowhere'") as told:
        load_suite("suite_nowhere.benchmarks")
    assert "name it in pyproject.toml" in told.value.hint
