"""The one family of errors that a user of the command line may see."""

from __future__ import annotations

from typing import Final

INTERRUPTED: Final = 130
"""The exit status of a command that Ctrl-C ended."""


class TailgateError(Exception):
    """Report a failure that has a cause the user can act on.

    `message` says what went wrong, where and why; `hint` is the next command or the way out. The command line prints
    both and exits with `exit_status`; anything that is not a TailgateError is a defect of ours and keeps its traceback.
    """

    exit_status = 2

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Return the message, and the hint after it where there is one."""
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class MissingToolError(TailgateError):
    """A tool that is not installed: what needs it is left out, and nothing else is wrong."""
