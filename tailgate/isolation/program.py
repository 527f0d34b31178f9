"""Shield CPUs from the rest of the machine, for a measurement, and put everything back.

    sudo tailgate isolate run -- tailgate bench      one command in a shield, restored at its end
    sudo tailgate isolate apply --cpus 2-3           a shield that stays
    sudo tailgate isolate status                     what is recorded, what stands
    sudo tailgate isolate restore                    everything as it was, after a crash too
    tailgate isolate apply --dry-run                 what it would do

It needs nothing but Python, so that any interpreter of the machine can run it as root: `python3 -m tailgate.isolation`.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tailgate.errors import TailgateError
from tailgate.isolation import actions, runner
from tailgate.isolation.journal import DEFAULT_STATE, Journal
from tailgate.machine.cpulist import format_cpus, parse_cpus
from tailgate.machine.host import Host
from tailgate.machine.shield import INVITATION, find_shield
from tailgate.terminal.boundary import status_of, to_stderr

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Rights = Literal["root", "user"]

PROGRAM = "tailgate isolate"

_ROOT_BY = f"sudo {sys.executable} -m tailgate.isolation ..."
"""Root has another PATH, and may not find the command."""

EXAMPLES = """
examples:
  run -- tailgate bench                       the whole command on the shielded CPU
  run --placement outside -- tailgate bench   its workers alone enter the shield: the better way on two CPUs
  apply --cpus 2-3 --without interrupts
  apply --dry-run                       print the changes, make none
  restore                               after a crash or kill -9 too; after a reboot nothing is left to restore
The exit status of `run` is the command's. 2 is an error of its own: one line says what, the next what to do.
"""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Shield CPUs from the rest of the machine, for a measurement, and put everything back.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="action", required=True, metavar="apply|status|restore|run")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--state", type=Path, default=DEFAULT_STATE, help="the record (%(default)s)")
    making = argparse.ArgumentParser(add_help=False, parents=[shared])
    making.add_argument("--cpus", default="", help="CPUs to shield, as 1 or 2-3 (the last; sibling threads are added)")
    making.add_argument("--without", action="append", default=[], metavar="CONDITION", help="leave one out; repeatable")
    making.add_argument("--dry-run", action="store_true", help="print the changes and make none")
    for name, parent, text in (
        ("apply", making, "make the shield, and leave it"),
        ("status", shared, "say what is recorded and what stands"),
        ("restore", shared, "put everything back"),
        ("run", making, "run one command in a shield, then put everything back"),
    ):
        command = commands.add_parser(name, parents=[parent], help=text, description=text)
        if name == "run":
            command.add_argument(
                "--placement", "--seat", choices=("inside", "outside"), default="inside", help="see the examples"
            )
            command.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="with its arguments")
    return parser.parse_args(arguments)


def now() -> str:
    """Return the time as the record has it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _to_stdout(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def main(
    arguments: Sequence[str],
    *,
    host: Host | None = None,
    rights: Rights | None = None,
    say: Callable[[str], None] = to_stderr,
    answer: Callable[[str], None] = _to_stdout,
) -> int:
    """Do one action and return the exit status; the machine, the rights and the two voices are injected by tests.

    `answer` has what was asked for, to standard output; `say` the rest, since that of `run` belongs to its command.
    """
    options = parse(arguments)
    machine = host or Host()

    def act() -> int:
        if options.action == "status":
            for line in actions.describe_status(machine, Journal(options.state)):
                answer(line)
            return 0
        tell = answer if options.action in ("apply", "run") and options.dry_run else say
        return change(options, machine, rights or ("user" if os.geteuid() else "root"), tell)

    return status_of(PROGRAM, act, again="`status` says whether something is to be restored", say=say)


def change(options: argparse.Namespace, host: Host, rights: Rights, say: Callable[[str], None]) -> int:
    """Choose the action that changes the machine."""
    journal = Journal(options.state)
    if options.action in ("apply", "run") and (options.dry_run or rights == "user"):
        cpus = actions.whole_cores(host, parse_cpus(options.cpus))
        say(f"would shield CPU {format_cpus(cpus)}:")
        for line in actions.describe_plan(actions.make_plan(host, cpus, options.without)):
            say(f"  {line}")
        if options.dry_run:
            return 0
    if rights == "user":
        raise TailgateError(
            f"{options.action} changes the machine, which needs root: nothing was changed", hint=_ROOT_BY
        )
    with journal.locked():
        if options.action == "restore":
            with runner.signals_wait():
                say(actions.restore(host, journal))
            return 0
        return run(options, host, journal, say) if options.action == "run" else put_up(options, host, journal, say)


def put_up(options: argparse.Namespace, host: Host, journal: Journal, say: Callable[[str], None]) -> int:
    """Make the shield and say what the machine refused."""
    cpus = actions.whole_cores(host, parse_cpus(options.cpus))
    with runner.signals_raise():
        refusals = actions.apply(host, journal, cpus, now=now, without=options.without, action=options.action)
    for line in refusals:
        say(f"refused: {line}")
    say(f"CPU {format_cpus(cpus)} is shielded; {journal.path} has what to put back")
    shield = find_shield(host)
    if shield is not None and options.action == "apply":
        say(f"use it by `run -- COMMAND`, or invite tailgate's workers: {INVITATION}={shield.group}")
    return 0


def run(options: argparse.Namespace, host: Host, journal: Journal, say: Callable[[str], None]) -> int:
    """Run a command in a shield: in the one that stands, or in one that is made for it and taken down after."""
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        raise TailgateError("run needs a command", hint="tailgate isolate run -- tailgate bench")
    if find_shield(host) is not None:
        return run_inside(options.placement, command, host, say)
    actions.refuse_second(host, journal)
    with runner.signals_raise():
        try:
            put_up(options, host, journal, say)
            return run_inside(options.placement, command, host, say)
        finally:
            with runner.signals_wait():
                say(actions.restore(host, journal))


def run_inside(placement: runner.Placement, command: Sequence[str], host: Host, say: Callable[[str], None]) -> int:
    """Run a command in the shield that stands."""
    shield = find_shield(host)
    if shield is None:
        raise TailgateError("no shield stands: the cpuset shield was left out", hint="run without --without")
    with runner.shallow_sleep(host) as problem:
        if problem:
            say(f"refused: {problem}")
        return runner.run_command(command, runner.placing(host, shield, placement), {INVITATION: shield.group})
