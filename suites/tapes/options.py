"""The options that choose a tape, for every command line that takes one: a generated, a fitted, or a captured one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from suites.tapes.opening import open_tape
from suites.tapes.wording import CAPTURE, FITTED, OF_CAPTURE
from tailgate.terminal.progress import on_stderr

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from suites.tapes.tape import Tape

Command = TypeVar("Command", bound="Callable[..., Any]")


def capture_options(command: Command) -> Command:
    """Add what says which part of a capture is wanted."""
    for name, of in reversed(OF_CAPTURE.items()):
        choice = click.Choice(["resync", "stop"]) if name == "on_gap" else None
        option, variable = f"--{name.replace('_', '-')}", {"from": "start", "to": "end"}.get(name, name)
        default = "resync" if choice else ""
        metavar = None if choice else of.metavar
        command = click.option(
            option, variable, type=choice, default=default, show_default=bool(choice), metavar=metavar, help=of.text
        )(command)
    return command


def tape_options(seed: int) -> Callable[[Command], Command]:
    """Add what chooses a tape, but its length."""

    def add(command: Command) -> Command:
        command = capture_options(command)
        command = click.option("--seed", default=seed, show_default=True, help="Seed of the generated tape.")(command)
        command = click.option("--fitted", default="", metavar=FITTED.metavar, help=FITTED.text)(command)
        return click.option("--capture", default="", metavar=CAPTURE.metavar, help=CAPTURE.text)(command)

    return add


def opened(options: dict[str, Any], cache: Path | None) -> Tape:
    """Open the tape of a command's options; an import that takes long says on standard error how far it is."""
    return open_tape(
        capture=options["capture"] or None,
        fitted=options.get("fitted", ""),
        seed=options.get("seed", 0),
        messages=options["messages"],
        cache=cache,
        symbols=options["symbols"],
        start=options["start"],
        end=options["end"],
        on_gap=options["on_gap"],
        progress=on_stderr("reading the capture"),
    )
