"""`python -m suites.wire.published`: make the runs of docs/wire-measured.md and of the ledger's rows, a folder each."""

from __future__ import annotations

import shlex
import subprocess
import sys
from typing import Final

import click

from tailgate.terminal.command_line import CommandLine

SERIES: Final = {
    "5000": "--rate 5000 --duration 5 --runs 6",
    "1000": "--rate 1000 --duration 20 --runs 3",
    "feeds": "--composition recommended --feed websockets,aiohttp,picows --loop asyncio,uvloop,uvloop-busy --rate 5000 "
    "--duration 4 --runs 3",
    "rehearsal": "--composition recommended --rate 5000 --duration 4 --runs 3 --rehearse 0,10,5,2,1",
    "b2": "--receive inline,task,thread --gateway none --rate 20000,80000 --duration 3 --runs 6",
    "b6": "--pipeline recommended,handoff=inline --pipeline recommended,handoff=inline,limiter=await-always "
    "--rate 1000 --runs 6",
    "b7": "--gateway client-per-order,raw,http-client,aiohttp,httpx --rate 1000 --runs 6",
    "capacity": "--rate 5000 --duration 3 --capacity",
    "soak": "--composition recommended --rate 5000 --duration 3 --soak 300",
}
"""The arguments of each series of runs: six runs of a side bound an interval."""


def command(name: str) -> str:
    """Return the command line of a series, as a person would type it."""
    return f"python -m suites.wire {SERIES[name]} --output build/wire/{name}"


@click.command("suites.wire.published", cls=CommandLine)
@click.argument("names", nargs=-1, type=click.Choice(list(SERIES)))
def main(names: tuple[str, ...]) -> int:
    """Run the series NAMES, or all of them (about 35 minutes), one after the other into build/wire/NAME.

    A series that ends with an error ends them all; what was measured is kept. Then: python -m reports.wire build/wire
    """
    for name in names or SERIES:
        click.echo(command(name), err=True)
        done = subprocess.run([sys.executable, *shlex.split(command(name))[1:]], check=False)
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    main()
