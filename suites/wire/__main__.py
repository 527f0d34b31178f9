"""`python -m suites.wire`: measure compositions over the wire."""

from __future__ import annotations

import itertools
import math
import os
import shlex
import sys
import uuid
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from documents.wire.document import NAME, wire_of
from documents.wire.spec import NOTHING, RunSpec, TapeSpec, WireComposition
from documents.wire.summary import P50, P99, latency
from documents.wire.tables import wire_tables
from implementations.pipeline.composition import BadCompositionError, parse
from implementations.registry import UnavailableError, UnknownNameError, load
from suites.tapes.options import opened, tape_options
from suites.wire.capacity import find_capacity
from suites.wire.interpreters import ROOT, environment_of
from suites.wire.process import WireError
from suites.wire.report import MONITOR_LOG, PAGE, machine, write
from suites.wire.run import carry_out, check_processors, expected_digest
from suites.wire.spec import NAMED
from suites.wire.tape import CACHE
from tailgate.history.keeping import keep
from tailgate.history.provenance import Origin
from tailgate.project.folders import guard_file, output_folder
from tailgate.terminal.command_line import CommandLine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from documents.wire.document import Wire
    from documents.wire.runs import Capacity, Run
    from documents.wire.spec import Purpose

_MONITOR_S = 10.0
_MOST_FRAMES_PER_S = 400_000.0
_MOST_S = 86_400.0
Command = TypeVar("Command", bound="Callable[..., Any]")

EPILOG = """\b
Examples:
  python -m suites.wire
  python -m suites.wire --rate 1000,5000,20000 --runs 3 --capacity
  python -m suites.wire --feed websockets,aiohttp,picows --loop asyncio,uvloop,uvloop-busy --rate 5000
  python -m suites.wire --gateway http-client,httpx --capture ../shared/captures/coinbase_level2_10sym_20210417.raw
  python -m suites.wire --receive inline,task,thread --gateway none --pace tape --rate 20000,40000
  python -m suites.wire --composition recommended --soak 300
  python -m suites.wire --rate 5000 --duration 60 --monitor 10
  python -m suites.wire --pipeline recommended --pipeline recommended,limiter=await-always --rate 1000 --runs 6
  python -m suites.wire --interpreter python3,3.13.15-pgo-both --rate 5000 --runs 6
"""


