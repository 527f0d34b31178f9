"""`python -m suites.wire`: measure compositions over the wire."""

from __future__ import annotations

import itertools
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from implementations.pipeline.composition import BadCompositionError, parse
from implementations.registry import UnavailableError, UnknownNameError, load
from suites.tapes import open_tape
from suites.wire.capacity import Capacity, find_capacity
from suites.wire.interpreters import ROOT, environment_of
from suites.wire.process import WireError
from suites.wire.report import MONITOR_LOG, WRITTEN, markdown, write
from suites.wire.run import Outcome, carry_out, check_processors, expected_digest
from suites.wire.spec import NAMED, NOTHING, RunSpec, TapeSpec, WireComposition
from suites.wire.summary import describe, latency
from suites.wire.tape import CACHE
from tailgate.project.folders import guard_file, output_folder
from tailgate.terminal.command_line import CommandLine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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


def _seconds(_context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    least = 0.0 if parameter.name in {"warmup", "rehearse", "monitor_s"} else sys.float_info.min
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
    "--rehearse",
    type=float,
    callback=_seconds,
    help="Walk the way of an order every so many ms; 0 never.  [as composed]",
)
@click.option("--capture", help="Replay this capture instead of a generated tape.")
@click.option("--seed", default=7, show_default=True, help="Seed of the generated tape.")
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
@click.option("--cpus", callback=_two, help="Processors: sender's, client's.  [default: the last and the first]")
@click.option("--output", default="build/wire", show_default=True, help="Folder for results.json and report.md.")
@click.option("--force", is_flag=True, help="Replace the results of a folder outside build/.")
def main(**options: Any) -> None:
    """Measure the pipeline over real sockets, under open load.

    A sender in a process of its own spins to the intended time of every frame; latency is measured from there to the
    order leaving, and to its acknowledgement. The transport's own floor is measured in the same run.
    """
    try:
        Session(options).run()
    except (UnknownNameError, UnavailableError, BadCompositionError) as error:
        raise WireError(str(error)) from error


class Session:
    """One invocation: its runs, and what was written so far."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self._folder = Path(options["output"])
        self._outcomes: list[Outcome] = []
        self._capacities: dict[str, Capacity] = {}
        self._digests: dict[int, str] = {}
        self._cpus: tuple[int, int] = options["cpus"]
        self._tape = TapeSpec(options["capture"], options["seed"], options["messages"], options["pace"])

    def run(self) -> None:
        """Make every run, writing after each."""
        compositions = list(compositions_of(self._options))
        for composition in compositions:
            _check(composition)
        check_processors(*self._cpus)
        for name in () if self._options["force"] else (*WRITTEN, MONITOR_LOG):
            guard_file(self._folder / name, ROOT, "--force replaces it, --output DIR writes elsewhere")
        output_folder(self._folder)
        # A tape that cannot be read is told here, in its own words.
        open_tape(capture=self._tape.capture, seed=self._tape.seed, messages=self._tape.messages, cache=CACHE)
        for rate in self._options["rates"]:
            for _ in range(self._options["runs"]):  # one of each after the other: what the machine does meets them all
                for composition in with_floors(compositions):
                    self._make(composition, rate, self._options["duration"])
        if self._options["capacity"] or self._options["soak"]:
            for composition in compositions:
                self._capacities[composition.name] = self._capacity(composition)
        for composition in compositions if self._options["soak"] else ():
            self._make(composition, self._capacities[composition.name].sustained / 2, self._options["soak"])
        self._write()
        click.echo("\n".join(markdown(self._outcomes, self._capacities)))
        click.echo(f"written to {self._folder / 'report.md'} and results.json")

    def _capacity(self, composition: WireComposition) -> Capacity:
        def holds(rate: float) -> bool:
            made = (o for o in self._outcomes if (o.spec.composition, o.spec.rate) == (composition, rate))
            if not all(outcome.failures for outcome in made):
                return True  # it was seen; one more run would let this one be the best of more than the transport's
            return not self._make(composition, rate, min(3.0, self._options["duration"])).failures

        return find_capacity(holds, begin=min(self._options["rates"]), most=_MOST_FRAMES_PER_S)

    def _make(self, composition: WireComposition, rate: float, duration_s: float) -> Outcome:
        sender, client = self._cpus
        spec = RunSpec(
            *(composition, self._tape, rate, duration_s, self._options["warmup"], sender, client),
            monitor_s=self._monitor_s(duration_s),
            monitor_log=str(self._folder / MONITOR_LOG),
        )
        outcome = carry_out(spec, self._digest(spec), lambda line: click.echo(line, err=True))
        self._outcomes.append(outcome)
        self._write()
        verdict = f"failed: {'; '.join(outcome.failures)}" if outcome.failures else "ok"
        measured = latency(outcome)
        click.echo(f"{describe(spec)}: p50 {measured.p50:.1f}, p99 {measured.p99:.1f} us, {verdict}", file=sys.stderr)
        return outcome

    def _monitor_s(self, duration_s: float) -> float:
        """Give the monitor's interval: as asked for; of its own accord it watches a soak only."""
        asked = self._options["monitor_s"]
        return float(asked if asked is not None else _MONITOR_S if duration_s == self._options["soak"] else 0.0)

    def _digest(self, spec: RunSpec) -> str:
        """Give the in-process pipeline's digest of the run's frames, computed once."""
        if spec.composition.pipeline == NOTHING:
            return ""
        if spec.frames not in self._digests:
            self._digests[spec.frames] = expected_digest(spec)
        return self._digests[spec.frames]

    def _write(self) -> None:
        write(self._folder, self._outcomes, self._capacities)


def compositions_of(options: dict[str, Any]) -> Iterator[WireComposition]:
    """Give the named compositions, or every combination of what was asked for in the place of their parts."""
    parts = ("feed", "loop", "gateway", "sharing", "bus", "receive", "interpreter")
    asked = {part: options[part] for part in parts if options[part]}
    for name in options["bases"]:
        if name not in NAMED:
            raise WireError(f"there is no composition {name!r}", hint=f"choose from {', '.join(NAMED)}")
    bases = options["bases"][:1] if asked or options["pipelines"] else options["bases"]
    for name, pipeline in itertools.product(bases, options["pipelines"] or ("",)):
        base = replace(NAMED[name], pipeline=pipeline or NAMED[name].pipeline)
        if options["rehearse"] is not None:
            base = replace(base, rehearse_ms=options["rehearse"], name=f"{name}, rehearse={options['rehearse']:g}")
        for names in itertools.product(*asked.values()):
            chosen = dict(zip(asked, names, strict=True))
            label = ", ".join([base.name, *chosen.values(), *([pipeline] if pipeline else [])])
            yield replace(base, **{**chosen, "name": label})


def with_floors(compositions: list[WireComposition]) -> Iterator[WireComposition]:
    """Put each transport's floor in front of the first composition that uses it."""
    done = set()
    for composition in compositions:
        floor = composition.floor()
        key = replace(floor, name="")
        if key not in done:
            done.add(key)
            yield floor
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
