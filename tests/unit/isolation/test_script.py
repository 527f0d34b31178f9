from __future__ import annotations

import os
import signal
import struct
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tailgate.errors import TailgateError
from tailgate.isolation import program as isolate_cpus
from tailgate.isolation import runner
from tailgate.isolation.actions import describe_status
from tailgate.isolation.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Session:
    """The script, called with a fake machine and a voice that is kept."""

    def __init__(self, kernel: Any, folder: Path) -> None:
        self.kernel = kernel
        self.state = folder / "state" / "isolation.json"
        self.said: list[str] = []
        self.answered: list[str] = []

    def __call__(self, *arguments: str, rights: isolate_cpus.Rights = "root") -> int:
        self.said.clear()
        self.answered.clear()
        head, *tail = arguments
        return isolate_cpus.main(
            [head, "--state", str(self.state), *tail],
            host=self.kernel,
            rights=rights,
            say=self.said.append,
            answer=self.answered.append,
        )

    @property
    def text(self) -> str:
        return "\n".join(self.said + self.answered)


@pytest.fixture
def session(kernel: Any, tmp_path: Path) -> Session:
    return Session(kernel, tmp_path)


def test_a_shield_is_put_up_told_and_taken_down(session: Session) -> None:
    before = session.kernel.picture()
    assert session("apply") == 0
    assert "CPU 3 is shielded" in session.text
    assert session("status") == 0
    assert "standing: /cg/tailgate-shield" in session.text
    assert session.said == []
    assert session("restore") == 0
    assert session.kernel.picture() == before
    assert session("restore") == 0
    assert "nothing to restore" in session.text


@pytest.mark.parametrize("action", ["apply", "run"])
def test_without_root_it_says_what_it_would_do_and_does_nothing(session: Session, action: str) -> None:
    before = session.kernel.picture()
    assert session(action, *(["--", "true"] if action == "run" else []), rights="user") == 2
    assert "would shield CPU 3:" in session.said
    assert "mkdir /cg/tailgate-shield" in session.text
    assert "needs root: nothing was changed" in session.text
    assert session.kernel.picture() == before
    assert not session.state.exists()


def test_a_dry_run_changes_nothing_and_is_no_error(session: Session) -> None:
    before = session.kernel.picture()
    assert session("apply", "--dry-run", "--cpus", "3") == 0
    assert "would shield CPU 3:" in session.answered
    assert session.said == []
    assert session.kernel.picture() == before


def test_restore_without_root_is_refused(session: Session) -> None:
    session("apply")
    assert session("restore", rights="user") == 2
    assert session.state.exists()


def test_a_wrong_list_of_cpus_is_one_line_and_a_way_out(session: Session) -> None:
    assert session("apply", "--cpus", "three") == 2
    assert len(session.said) == 2


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, session: Session) -> list[tuple[list[str], bool, bool]]:
    """Replace the starting of commands; keep (command, seated inside, shield standing)."""
    kept: list[tuple[list[str], bool, bool]] = []

    def start(command: list[str], sit: Any, environ: dict[str, str]) -> int:
        assert environ == {"TAILGATE_SHIELD": "/cg/tailgate-shield"}
        if command == ["fail"]:
            raise TailgateError("fail was not found")
        if command == ["interrupt"]:
            raise KeyboardInterrupt
        kept.append((list(command), sit is not None, session.kernel.exists("/cg/tailgate-shield")))
        return 7

    monkeypatch.setattr(runner, "run_command", start)
    return kept


def test_a_command_runs_in_a_shield_that_goes_with_it(session: Session, commands: list[Any]) -> None:
    before = session.kernel.picture()
    assert session("run", "--", "nox", "-s", "bench") == 7
    assert commands == [(["nox", "-s", "bench"], True, True)]
    after = session.kernel.picture()
    del before["dev/cpu_dma_latency"], after["dev/cpu_dma_latency"]
    assert after == before


def test_a_command_may_stay_outside(session: Session, commands: list[Any]) -> None:
    assert session("run", "--seat", "outside", "--", "nox", "--", "--quick") == 7
    assert commands == [(["nox", "--", "--quick"], False, True)]


