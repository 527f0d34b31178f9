"""A standard output that takes no more: one error and one exit status for every command line of this repository.

It needs nothing but Python, for scripts that any interpreter runs.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

READER_LEFT = 141  # as of a program that SIGPIPE ended
REFUSED = 2


class OutputError(Exception):
    """Standard output takes no more; `reader_left` where nobody reads it, as after `| head`.

    No OSError, which argparse and click would keep to themselves, and no TailgateError: no benchmark has failed.
    """

    def __init__(self, error: OSError) -> None:
        super().__init__(f"the output cannot be written: {error.strerror or error}")
        self.reader_left = error.errno == errno.EPIPE


class _Watched(io.TextIOWrapper):
    """Standard output whose faults cannot be taken for those of a file or a socket."""

    def write(self, text: str) -> int:
        with _told():
            return super().write(text)

    def flush(self) -> None:
        with _told():
            super().flush()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(error) from error


@contextmanager
def watched_output(name: str, hint: str = "") -> Iterator[None]:
    """Run the command line `name`; where its output cannot be written say so in a line, and raise SystemExit.

    Its status is 141 where the reader has gone, of which nothing is said, and else 2. Inside the block, writing to
    standard output raises OutputError. What is buffered is written before the block ends, whatever ends it.
    """
    plain = sys.stdout
    if not isinstance(plain, io.TextIOWrapper):  # closed, or replaced by a caller of his own
        yield
        return
    watched = _Watched(
        plain.buffer,
        plain.encoding,
        plain.errors,
        line_buffering=plain.line_buffering,
        write_through=plain.write_through,
    )
    sys.stdout = watched
    try:
        try:
            yield
        finally:
            watched.flush()
    except OutputError as error:
        let_go_of_output()
        if not error.reader_left:
            sys.stderr.write(f"{name}: {error}\n" + (f"  {hint}\n" if hint else ""))
        raise SystemExit(READER_LEFT if error.reader_left else REFUSED) from error
    finally:
        sys.stdout = plain
        with suppress(OSError):
            watched.detach()


def let_go_of_output() -> None:
    """Send what is still buffered to nowhere: Python would fail on it again as it ends."""
    with suppress(OSError):  # of a stream without a file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
