"""The command line: one error boundary; nothing below it exits."""

from __future__ import annotations

import sys
import traceback

import click

from tailgate.commands.allocations import allocations
from tailgate.commands.anatomy import anatomy
from tailgate.commands.bench import bench
from tailgate.commands.calibrate import calibrate
from tailgate.commands.doctor import doctor
from tailgate.commands.duel import duel
from tailgate.commands.gate import gate
from tailgate.commands.profile import profile
from tailgate.errors import INTERRUPTED, TailgateError
from tailgate.output import OutputError, watched_output


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tailgate")
def cli() -> None:
    """Measure the latency of Python code, explain its tail, and stop a change that makes it worse."""


for command in (bench, allocations, profile, anatomy, duel, gate, calibrate, doctor):
    cli.add_command(command)


def main() -> None:
    """Run a command; a TailgateError is printed in a few lines and decides the exit status."""
    with watched_output("tailgate", "what was measured is on disk"):
        sys.exit(_status())


def _status() -> int:
    try:
        status = cli(standalone_mode=False)
    except OutputError:
        raise
    except TailgateError as error:
        click.echo(f"tailgate: {error}", err=True)
        return error.exit_status
    except click.exceptions.Abort:
        click.echo("tailgate: interrupted", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except OSError as error:  # a full disk, a folder that may not be written
        click.echo(f"tailgate: {error}", err=True)
        return TailgateError.exit_status
    except Exception:  # noqa: BLE001  a defect of ours keeps its traceback, but Python's own status 1 is a verdict of the gate
        traceback.print_exc()
        return TailgateError.exit_status
    return status if isinstance(status, int) else 0


if __name__ == "__main__":
    main()
