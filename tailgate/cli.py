"""The command line `tailgate`: nothing below it exits."""

from __future__ import annotations

import click

from tailgate.commands.allocations import allocations
from tailgate.commands.anatomy import anatomy
from tailgate.commands.bench import bench
from tailgate.commands.bisect import bisect
from tailgate.commands.calibrate import calibrate
from tailgate.commands.comment import comment
from tailgate.commands.doctor import doctor
from tailgate.commands.duel import duel
from tailgate.commands.export import export
from tailgate.commands.gate import gate
from tailgate.commands.history import history
from tailgate.commands.history_measuring import fill
from tailgate.commands.history_measuring import gate as level_gate
from tailgate.commands.history_page import page
from tailgate.commands.init import init
from tailgate.commands.isolate import isolate
from tailgate.commands.profile import profile
from tailgate.commands.report import report
from tailgate.commands.search import search
from tailgate.terminal.command_line import CommandLines


@click.group("tailgate", cls=CommandLines, kept="what was measured is on disk")
@click.version_option(package_name="tailgate")
def main() -> None:
    """Measure the latency of Python code, explain its tail, and stop a change that makes it worse."""


MEASURING = (bench, allocations, profile, anatomy, duel, gate, bisect, search, calibrate)
for command in (init, *MEASURING, report, export, history, comment, doctor, isolate):
    main.add_command(command)
for command in (page, level_gate, fill):
    history.add_command(command)


if __name__ == "__main__":
    main()
