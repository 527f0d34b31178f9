"""The one error boundary of every command line here: which failure is said in a line, and with which status it ends.

It needs nothing but Python, for scripts that any interpreter runs; `command_line` puts it around click's commands.
"""

from __future__ import annotations

import errno
import sys
import traceback
from typing import TYPE_CHECKING, Final

from tailgate.errors import INTERRUPTED, TailgateError
from tailgate.terminal.output import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable

_FAULTS_OF_THE_MACHINE: Final = frozenset(
    getattr(errno, name)
    for name in (
        *("ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EIO", "ENOTDIR", "EISDIR", "ENAMETOOLONG"),
        *("EMFILE", "ENFILE", "ENOMEM", "EADDRINUSE", "EADDRNOTAVAIL"),
    )
)
"""What a person puts right on the machine: a full disk, a folder of somebody else's. Another OSError is a defect."""


def to_stderr(line: str) -> None:
    """Print a line on standard error."""
    sys.stderr.write(f"{line}\n")


def status_of(
    name: str, command: Callable[[], object], *, again: str = "", say: Callable[[str], None] = to_stderr
) -> int:
    """Run a command line and return its exit status: its own number, or that of the failure that it ended with.

    What a user can act on is said in a line or two that begin with `name`; a defect of ours keeps its traceback, but
    not Python's status 1, which is a verdict. again: what the same command does after an interruption or a full disk.
    """
    try:
        status = command()
    except OutputError:
        raise
    except KeyboardInterrupt:
        _tell(say, name, "interrupted", again)
        return INTERRUPTED
    except TailgateError as error:
        _tell(say, name, error.message, error.hint)
        return error.exit_status
    except Exception as error:  # noqa: BLE001  a defect: see above
        if isinstance(error, OSError) and error.errno in _FAULTS_OF_THE_MACHINE:
            _tell(say, name, str(error), again)
        else:
            traceback.print_exc()
        return TailgateError.exit_status
    return status if isinstance(status, int) else 0


def _tell(say: Callable[[str], None], name: str, message: str, hint: str) -> None:
    say(f"{name}: {message}")
    if hint:
        say(f"  {hint}")
