"""The command as a user meets it: help with examples, a document whatever happens, an exit status that tells."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from documents.ledger import Ledger
from suites.ledger import __main__ as command
from suites.ledger.measuring import Measuring
from tailgate.documents.envelope import load, save

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from suites.ledger.builds import Builds
    from tailgate.judge.league import League


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, builds: Builds, measuring: Measuring) -> None:
    """Replace what looks at the machine."""
    project = SimpleNamespace(root=measuring.root, config=SimpleNamespace(budgets={"decode": 7.0}))
    monkeypatch.setattr(command, "open_project", lambda _root: project)
    monkeypatch.setattr(command, "find_builds", lambda _project, _base: builds)
    monkeypatch.setattr(command, "build_compiled", lambda _project, _builds: "no C compiler")
    monkeypatch.setattr(command, "choose_place", lambda _affinity, probe_seconds: measuring.place)


def invoke(folder: Path, *arguments: str) -> Any:
    return CliRunner().invoke(command.main, ["--output", str(folder), "--wire", str(folder / "wire"), *arguments])


def test_help_has_examples() -> None:
    told = CliRunner().invoke(command.main, ["--help"]).output
    for word in ("--quick", "--resume", "--document-only", "nox -s wire"):
        assert word in told


def test_an_interrupted_run_leaves_its_document_and_goes_on(
    machine: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made_league: Callable[..., League]
) -> None:
    def interrupted(self: Measuring) -> None:
        first = self.contests[0]
        self.state.leagues[first.name] = made_league({side.name: 100.0 for side in first.sides})
        save(self.path, self.state)
        raise KeyboardInterrupt

    monkeypatch.setattr(Measuring, "run", interrupted)
    done = invoke(tmp_path, "--quick")
    assert done.exit_code == 130
    assert "--resume goes on" in done.output
    p99 = load(tmp_path / "ledger.json", Ledger).rows[0].p99
    assert p99 is not None
    assert p99.times == 1.0

    seen: list[list[str]] = []
    monkeypatch.setattr(Measuring, "run", lambda self: seen.append(list(self.state.leagues)))
    assert invoke(tmp_path, "--quick", "--resume").exit_code == 0
    assert invoke(tmp_path, "--quick").exit_code == 0
    assert [len(each) for each in seen] == [1, 0]


def test_a_document_alone_keeps_when_and_how_it_was_measured(
    machine: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Measuring, "run", lambda self: save(self.path, self.state))
    assert invoke(tmp_path, "--quick").exit_code == 0
    path = tmp_path / "ledger.json"
    before = replace(
        load(path, Ledger),
        command="as it was",
        when=datetime(2026, 1, 1, tzinfo=UTC),
        machine={"CPU": "another"},
    )
    save(path, before)
    assert invoke(tmp_path, "--quick", "--document-only").exit_code == 0
    after = load(path, Ledger)
    assert (after.command, after.when, after.machine) == (before.command, before.when, before.machine)


def test_a_document_alone_says_what_failed(machine: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(self: Measuring) -> None:
        self.state.failed["B1 decode"] = "operation 7 differs"
        save(self.path, self.state)

    monkeypatch.setattr(Measuring, "run", failing)
    assert invoke(tmp_path, "--quick").exit_code == 1
    done = invoke(tmp_path, "--quick", "--document-only")
    assert done.exit_code == 1
    assert load(tmp_path / "ledger.json", Ledger).rows[0].why == "operation 7 differs"


def test_without_a_compiler_the_rest_is_measured(
    machine: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Measuring, "run", lambda self: save(self.path, self.state))
    done = invoke(tmp_path)
    assert done.exit_code == 0
    assert (tmp_path / "measured.json").is_file()
    assert "native code (I4, I6) cannot be measured: no C compiler" in done.output


def test_a_document_of_nothing_is_refused(machine: None, tmp_path: Path) -> None:
    done = invoke(tmp_path, "--document-only")
    assert done.exit_code == 2
    assert "nothing was measured" in done.output
    assert not (tmp_path / "ledger.json").exists()


def test_a_league_that_failed_is_the_exit_status(
    machine: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Measuring, "run", lambda self: self.state.failed.update({"B1 decode": "operation 7 differs"}))
    done = invoke(tmp_path)
    assert done.exit_code == 1
    assert "B1 decode failed: operation 7 differs" in done.output
    assert any("operation 7 differs" in note for note in load(tmp_path / "ledger.json", Ledger).notes)


def test_other_terms_are_one_line(machine: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Measuring, "run", lambda self: save(self.path, self.state))
    assert invoke(tmp_path, "--quick").exit_code == 0
    done = invoke(tmp_path, "--resume")
    assert done.exit_code == 2
    assert "other terms (quick)" in done.output
