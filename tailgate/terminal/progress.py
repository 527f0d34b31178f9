"""Progress on stderr: a bar on a terminal, a line a block elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Protocol

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console


class BlockProgress(Protocol):
    """How a command shows that blocks go by; also a context manager's inside."""

    def total(self, blocks: int) -> None:
        """Say how many blocks there will be."""

    def begin(self, group: str, block: int, blocks: int) -> None:
        """Say that a block begins."""

    def done(self) -> None:
        """Say that a block is over."""

    def close(self) -> None:
        """Leave the terminal as it was."""


class Bar:
    """A bar with what is measured now and the time left."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("starting", total=None)
        self._progress.start()

    def total(self, blocks: int) -> None:
        """Say how many blocks there will be."""
        self._progress.update(self._task, total=blocks)

    def begin(self, group: str, block: int, blocks: int) -> None:
        """Say that a block begins."""
        self._progress.update(self._task, description=f"{group}  block {block} of {blocks}")

    def done(self) -> None:
        """Say that a block is over."""
        self._progress.advance(self._task)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._progress.stop()


class Lines:
    """A line for each block, with the seconds since the start: for logs."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._say = say
        self._clock = clock
        self._began = clock()
        self._total = 0
        self._done = 0

    def total(self, blocks: int) -> None:
        """Say how many blocks there will be."""
        self._total = blocks

    def begin(self, group: str, block: int, blocks: int) -> None:
        """Say that a block begins."""
        passed = self._clock() - self._began
        self._say(f"[{passed:5.0f} s] {self._done + 1}/{self._total}  {group}  block {block} of {blocks}")

    def done(self) -> None:
        """Say that a block is over."""
        self._done += 1

    def close(self) -> None:
        """Leave the terminal as it was."""


def progress_on(console: Console) -> BlockProgress:
    """Return the kind that fits the terminal."""
    if console.is_terminal:
        return Bar(console)
    return Lines(lambda line: console.print(line, highlight=False, soft_wrap=True))


LONG_S: Final = 2.0


class Amount:
    """How much of something is done, and the time left: a line every few seconds, and nothing for what is over soon."""

    def __init__(self, what: str, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._what, self._say, self._clock = what, say, clock
        self._began = self._said = clock()

    def __call__(self, done: int, in_all: int) -> None:
        """Take note of how much is done."""
        now = self._clock()
        if now - self._said < LONG_S or not 0 < done < in_all:
            return
        self._said = now
        left_s = (now - self._began) * (in_all - done) / done
        self._say(f"{self._what}: {done / in_all:.0%}, about {left_s:,.0f} s left")


def on_stderr(what: str) -> Amount:
    """Return what says on standard error how much of something is done."""
    return Amount(what, lambda line: click.echo(line, err=True))
