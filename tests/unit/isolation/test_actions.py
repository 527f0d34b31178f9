from __future__ import annotations

import errno
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tailgate.errors import TailgateError
from tailgate.isolation import actions
from tailgate.isolation.journal import Journal, Process
from tailgate.machine.steps import undo_all

if TYPE_CHECKING:
    from collections.abc import Callable


def now() -> str:
    return "2026-11-22T12:00:00+00:00"


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    folder = tmp_path / "state"
    folder.mkdir()
    return Journal(folder / "isolation.json")


def test_everything_that_was_set_is_put_back(kernel: Any, journal: Journal) -> None:
    before = kernel.picture()
    assert actions.apply(kernel, journal, (3,), now=now) == ()
    assert kernel.read("/proc/irq/7/smp_affinity_list") == "0-2"
    assert kernel.read("/sys/devices/system/cpu/cpu3/cpufreq/scaling_governor") == "performance"
    assert kernel.read("/sys/devices/system/cpu/cpufreq/boost") == "0"
    assert kernel.read("/sys/devices/system/cpu/cpu3/cpuidle/state2/disable") == "1"
    assert kernel.read("/sys/kernel/mm/transparent_hugepage/enabled") == "always [madvise] never"
    assert actions.restore(kernel, journal).startswith("restored")
    assert kernel.picture() == before
    assert journal.load() is None


def test_the_record_is_whole_before_the_first_change(kernel: Any, journal: Journal) -> None:
    planned = tuple(step for part in actions.make_plan(kernel, (3,)) for step in part.steps)
    found: list[Any] = []
    kernel.watch = lambda: found.append(journal.load())
    actions.apply(kernel, journal, (3,), now=now)
    assert len(found) >= len(planned)
    assert all(record is not None and record.steps == planned for record in found)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(version=st.sampled_from([1, 2]), first=st.integers(1, 45), second=st.integers(1, 45))
def test_a_machine_is_restored_exactly_wherever_the_script_was_killed(
    make_kernel: Callable[[Path, Literal[1, 2]], Any],
    killed: type[BaseException],
    version: Literal[1, 2],
    first: int,
    second: int,
) -> None:
    """Issue 6: "restores exactly, also after a crash or a reboot half-way"; the restoration may be killed as well."""
    with tempfile.TemporaryDirectory() as folder:
        kernel, journal = make_kernel(Path(folder, "machine"), version), Journal(Path(folder, "record.json"))
        before = kernel.picture()
        kernel.fuse = first
        with suppress(killed):
            actions.apply(kernel, journal, (3,), now=now)
        kernel.revive()
        kernel.fuse = second
        with suppress(killed):
            actions.restore(kernel, journal)
        kernel.revive()
        actions.restore(kernel, journal)
        assert kernel.picture() == before
        assert journal.load() is None


def test_after_a_reboot_the_record_goes_and_nothing_is_written(kernel: Any, journal: Journal) -> None:
    actions.apply(kernel, journal, (3,), now=now)
    kernel.put("/proc/sys/kernel/random/boot_id", "second")
    assert "before the last boot" in "\n".join(actions.describe_status(kernel, journal))
    before = kernel.picture()
    assert "started anew" in actions.restore(kernel, journal)
    assert kernel.picture() == before
    assert journal.load() is None


def test_a_record_of_another_boot_does_not_hinder_a_new_shield(kernel: Any, journal: Journal) -> None:
    actions.apply(kernel, journal, (3,), now=now)
    record = journal.load()
    assert record is not None
    undo_all(kernel, record.steps)
    kernel.put("/proc/sys/kernel/random/boot_id", "second")
    actions.apply(kernel, journal, (3,), now=now)
    fresh = journal.load()
    assert fresh is not None
    assert fresh.boot_id == "second"


def test_a_second_shield_does_not_overwrite_the_first_record(kernel: Any, journal: Journal) -> None:
    actions.apply(kernel, journal, (3,), now=now)
    text = journal.path.read_text()
    with pytest.raises(TailgateError, match="restore"):
        actions.apply(kernel, journal, (1,), now=now)
    assert journal.path.read_text() == text


def test_an_interrupt_that_refuses_is_told_and_the_rest_is_set(kernel: Any, journal: Journal) -> None:
    before = kernel.picture()
    kernel.refused.add("/proc/irq/7/smp_affinity_list")
    refusals = actions.apply(kernel, journal, (3,), now=now)
    assert [line for line in refusals if "irq/7" in line and "Operation not permitted" in line]
    assert kernel.read("/proc/irq/8/smp_affinity_list") == "0-2"
    assert kernel.read("/proc/irq/7/smp_affinity_list") == "0-3"
    actions.restore(kernel, journal)
    assert kernel.picture() == before


