"""`python -m suites.contention`: what threads that meet do to each other."""

from __future__ import annotations

import os
import platform
import random
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from documents.contention.document import NAME, Contender, contention_of
from documents.contention.tables import LEAD, contention_tables
from implementations.registry import names
from suites.contention.running import FREE, contend, start_in
from suites.contention.spec import ThreadSpec
from suites.contention.subjects import SUBJECTS
from tailgate.documents.envelope import save
from tailgate.errors import INTERRUPTED, TailgateError
from tailgate.files import replacing
from tailgate.measure.environments import interpreter
from tailgate.project.environments import built_folders
from tailgate.project.folders import guard_file, output_folder
from tailgate.terminal.command_line import CommandLine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from documents.contention.document import Contention, ThreadRun

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = "contention.md"
THIS: Final = "this"
_MOST_THREADS: Final = 256
_FREE_THREADED: Final = re.compile(r"freethreaded|\d\.\d+t$")  # a build of ours, or python3.14t
_EPILOG: Final = """\b
Examples:
  python -m suites.contention
  python -m suites.contention --quick
  python -m suites.contention --subject counters --threads 1,8 --reads 0,4
  python -m suites.contention --subject manager --switch-interval 0.05,0.5,5
  python -m suites.contention --subject counters=lock,sharded --affinity floating,pinned
  python -m suites.contention --interpreter this,3.13.15-plain+freethreaded
"""


def _list_of(kind: Callable[[str], Any], what: str, right: Callable[[Any], bool]) -> Callable[..., tuple[Any, ...]]:
    """Return the callback of an option that takes values with commas between."""

    def read(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[Any, ...]:
        found = []
        for word in value.split(","):
            try:
                one = kind(word.strip())
            except ValueError:
                raise click.BadParameter(f"{word.strip()!r} is no {what}") from None
            if not right(one):
                raise click.BadParameter(f"{word.strip()!r} is no {what}")
            found.append(one)
        return tuple(dict.fromkeys(found))

    return read


def _subjects(_context: click.Context, _parameter: click.Parameter, value: tuple[str, ...]) -> dict[str, list[str]]:
    """Return the implementations of each subject: all of them, or those behind an equals sign."""
    found: dict[str, list[str]] = {}
    for word in value or SUBJECTS:
        subject, _, chosen = word.partition("=")
        if subject not in SUBJECTS:
            raise click.BadParameter(f"there is no subject {subject!r}; the right ones: {', '.join(SUBJECTS)}")
        known = names(subject)
        picked = chosen.split(",") if chosen else list(known)
        if wrong := [each for each in picked if each not in known]:
            raise click.BadParameter(
                f"there is no {subject} implementation {wrong[0]!r}; {subject} has {', '.join(known)}"
            )
        found[subject] = picked
    return found


@click.command("suites.contention", cls=CommandLine, epilog=_EPILOG)
@click.option(
    "--subject",
    "subjects",
    multiple=True,
    callback=_subjects,
    metavar="SUBJECT[=NAME,...]",
    help=f"What they meet at: {', '.join(SUBJECTS)}. May be repeated.  [default: all of each]",
)
@click.option(
    "--threads",
    default="1,2,4,8",
    show_default=True,
    callback=_list_of(int, "number of threads", lambda n: 1 <= n <= _MOST_THREADS),
    help="How many.",
)
@click.option(
    "--reads",
    default="4",
    show_default=True,
    callback=_list_of(int, "number of reads", lambda n: 0 <= n <= 1000),
    help="Reads after each write.",
)
@click.option(
    "--switch-interval",
    "intervals_ms",
    default="5",
    show_default=True,
    callback=_list_of(float, "interval above 0 ms", lambda ms: 0 < ms <= 1000),
    help="sys.setswitchinterval's, in ms.",
)
@click.option(
    "--affinity",
    default="floating",
    show_default=True,
    callback=_list_of(str, "affinity: floating or pinned", lambda word: word in {"floating", "pinned"}),
    help="floating: where the system puts them; pinned: the n-th thread on the n-th CPU, and round again.",
)
@click.option(
    "--interpreter",
    "interpreters",
    default=THIS,
    show_default=True,
    callback=_list_of(str, "interpreter", bool),
    help="Names of builds, paths, or `this`.",
)
@click.option("--seconds", type=click.FloatRange(0, 60, min_open=True), help="Of a run.  [default: 1; 0.2 if quick]")
@click.option("--runs", type=click.IntRange(1), help="Turns in which each runs once.  [default: 5; 2 if quick]")
@click.option("--quick", is_flag=True, help="1 and 2 threads, short runs; what it says is a hint.")
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="[default: build/contention]"
)
@click.option("--force", is_flag=True, help="Replace the results of a folder outside build/.")
def main(**asked: Any) -> int:
    """Measure counters, a limiter, hand-offs and managers of books under threads that meet.

    Throughput, percentiles of an operation, fairness, and how much of the tail waits for a switch; what was lost is a
    failure. Exit status: 0, 1 where an implementation lost something, 2 for an error, 130 interrupted.
    """
    folder = output_folder(asked["output"] or ROOT / "build" / "contention")
    for file in () if asked["force"] else (NAME, PAGE):
        guard_file(folder / file, ROOT, "--force replaces it, --output DIR writes elsewhere")
    contenders = contenders_of(asked)
    turns = asked["runs"] or (2 if asked["quick"] else 5)
    total = turns * len(contenders)
    seconds = next(spec.seconds for _, spec in contenders.values())
    click.echo(
        f"{len(contenders)} contenders, {turns} turns of {seconds:g} s each: about {total * (seconds + 0.6):.0f} s",
        err=True,
    )

    def heard(turn: int, run: ThreadRun) -> None:
        who = run.contender
        click.echo(
            f"turn {turn + 1} of {turns}: {who.name}, {who.threads} threads, {who.build}"
            + (f": {run.failure}" if run.failure else f": {run.done / run.seconds:,.0f}/s"),
            err=True,
        )

    runs, unavailable, whole = contend(contenders, turns, random.Random(), start_in(ROOT), heard)
    command = shlex.join(["python", "-m", "suites.contention", *sys.argv[1:]])
    found = contention_of(command, _machine(), runs, unavailable)
    save(folder / NAME, found)
    with replacing(folder / PAGE) as temporary:
        temporary.write_text(markdown(found), encoding="utf-8")
    click.echo("\n\n".join(table.text() for table in contention_tables(found)))
    click.echo(f"\nWritten: {folder / NAME}, {folder / PAGE}")
    if not whole:
        return INTERRUPTED
    return 1 if any(run.failure for run in runs) else 0