def test_a_run_is_recorded_as_one(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def look(*_words: Any) -> int:
        seen.extend(describe_status(session.kernel, Journal(session.state)))
        return 0

    monkeypatch.setattr(runner, "run_command", look)
    assert session("run", "--", "true") == 0
    assert "made by `run`" in seen[0]


def test_a_command_uses_the_shield_that_stands_and_leaves_it(session: Session, commands: list[Any]) -> None:
    session("apply")
    assert session("run", "--", "true") == 7
    assert session.kernel.exists("/cg/tailgate-shield")
    assert session.state.exists()


def test_a_command_that_is_not_there_leaves_the_machine_restored(session: Session, commands: list[Any]) -> None:
    assert session("run", "--", "fail") == 2
    assert not session.kernel.exists("/cg/tailgate-shield")
    assert not session.state.exists()


def test_an_interrupt_leaves_the_machine_restored(session: Session, commands: list[Any]) -> None:
    assert session("run", "--", "interrupt") == 130
    assert not session.kernel.exists("/cg/tailgate-shield")
    assert not session.state.exists()


def test_a_half_made_shield_is_not_run_over(session: Session, commands: list[Any], killed: type[BaseException]) -> None:
    session.kernel.fuse = 2
    with pytest.raises(killed):
        session("apply")
    session.kernel.revive()
    assert session("run", "--", "true") == 2
    assert "restore" in session.text
    assert commands == []
    assert session.state.exists()


def test_run_needs_a_command(session: Session) -> None:
    assert session("run", "--") == 2
    assert "needs a command" in session.text


def test_wake_ups_are_asked_for_while_the_command_runs(session: Session) -> None:
    with runner.shallow_sleep(session.kernel) as problem:
        assert problem == ""
        assert session.kernel.read_bytes("/dev/cpu_dma_latency", 4) == struct.pack("=i", 0)


def test_a_machine_without_that_device_is_told(session: Session) -> None:
    session.kernel.path("/dev/cpu_dma_latency").unlink()
    with runner.shallow_sleep(session.kernel) as problem:
        assert "No such file" in problem


@pytest.mark.parametrize(
    ("code", "status"),
    [("raise SystemExit(0)", 0), ("raise SystemExit(5)", 5), ("import os; os.kill(os.getpid(), 15)", 128 + 15)],
)
def test_the_commands_exit_status_is_passed_on(code: str, status: int) -> None:
    assert runner.run_command([sys.executable, "-c", code], None, {}) == status


def test_a_signal_to_the_script_reaches_the_command_and_the_script_lives_on() -> None:
    before = signal.getsignal(signal.SIGTERM)
    code = (
        "import os, signal; signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM});"
        "os.kill(os.getppid(), signal.SIGTERM);"
        "raise SystemExit(9 if signal.sigtimedwait({signal.SIGTERM}, 20) else 1)"
    )
    assert runner.run_command([sys.executable, "-c", code], None, {}) == 9
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_command_is_seated_before_it_starts(tmp_path: Path) -> None:
    seat = tmp_path / "seat"

    def sit() -> None:
        seat.write_text(str(os.getpid()))

    code = f"import os; raise SystemExit(open({str(seat)!r}).read() != str(os.getpid()))"
    assert runner.run_command([sys.executable, "-c", code], sit, {}) == 0


def test_the_command_is_told_of_its_shield() -> None:
    code = "import os; raise SystemExit(os.environ['TAILGATE_SHIELD'] != 'here' or 'PATH' not in os.environ)"
    assert runner.run_command([sys.executable, "-c", code], None, {"TAILGATE_SHIELD": "here"}) == 0


def test_a_command_that_does_not_exist_is_named() -> None:
    with pytest.raises(TailgateError, match="no-such-command was not found"):
        runner.run_command(["no-such-command"], None, {})


@pytest.fixture
def usr1() -> Iterator[list[int]]:
    """What a handler of SIGUSR1 got."""
    got: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: got.append(number))
    yield got
    signal.signal(signal.SIGUSR1, before)


def test_a_signal_reaches_the_command_however_early_it_comes(usr1: list[int]) -> None:
    def sit() -> None:
        os.kill(os.getppid(), signal.SIGUSR1)

    command = [sys.executable, "-c", "import time; time.sleep(5)"]
    assert runner.run_command(command, sit, {}) == 128 + signal.SIGUSR1
    assert usr1 == []


@pytest.fixture
def another_thread() -> Iterator[None]:
    """A thread that has every signal unmasked, as a library may have started one."""
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    yield
    over.set()
    thread.join()


@pytest.mark.usefixtures("another_thread")
def test_a_restoration_is_not_interrupted(usr1: list[int]) -> None:
    with runner.signals_wait():
        os.kill(os.getpid(), signal.SIGUSR1)
        assert usr1 == []
    assert usr1 == [signal.SIGUSR1]


def test_a_signal_during_a_failed_restoration_counts_too(usr1: list[int]) -> None:
    def restore() -> None:
        with runner.signals_wait():
            os.kill(os.getpid(), signal.SIGUSR1)
            raise OSError("no such group")

    with pytest.raises(OSError, match="no such group"):
        restore()
    assert usr1 == [signal.SIGUSR1]


def test_ctrl_c_while_the_shield_is_made_is_one_line_and_leaves_the_machine_restored(session: Session) -> None:
    before = session.kernel.picture()

    def interrupt() -> None:
        session.kernel.watch = lambda: None
        raise KeyboardInterrupt

    session.kernel.watch = interrupt
    assert session("apply") == 130
    assert session.said == [
        "tailgate isolate: interrupted",
        "  `status` says whether something is to be restored",
    ]
    assert session.kernel.picture() == before
