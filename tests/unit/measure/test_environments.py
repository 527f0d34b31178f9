"""Finding interpreters by name or path, and making environments."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tailgate.errors import TailgateError
from tailgate.measure.environments import interpreter, prepare_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def built(folder: Path, name: str, executable: str = "python3.13") -> Path:
    path = folder / name / "bin" / executable
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_a_built_interpreter_is_found_by_its_name(tmp_path: Path) -> None:
    path = built(tmp_path, "3.13-pgo")
    built(tmp_path, "3.13-plain", "python3.13-config")
    assert interpreter("3.13-pgo", [tmp_path]) == str(path)
    with pytest.raises(TailgateError, match=r"there is no interpreter '3\.13-plain'"):
        interpreter("3.13-plain", [tmp_path])


def test_a_path_and_a_name_on_the_path_are_taken_as_they_are() -> None:
    assert interpreter(sys.executable) == sys.executable


def test_a_wrong_name_says_where_to_look() -> None:
    with pytest.raises(TailgateError) as caught:
        interpreter("python9.9")
    assert caught.value.hint == "give a path or a name on PATH"


real_run = subprocess.run


@dataclass
class Installer:
    """Stand in for pip, whose work is done by code of the test; counts how many are at it at once."""

    check: Callable[..., None] = lambda *_words, **_options: None
    asked: list[str] = field(default_factory=list)
    at_once: int = 0
    most: int = 0

    def __call__(self, command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
        if "pip" not in command:
            return real_run(command, **options)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        time.sleep(0.05)  # long enough for another to come in between, were it let in
        self.asked.append(command[-1])
        self.check(command, **options)
        self.at_once -= 1
        return subprocess.CompletedProcess(command, 1 if command[-1] == "rare" else 0, "", "ERROR: no wheel")


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> Installer:
    installer = Installer()
    monkeypatch.setattr(subprocess, "run", installer)
    return installer


def prepare(folder: Path) -> tuple[str, dict[str, str]]:
    return prepare_environment(sys.executable, ["common", "rare"], [], folder)


def test_two_that_want_one_environment_make_it_once_and_one_after_the_other(tmp_path: Path, pip: Installer) -> None:
    found: list[tuple[str, dict[str, str]]] = []
    threads = [threading.Thread(target=lambda: found.append(prepare(tmp_path))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pip.most == 1
    assert len(pip.asked) == 3  # the worker's own packages, and the two
    assert found[0] == found[1]
    assert found[0][1] == {"rare": "no wheel"}


def test_an_environment_that_was_left_half_made_is_made_anew(tmp_path: Path, pip: Installer) -> None:
    def stop(*_words: Any, **_options: Any) -> None:
        if pip.asked[-1] == "rare":
            raise KeyboardInterrupt

    pip.check = stop
    with pytest.raises(KeyboardInterrupt):
        prepare(tmp_path)
    (home,) = (path for path in tmp_path.iterdir() if path.is_dir())
    (home / "leftover").touch()
    pip.check = lambda *_words, **_options: None
    assert prepare(tmp_path)[1] == {"rare": "no wheel"}
    assert not (home / "leftover").exists()
    before = len(pip.asked)
    prepare(tmp_path)
    assert len(pip.asked) == before


def test_the_mark_of_a_whole_environment_appears_whole(
    tmp_path: Path, pip: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, *_words: Any, **_options: Any) -> int:
        self.touch()
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        with pytest.raises(TailgateError, match="No space left"):
            prepare(tmp_path)
    assert prepare(tmp_path)[1] == {"rare": "no wheel"}


def test_what_a_kill_leaves_running_keeps_others_out(tmp_path: Path, pip: Installer) -> None:
    def look(_command: Sequence[str], *, pass_fds: Sequence[int] = (), **_options: Any) -> None:
        (lock,) = tmp_path.glob("*.lock")
        with lock.open() as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        seen.append([Path(f"/proc/self/fd/{fd}").readlink() for fd in pass_fds] == [lock])

    seen: list[bool] = []
    pip.check = look
    prepare(tmp_path)
    assert seen == [True] * 3