def test_a_shield_that_is_refused_leaves_everything_as_it_was(kernel: Any, journal: Journal) -> None:
    before = kernel.picture()
    kernel.refused.add("/cg/tailgate-shield")
    with pytest.raises(TailgateError, match="refused"):
        actions.apply(kernel, journal, (3,), now=now)
    assert kernel.picture() == before
    assert journal.load() is None


def test_what_cannot_be_undone_is_named_and_stays_recorded(kernel: Any, journal: Journal) -> None:
    before = kernel.picture()
    actions.apply(kernel, journal, (3,), now=now)
    kernel.refused.add("/proc/sys/vm/swappiness")
    with pytest.raises(TailgateError, match="swappiness"):
        actions.restore(kernel, journal)
    assert journal.load() is not None
    kernel.refused.clear()
    actions.restore(kernel, journal)
    assert kernel.picture() == before


def test_a_value_that_was_right_before_is_not_touched(kernel: Any, journal: Journal) -> None:
    actions.apply(kernel, journal, (3,), now=now)
    record = journal.load()
    assert record is not None
    assert not [step for step in record.steps if "randomize_va_space" in step.describe()]
    assert not [step for step in record.steps if "irq/9" in step.describe()]


def test_status_says_what_is_recorded_what_stands_and_what_strayed(kernel: Any, journal: Journal) -> None:
    assert actions.describe_status(kernel, journal) == ("recorded: nothing", "standing: no shield")
    actions.apply(kernel, journal, (3,), now=now)
    kernel.put("/proc/sys/vm/swappiness", "10")
    text = "\n".join(actions.describe_status(kernel, journal))
    assert "recorded: CPU 3 since 2026-11-22T12:00:00+00:00, applied" in text
    assert "not in force: /proc/sys/vm/swappiness is 10" in text
    assert "standing: /cg/tailgate-shield, CPU 3, 0 processes" in text


def test_status_after_a_kill_says_what_to_do(kernel: Any, journal: Journal, killed: type[BaseException]) -> None:
    kernel.fuse = 6
    with pytest.raises(killed):
        actions.apply(kernel, journal, (3,), now=now)
    assert "interrupted" in "\n".join(actions.describe_status(kernel, journal))


def stat(state: str, started: int) -> str:
    """Return what /proc tells of a process; its name is one of those that mislead."""
    return f"{os.getpid()} (a ) S b) {state} " + "0 " * 18 + f"{started} 0 0"


GONE = "is gone and restored nothing: put the machine back with tailgate isolate restore"


@pytest.mark.parametrize(
    ("later", "told"),
    [
        ("", GONE),
        (stat("Z", 4711), GONE),
        (stat("S", 4712), GONE),
        (stat("S", 4711), f"process {os.getpid()} ends it with its command"),
    ],
    ids=["killed", "killed-and-not-waited-for", "its-number-given-anew", "alive"],
)
def test_status_tells_a_run_that_was_killed_from_one_that_runs(
    kernel: Any, journal: Journal, later: str, told: str
) -> None:
    kernel.put(f"/proc/{os.getpid()}/stat", stat("R", 4711))
    actions.apply(kernel, journal, (3,), now=now, action="run")
    kernel.put(f"/proc/{os.getpid()}/stat", later)
    text = "\n".join(actions.describe_status(kernel, journal))
    assert "made by `run`" in text
    assert told in text


def test_status_tells_nobody_to_restore_what_is_being_made(kernel: Any, journal: Journal) -> None:
    seen: list[str] = []
    kernel.put(f"/proc/{os.getpid()}/stat", stat("R", 4711))
    kernel.watch = lambda: seen.append("\n".join(actions.describe_status(kernel, journal)))
    actions.apply(kernel, journal, (3,), now=now)
    record = journal.load()
    assert record is not None
    journal.save(replace(record, process=Process(1, "")))  # a restoration is another process than the apply was
    actions.restore(kernel, journal)
    assert {f"process {os.getpid()} is at it" in text for text in seen} == {True}
    assert not any("interrupted" in text for text in seen)


def test_a_shield_that_is_to_stay_asks_for_nothing(kernel: Any, journal: Journal) -> None:
    actions.apply(kernel, journal, (3,), now=now)
    text = "\n".join(actions.describe_status(kernel, journal))
    assert "made by `apply`" in text
    assert "restore" not in text


