"""A process of a run: it gets one JSON line, answers with others, and what it writes to its error output is kept."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

_GRACE_S = 5.0
_WITHIN_S = 120.0  # a tape is read, or an interpreter starts, in less
_LAST_WORDS = 20  # lines: an exception with the way that led to it


class WireError(TailgateError):
    """A run that could not be carried out."""


class Process:
    """`python -m module`, ended with the block; `on_line` is given each line of its error output, on a thread.

    `python` is another interpreter than ours.
    """

    def __init__(self, module: str, on_line: Callable[[str], object] | None = None, python: str = "") -> None:
        self._module = module
        self._words: deque[str] = deque(maxlen=_LAST_WORDS)
        self._on_line = on_line or _nowhere
        self._process = subprocess.Popen(
            [python or sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._listeners = [threading.Thread(target=each, daemon=True) for each in (self._listen, self._read)]
        for listener in self._listeners:
            listener.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        process = self._process
        if kind is not None:
            process.kill()
        try:
            process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for listener in self._listeners:
            listener.join(_GRACE_S)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # what it no longer gets
                    pipe.close()

    def tell(self, plain: Mapping[str, Any]) -> None:
        """Say one JSON line."""
        assert self._process.stdin is not None  # noqa: S101  it was started with a pipe
        with contextlib.suppress(BrokenPipeError):  # it has ended: `hear` tells how
            self._process.stdin.write(json.dumps(plain) + "\n")
            self._process.stdin.flush()

    def hear(self, within_s: float = _WITHIN_S) -> dict[str, Any]:
        """Return one JSON line; WireError when the process ended without, with its last lines of error output.

        One that says nothing for `within_s` is a WireError too: it is ended with the block.
        """
        try:
            line = self._lines.get(timeout=within_s)
        except queue.Empty:
            raise WireError(
                f"{self._module} gave no answer for {within_s:g} s and was ended:{self._last_words()}",
                hint="try a lower --rate or a shorter --duration",
            ) from None
        if line:
            heard: dict[str, Any] = json.loads(line)
            return heard
        status = self._process.wait()
        self._listeners[0].join(_GRACE_S)
        how = f"was killed by signal {-status}" if status < 0 else f"ended with {status}"
        raise WireError(f"{self._module} {how}:{self._last_words()}")

    def _last_words(self) -> str:
        return "".join(f"\n  {line}" for line in list(self._words)) or " no word"

    def _read(self) -> None:
        """Queue the lines of its output, and an empty one at the end."""
        assert self._process.stdout is not None  # noqa: S101  it was started with a pipe
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def _listen(self) -> None:
        assert self._process.stderr is not None  # noqa: S101  see above
        for line in self._process.stderr:
            if words := line.rstrip():
                self._words.append(words)
                self._on_line(words)


def _nowhere(_line: str) -> None:
    """Take a line to nowhere."""