def _names(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[str, ...]:
    names = tuple(part.strip() for part in value.split(",") if part.strip()) if value is not None else ()
    if value is not None and not names:
        raise click.BadParameter("there is no name in it")
    return names


def _rates(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[float, ...]:
    try:
        rates = tuple(float(part) for part in value.split(","))
    except ValueError as error:
        raise click.BadParameter(f"{value!r}: rates are numbers with commas between them") from error
    if not all(0 < rate <= _MOST_FRAMES_PER_S for rate in rates):
        raise click.BadParameter(f"a rate is above 0 and at most {_MOST_FRAMES_PER_S:,.0f}")
    return rates


def _milliseconds(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[float, ...]:
    try:
        found = tuple(float(part) for part in value.split(",")) if value is not None else ()
    except ValueError as error:
        raise click.BadParameter(f"{value!r}: numbers with commas between them") from error
    if not all(0 <= each < math.inf for each in found):
        raise click.BadParameter("milliseconds are 0 or more")
    return found


def _seconds(_context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    least = 0.0 if parameter.name in {"warmup", "monitor_s"} else sys.float_info.min
    if value is not None and not least <= value <= _MOST_S:
        raise click.BadParameter(f"{value:g}: {'0 or more' if not least else 'above 0'}, at most {_MOST_S:,.0f}")
    return value


def _two(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[int, int]:
    if value is None:
        ours = sorted(os.sched_getaffinity(0))
        return ours[-1], ours[0]
    try:
        sender, client = map(int, value.split(","))
    except ValueError as error:
        raise click.BadParameter(f"{value!r}: two numbers with a comma between them") from error
    return sender, client


def _lists(name: str, help_text: str) -> Callable[[Command], Command]:
    return click.option(name, callback=_names, help=help_text)


@click.command("suites.wire", cls=CommandLine, epilog=EPILOG)
@click.option("--rate", "rates", default="1000,5000,20000", show_default=True, callback=_rates, help="Frames a second.")
@click.option("--composition", "bases", default="recommended,bottleneck", show_default=True, callback=_names)
@_lists("--feed", "Feed clients, instead of the composition's: websockets, aiohttp, picows.")
@_lists("--loop", "Loops: asyncio, uvloop, uvloop-busy.")
@_lists("--gateway", "Gateways: client-per-order, httpx, aiohttp, http-client, raw; none sends orders nowhere.")
@_lists("--sharing", "Order sharing in retries: deepcopy, shared.")
@_lists("--bus", "Buses: zeromq-inproc, zeromq-ipc, zeromq-tcp, null.")
@_lists("--receive", "Where frames are handled: inline, task, thread (B2).")
@_lists("--interpreter", "Interpreters of the client: names of built ones, paths; `python3` is one too.")
@click.option(
    "--pipeline",
    "pipelines",
    multiple=True,
    help="Pipeline composition, such as `recommended,codec=json`; again for more.",
)
@click.option(
    "--rehearse", callback=_milliseconds, help="Walk an order's way every so many ms; 0 never.  [as composed]"
)
@tape_options(seed=7)
@click.option(
    "--messages",
    type=click.IntRange(min=1),
    default=100_000,
    show_default=True,
    help="Length of the tape; it is repeated as needed.",
)
@click.option("--pace", type=click.Choice(["tape", "fixed"]), default="tape", show_default=True, help="Gaps.")
@click.option("--duration", callback=_seconds, default=5.0, show_default=True, help="Seconds measured a run.")
@click.option("--warmup", callback=_seconds, default=1.0, show_default=True, help="Seconds before that.")
@click.option(
    "--runs", type=click.IntRange(min=1), default=1, show_default=True, help="Runs of each composition and rate."
)
@click.option("--capacity", is_flag=True, help="Search the highest rate that each composition sustains.")
@click.option(
    "--soak", type=float, callback=_seconds, help="Then run so many seconds at half the capacity (implies --capacity)."
)
@click.option(
    "--monitor",
    "monitor_s",
    type=float,
    callback=_seconds,
    help="Watch the client by tailgate.monitor, an interval of so many seconds.",
)
@click.option("--cpus", callback=_two, help="CPUs: sender's, client's.  [default: the last and the first]")
@click.option("--output", default="build/wire", show_default=True, help="Folder for results.json and report.md.")
@click.option("--force", is_flag=True, help="Replace the results of a folder outside build/.")
def main(**options: Any) -> None:
    """Measure the pipeline over real sockets, under open load.

    A sender in a process of its own spins to the intended time of every frame; latency is measured from there to the
    order leaving, and to its acknowledgement. The transport alone is measured beside it, in the same turns. Results are
    kept after every run; Ctrl-C ends with what there is, and status 130.
    """
    try:
        Session(options, sys.argv[1:]).run()
    except (UnknownNameError, UnavailableError, BadCompositionError) as error:
        raise WireError(str(error)) from error


class Session:
    """One invocation: its runs, and what was written so far."""

    def __init__(self, options: dict[str, Any], arguments: Sequence[str]) -> None:
        self._options = options
        self._command = shlex.join(["python", "-m", "suites.wire", *arguments])
        self._invocation = uuid.uuid4().hex
        self._folder = Path(options["output"])
        self._runs: list[Run] = []
        self._capacities: dict[str, Capacity] = {}
        self._digests: dict[int, str] = {}
        self._inputs: tuple[str, ...] = ()
        self._cpus: tuple[int, int] = options["cpus"]
        chosen = {each.name: options[each.name] for each in fields(TapeSpec)}
        self._tape = TapeSpec(**{**chosen, "capture": options["capture"] or None})

    def run(self) -> None:
        """Make every run, writing after each."""
        compositions = list(compositions_of(self._options))
        for composition in compositions:
            _check(composition)
        check_processors(*self._cpus)
        for name in () if self._options["force"] else (NAME, PAGE, MONITOR_LOG):
            guard_file(self._folder / name, ROOT, "--force replaces it, --output DIR writes elsewhere")
        output_folder(self._folder)
        # A tape that cannot be read is reported here, in its own words.
        self._inputs = opened(self._options, CACHE).notes
        (self._folder / MONITOR_LOG).unlink(missing_ok=True)  # every run appends to it: it is of this invocation alone
        try:
            self._make_all(compositions)
        finally:  # whatever ends it: what was measured is kept and shown
            if self._runs:
                for table in wire_tables(self._write()):
                    click.echo(table.text() + "\n")
                click.echo(f"Written: {self._folder / PAGE} and {NAME}, {len(self._runs)} runs")
                keep(ROOT, self._folder, Origin((NAME,)), partial(click.echo, err=True))

    def _make_all(self, compositions: list[WireComposition]) -> None:
        duration_s, soak_s = self._options["duration"], self._options["soak"]
        turns = [(rate, n) for rate in self._options["rates"] for n in range(self._options["runs"])]
        each = list(with_transports(compositions))
        number = len(turns) * len(each)
        click.echo(f"{number} runs, about {number * (duration_s + self._options['warmup'] + 2) / 60:.1f} min", err=True)
        for rate, turn in turns:  # one of each after the other: what the machine does meets them all
            for composition in each:
                self._make(composition, rate, duration_s, "measure", turn)
        if self._options["capacity"] or soak_s:
            for composition in compositions:
                self._capacities[composition.name] = self._capacity(composition)
        for composition in compositions if soak_s else ():
            if sustained := self._capacities[composition.name].sustained:
                self._make(composition, sustained / 2, soak_s, "soak")
            else:
                click.echo(f"{composition.name} sustains no rate that was tried: no soak", err=True)

    def _capacity(self, composition: WireComposition) -> Capacity:
        def holds(rate: float) -> bool:
            return not self._make(composition, rate, min(3.0, self._options["duration"]), "capacity").failures

        return find_capacity(holds, begin=min(self._options["rates"]), most=_MOST_FRAMES_PER_S)

    def _make(
        self, composition: WireComposition, rate: float, duration_s: float, purpose: Purpose, turn: int = 0
    ) -> Run:
        sender, client = self._cpus
        asked = self._options["monitor_s"]
        spec = RunSpec(
            *(composition, self._tape, rate, duration_s, self._options["warmup"], sender, client),
            monitor_s=asked if asked is not None else _MONITOR_S if purpose == "soak" else 0.0,
            monitor_log=str(self._folder / MONITOR_LOG),
            purpose=purpose,
        )
        run = carry_out(spec, self._digest(spec), lambda line: click.echo(line, err=True), turn)
        self._runs.append(run)
        self._write()
        verdict = f"failed: {'; '.join(run.failures)}" if run.failures else "ok"
        measured = latency([run])
        told = f"p50 {measured.micros(P50)}, p99 {measured.micros(P99)} µs, {verdict}"
        click.echo(f"{len(self._runs)}. {describe(spec)}: {told}", err=True)
        return run

    def _digest(self, spec: RunSpec) -> str:
        """Return the in-process pipeline's digest of the run's frames, computed once."""
        if spec.composition.pipeline == NOTHING:
            return ""
        if spec.frames not in self._digests:
            self._digests[spec.frames] = expected_digest(spec)
        return self._digests[spec.frames]

    def _write(self) -> Wire:
        wire = wire_of(
            self._command, self._invocation, machine(*self._cpus), self._runs, self._capacities, self._inputs
        )
        write(self._folder, wire)
        return wire


def describe(spec: RunSpec) -> str:
    """Name what a run is of, for a line of progress."""
    tape = spec.tape.capture or f"seed {spec.tape.seed}"
    return f"{spec.composition.name} at {spec.rate:,.0f}/s, {tape}, {spec.tape.pace} pace, {spec.duration_s:g} s"


def compositions_of(options: dict[str, Any]) -> Iterator[WireComposition]:
    """Yield the named compositions, or every combination of what was asked for in the place of their parts."""
    parts = ("feed", "loop", "gateway", "sharing", "bus", "receive", "interpreter")
    asked = {part: options[part] for part in parts if options[part]}
    for name in options["bases"]:
        if name not in NAMED:
            raise WireError(f"there is no composition {name!r}", hint=f"choose from {', '.join(NAMED)}")
    bases = options["bases"][:1] if asked or options["pipelines"] else options["bases"]
    walks: tuple[float | None, ...] = options["rehearse"] or (None,)
    for name, pipeline, walk in itertools.product(bases, options["pipelines"] or ("",), walks):
        base = replace(NAMED[name], pipeline=pipeline or NAMED[name].pipeline)
        if walk is not None:
            base = replace(base, rehearse_ms=walk, name=f"{name}, rehearse={walk:g}")
        for names in itertools.product(*asked.values()):
            chosen = dict(zip(asked, names, strict=True))
            label = ", ".join([base.name, *chosen.values(), *([pipeline] if pipeline else [])])
            yield replace(base, **{**chosen, "name": label})


def with_transports(compositions: list[WireComposition]) -> Iterator[WireComposition]:
    """Put each transport alone in front of the first composition that uses it."""
    done = set()
    for composition in compositions:
        alone = composition.transport()
        if alone not in done:
            done.add(alone)
            yield alone
        yield composition


def _check(composition: WireComposition) -> None:
    """Raise UnknownNameError or UnavailableError before anything is measured."""
    parse(composition.pipeline)
    for path in ("feed", "sharing", "bus"):
        load(path, getattr(composition, path))
    if composition.gateway != NOTHING:
        load("gateway", composition.gateway)
    if composition.loop not in {"asyncio", "uvloop", "uvloop-busy"}:
        raise WireError(f"there is no loop {composition.loop!r}", hint="choose asyncio, uvloop or uvloop-busy")
    if composition.receive not in {"inline", "task", "thread"}:
        raise WireError(f"frames are not received {composition.receive!r}", hint="choose inline, task or thread")
    if composition.interpreter:
        click.echo(f"looking for the packages of {composition.interpreter}", err=True)
        environment_of(composition.interpreter)


if __name__ == "__main__":
    main()