def contenders_of(asked: Mapping[str, Any]) -> dict[Contender, tuple[str, ThreadSpec]]:
    """Return everything that runs, with its interpreter and what its process is told; TailgateError where none can."""
    threads = (
        tuple(n for n in asked["threads"] if n <= 2) or asked["threads"][:1] if asked["quick"] else asked["threads"]
    )
    seconds = asked["seconds"] or (0.2 if asked["quick"] else 1.0)
    cpus = tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else ()
    if "pinned" in asked["affinity"] and not cpus:
        raise TailgateError("this system pins no threads", hint="leave --affinity pinned out")
    pythons = {_build(name): _python(name) for name in asked["interpreters"]}
    found = {}
    for subject, chosen in asked["subjects"].items():
        reads_of = asked["reads"] if subject in {"counters", "manager"} else (1,)
        for name in chosen:
            for build, python in pythons.items():
                for count in threads:
                    for placement in asked["affinity"]:
                        for interval_ms in asked["intervals_ms"]:
                            for reads in reads_of:
                                interval_s = interval_ms / 1000
                                who = Contender(subject, name, count, placement, build, interval_s, reads)
                                spec = ThreadSpec(subject, name, count, placement, cpus, seconds, reads, interval_s)
                                found[who] = (python, spec)
    return found


def markdown(found: Contention) -> str:
    """Return the page."""
    facts = [f"- {name}: {value}" for name, value in {"command": f"`{found.command}`", **found.machine}.items()]
    tables = [table.markdown() for table in contention_tables(found)]
    return "\n\n".join(["# Threads that meet", LEAD, "\n".join(facts), *tables]) + "\n"


def _build(name: str) -> str:
    """Return the name in the tables; a free-threaded build is held to have its GIL off."""
    if name == THIS:
        return f"{platform.python_version()}"
    return f"{FREE} {name}" if _FREE_THREADED.search(name) else name


def _python(name: str) -> str:
    return sys.executable if name == THIS else interpreter(name, built_folders(ROOT))


def _machine() -> dict[str, str]:
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"machine": f"{platform.machine()}, {cpus} CPUs, {platform.system()} {platform.release()}"}


if __name__ == "__main__":
    main()
