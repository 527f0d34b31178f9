"""A command line made with click, inside the error boundary: `@click.command("name", cls=CommandLine)`."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import click

from tailgate.terminal.boundary import status_of
from tailgate.terminal.output import watched_output


class CommandLine(click.Command):
    """A command that is a program: what ends it is reported once, in one way, and decides the exit status.

    kept: said where standard output takes no more. again: what the same command does after an interruption.
    """

    def __init__(self, *arguments: Any, kept: str = "", again: str = "", **more: Any) -> None:
        super().__init__(*arguments, **{"context_settings": {"help_option_names": ["-h", "--help"]}, **more})
        self._kept = kept
        self._again = again

    def main(self, *arguments: Any, **more: Any) -> Any:
        """Run and exit; everything that the command raises ends here."""
        run = partial(super().main, *arguments, **{**more, "standalone_mode": False})
        name = self.name or ""
        with watched_output(name, self._kept):
            sys.exit(status_of(name, partial(_as_ours, run), again=self._again))


class CommandLines(CommandLine, click.Group):
    """A program with several commands."""


def _as_ours(run: partial[Any]) -> Any:
    """Turn what click raises into what the boundary knows."""
    try:
        return run()
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:  # a word that the command line does not know: click says where
        error.show()
        return error.exit_code
