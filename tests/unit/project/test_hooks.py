"""What draws at the end of a run: the instrument's own, where its extra is installed, or the project's."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tailgate.commands.duel import write_duel
from tailgate.commands.report import report
from tailgate.documents.duel import DuelDocument
from tailgate.documents.envelope import load
from tailgate.errors import MissingToolError, TailgateError
from tailgate.project.opening import call_hook

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("tailgate.report", "matplotlib"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # as Python marks what is not to be had


def test_an_extra_that_is_not_installed_costs_no_result(
    without_matplotlib: None, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(MissingToolError, match="draws nothing, since matplotlib is not installed"):
        call_hook("tailgate.report.shift:draw", tmp_path / "duel.json")
    duel = load(root / "tests" / "golden" / "reports" / "duel" / "duel.json", DuelDocument)
    written = write_duel(duel, tmp_path, "tailgate.report.shift:draw")
    assert [path.name for path in written] == ["duel.json", "duel.md"]
    assert "pip install 'tailgate[report]'" in capsys.readouterr().err


def test_a_page_that_cannot_be_drawn_names_the_extra(
    without_matplotlib: None, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.tailgate]\nreport = "tailgate.report.bench:write"\n')
    monkeypatch.setitem(sys.modules, "jinja2", None)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingToolError, match="the page and its pictures need jinja2"):
        report.main([str(root / "tests" / "golden" / "reports" / "gate")], standalone_mode=False)


@pytest.mark.parametrize("target", ["no_such_module:draw", "tailgate.config:no_such_function"])
def test_a_hook_that_is_not_there_is_named(target: str) -> None:
    with pytest.raises(TailgateError, match=f"the hook '{target}' of .* cannot be used") as caught:
        call_hook(target)
    assert not isinstance(caught.value, MissingToolError)