def test_a_record_that_names_no_process_is_understood_and_restored(kernel: Any, journal: Journal) -> None:
    before = kernel.picture()
    actions.apply(kernel, journal, (3,), now=now)
    plain = json.loads(journal.path.read_text())
    for key in ("action", "pid", "started"):
        del plain[key]
    journal.path.write_text(json.dumps(plain))
    assert "made by `apply`" in "\n".join(actions.describe_status(kernel, journal))
    actions.restore(kernel, journal)
    assert kernel.picture() == before


def test_the_threads_of_a_core_are_shielded_together(kernel: Any) -> None:
    kernel.put("/sys/devices/system/cpu/cpu3/topology/thread_siblings_list", "1,3")
    assert actions.whole_cores(kernel, ()) == (1, 3)
    assert actions.whole_cores(kernel, (2,)) == (2,)


def test_a_condition_can_be_left_out_by_name(kernel: Any) -> None:
    names = [part.condition.name for part in actions.make_plan(kernel, (3,), {"interrupts"})]
    assert "interrupts" not in names
    with pytest.raises(TailgateError, match="cpuset shield"):
        actions.make_plan(kernel, (3,), {"irqs"})


def test_the_plan_is_told_with_old_and_new_values(kernel: Any) -> None:
    lines = actions.describe_plan(actions.make_plan(kernel, (3,)))
    assert "swap: echo 0 > /proc/sys/vm/swappiness   (was 60)" in lines
    assert "ASLR: nothing to do (full)" in lines


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "damaged"),
        ("[]", "damaged"),
        ('{"schema": 99}', "schema 99"),
        ('{"schema": 1}', "damaged"),
        ("", "damaged"),
    ],
)
def test_a_record_that_cannot_be_understood_is_never_guessed_at(
    kernel: Any, journal: Journal, text: str, message: str
) -> None:
    journal.path.write_text(text)
    before = kernel.picture()
    with pytest.raises(TailgateError, match=message):
        actions.restore(kernel, journal)
    assert kernel.picture() == before
    assert journal.path.read_text() == text


def test_a_record_that_could_not_be_written_leaves_the_old_one(
    kernel: Any, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions.apply(kernel, journal, (3,), now=now)
    record, text = journal.load(), journal.path.read_text()
    assert record is not None

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TailgateError, match="No space"):
        journal.save(record)
    assert journal.path.read_text() == text


def test_the_record_is_synced_to_the_disk_before_it_takes_its_name(
    journal: Journal, kernel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    real_sync, real_replace = os.fsync, Path.replace

    def sync(descriptor: int) -> None:
        order.append("folder" if Path(f"/proc/self/fd/{descriptor}").is_dir() else "file")
        real_sync(descriptor)

    def replace(self: Path, target: Path) -> Path:
        order.append("name")
        return real_replace(self, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", replace)
    actions.apply(kernel, journal, (3,), now=now)
    assert order[:3] == ["file", "name", "folder"]
    assert json.loads(journal.path.read_text())["phase"] == "applied"


def test_two_runs_keep_out_of_each_others_way(journal: Journal) -> None:
    with journal.locked(), pytest.raises(TailgateError, match="another run"), journal.locked():
        pass
    with journal.locked():
        pass


@pytest.fixture
def fill_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a way to let a number of records be written, and then none: the disk is full."""

    def fill(after: int) -> None:
        left = [after]
        dump = json.dump

        def write(*words: Any, **named: Any) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            dump(*words, **named)

        monkeypatch.setattr("tailgate.isolation.journal.json.dump", write)

    return fill


def test_without_room_for_a_record_nothing_is_changed(
    kernel: Any, journal: Journal, fill_disk: Callable[[int], None]
) -> None:
    before = kernel.picture()
    fill_disk(0)
    with pytest.raises(TailgateError, match="cannot be written: No space left"):
        actions.apply(kernel, journal, (3,), now=now)
    assert kernel.picture() == before


def test_a_disk_that_fills_up_while_the_shield_is_made_leaves_the_machine_restored(
    kernel: Any, journal: Journal, fill_disk: Callable[[int], None]
) -> None:
    before = kernel.picture()
    fill_disk(1)
    with pytest.raises(TailgateError, match="cannot be written"):
        actions.apply(kernel, journal, (3,), now=now)
    assert kernel.picture() == before
    assert journal.load() is None


def test_a_full_disk_does_not_hinder_the_restoration(
    kernel: Any, journal: Journal, fill_disk: Callable[[int], None]
) -> None:
    before = kernel.picture()
    actions.apply(kernel, journal, (3,), now=now)
    fill_disk(0)
    assert actions.restore(kernel, journal).startswith("restored")
    assert kernel.picture() == before
    assert journal.load() is None
