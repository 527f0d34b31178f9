from __future__ import annotations

import errno
from itertools import count
from typing import TYPE_CHECKING

import pytest

from scripts.interpreters.phases import Phases

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scripts.interpreters.phases import Phase


def run_all(folder: Path, facts: dict[str, dict[str, object]], *, fail: str = "") -> tuple[list[str], list[Phase]]:
    """Run three phases; return the names of those whose action ran."""
    ran = []

    def action(name: str) -> Callable[[], None]:
        def act() -> None:
            if name == fail:
                raise RuntimeError(name)
            ran.append(name)

        return act

    ticks = count(step=10.0)
    phases = Phases(folder, lambda _text: None, clock=lambda: next(ticks), load=lambda: 0.5)
    for name in ("configure", "build", "install"):
        phases.run(name, facts.get(name, {}), action(name))
    return ran, phases.done


def test_a_phase_that_is_done_is_not_done_again_and_keeps_its_time(tmp_path: Path) -> None:
    first, done = run_all(tmp_path, {})
    again, remembered = run_all(tmp_path, {})
    assert first == ["configure", "build", "install"]
    assert again == []
    assert remembered == done
    assert [phase.seconds for phase in done] == [10.0, 10.0, 10.0]


def test_after_a_failure_the_phases_before_it_are_kept(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        run_all(tmp_path, {}, fail="build")
    assert run_all(tmp_path, {})[0] == ["build", "install"]


def test_the_time_of_an_attempt_that_failed_is_counted_when_the_phase_ends_well(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(RuntimeError):
            run_all(tmp_path, {}, fail="build")
    _, done = run_all(tmp_path, {})
    assert [(phase.seconds, phase.attempts) for phase in done] == [(10.0, 1), (30.0, 3), (10.0, 1)]


def test_the_time_of_an_attempt_with_other_inputs_is_not_counted(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        run_all(tmp_path, {"build": {"flags": "-O2"}}, fail="build")
    _, done = run_all(tmp_path, {"build": {"flags": "-O3"}})
    assert [phase.seconds for phase in done] == [10.0, 10.0, 10.0]


def test_other_inputs_of_a_phase_redo_it_and_all_after_it(tmp_path: Path) -> None:
    run_all(tmp_path, {"build": {"flags": "-O2"}})
    assert run_all(tmp_path, {"build": {"flags": "-O3"}})[0] == ["build", "install"]


def test_a_phase_that_ran_again_forgets_the_later_ones_even_if_it_then_fails(tmp_path: Path) -> None:
    run_all(tmp_path, {})
    (tmp_path / ".phases" / "configure.json").unlink()
    with pytest.raises(RuntimeError):
        run_all(tmp_path, {}, fail="build")
    assert run_all(tmp_path, {})[0] == ["build", "install"]


def test_a_phase_is_done_again_when_other_phases_went_before_it(tmp_path: Path) -> None:
    run_all(tmp_path, {})
    assert Phases(tmp_path, lambda _text: None).run("build", {}, lambda: None)


def test_a_stamp_that_was_cut_short_does_not_count(tmp_path: Path) -> None:
    run_all(tmp_path, {})
    (tmp_path / ".phases" / "install.json").write_text('{"phase": "inst')
    assert run_all(tmp_path, {})[0] == ["install"]


def test_what_ended_a_phase_is_told_though_the_disk_is_too_full_to_note_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_words: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def fail() -> None:
        raise RuntimeError("make: build failed")

    monkeypatch.setattr(Phases, "_store", full)
    with pytest.raises(RuntimeError, match="build"):
        Phases(tmp_path, lambda _text: None).run("build", {}, fail)
