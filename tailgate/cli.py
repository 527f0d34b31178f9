"""The command line: one error boundary; nothing below it exits."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from typing import Any

import click

from tailgate.commands.allocations import allocations
from tailgate.commands.anatomy import anatomy
from tailgate.commands.bench import bench
from tailgate.commands.calibrate import calibrate
from tailgate.commands.doctor import doctor
from tailgate.commands.duel import duel
from tailgate.commands.gate import gate
from tailgate.commands.profile import profile
from tailgate.errors import TailgateError

_INTERRUPTED = 130
_PIPE = 141  # as of a program that SIGPIPE ended


class OutputError(TailgateError):
    """Standard output takes no more; `reader_left` where nobody reads it, as after `| head`."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"the output cannot be written: {error.strerror}", hint="what was measured is on disk")
        self.reader_left = error.errno == errno.EPIPE
        self.exit_status = _PIPE if self.reader_left else 2


class Commands(click.Group):
    """The commands; click would make 1 of an output that is closed, which is what a gate says of a regression."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; OutputError where its output cannot be written."""
        try:
            return super().invoke(ctx)
        except OSError as error:
            if error.errno not in {errno.EPIPE, errno.ENOSPC} or error.filename is not None:
                raise
            raise OutputError(error) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tailgate")
def cli() -> None:
    """Measure the latency of Python code, explain its tail, and stop a change that makes it worse."""


for command in (bench, allocations, profile, anatomy, duel, gate, calibrate, doctor):
    cli.add_command(command)


def main() -> None:
    """Run a command; a TailgateError is printed in a few lines and decides the exit status."""
    try:
        status = cli(standalone_mode=False)
    except TailgateError as error:
        if isinstance(error, OutputError):
            _let_go_of_output()
        if not (isinstance(error, OutputError) and error.reader_left):
            click.echo(f"tailgate: {error}", err=True)
        status = error.exit_status
    except click.exceptions.Abort:
        click.echo("tailgate: interrupted", err=True)
        status = _INTERRUPTED
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except SystemExit:  # click leaves by itself where the reader of a --help has gone
        _let_go_of_output()
        status = _PIPE
    except OSError as error:  # a full disk, a folder that may not be written
        click.echo(f"tailgate: {error}", err=True)
        status = TailgateError.exit_status
    except Exception:  # noqa: BLE001  a defect of ours keeps its traceback, but Python's own status 1 is a verdict of the gate
        traceback.print_exc()
        status = TailgateError.exit_status
    sys.exit(status if isinstance(status, int) else 0)


def _let_go_of_output() -> None:
    """Send what is still buffered to nowhere: Python would fail on it again as it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
