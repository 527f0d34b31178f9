"""Start the long commands of a build: output into a log, whole process groups stopped together."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Protocol

from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

HEARTBEAT_S = 15.0
GRACE_S = 5.0
TROUBLE = re.compile(r"error:|No such file|not found|Traceback|cannot |\*\*\*", re.IGNORECASE)
NEAR_LINES = 20


class Runner(Protocol):
    """Run one command to its end.

    Output is appended to `log`. A non-zero exit raises TailgateError with the lines of the log that say why. An
    interruption (Ctrl-C) stops the command AND what it started before it is passed on: nothing goes on building.
    """

    def __call__(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> None:
        """Run `argv` in `cwd` with exactly the environment `env`."""


class LoggedRunner:
    """Run commands as process groups of their own, and tell now and then that they are still at it."""

    def __init__(self, beat: Callable[[str], None], *, heartbeat_s: float = HEARTBEAT_S) -> None:
        self._beat = beat
        self._heartbeat_s = heartbeat_s

    def __call__(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> None:
        """Run one command; see `Runner`."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as sink:
            sink.write(f"\n$ cd {cwd} && {' '.join(argv)}\n".encode())
            sink.flush()
            start = sink.tell()
            try:
                process = subprocess.Popen(
                    argv,
                    cwd=cwd,
                    env=dict(env),
                    stdin=subprocess.DEVNULL,
                    stdout=sink,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    close_fds=False,  # the cache's lock, and nothing else: what Python opens is not inheritable
                )
            except OSError as error:
                raise TailgateError(f"{argv[0]} could not be started in {cwd}: {error}") from error
            try:
                status = self._wait(process, log)
            except BaseException:
                stop_group(process)
                raise
        if status != 0:
            raise TailgateError(
                f"`{' '.join(argv[:4])}` in {cwd} ended with status {status}: {reason(log, start)}",
                hint=f"the whole log is {log}; the same command again goes on from this phase",
            )

    def _wait(self, process: subprocess.Popen[bytes], log: Path) -> int:
        start = time.monotonic()
        while True:
            try:
                return process.wait(self._heartbeat_s)
            except subprocess.TimeoutExpired:
                self._beat(f"{time.monotonic() - start:4.0f} s  {last_line(log)}")


def stop_group(process: subprocess.Popen[bytes]) -> None:
    """Stop a command and all it started: politely first, then for certain."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def last_line(log: Path) -> str:
    """Return the end of the last line of a log that is not blank: a compiler's line ends with what it compiles."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4096))
        lines = file.read().decode(errors="replace").split("\n")
    return next((line.strip()[-80:] for line in reversed(lines) if line.strip()), "")


def reason(log: Path, start: int) -> str:
    """Pick from a log, from byte `start` on, the line that says why: the first of trouble shortly before make gave up.

    Earlier ones are no cause: a build prints harmless lines about files that are not there. Without any, the last line.
    """
    with log.open("rb") as file:
        file.seek(start)
        lines = file.read().decode(errors="replace").splitlines()
    gave_up = next((number for number, line in enumerate(lines) if "***" in line), len(lines))
    near = lines[max(0, gave_up - NEAR_LINES) : gave_up + 1]
    worded = (line.strip() for line in near if TROUBLE.search(line))
    return next(worded, "")[:300] or last_line(log) or "it printed nothing"
