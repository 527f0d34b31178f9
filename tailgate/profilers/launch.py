"""Starts the profiled program with the environment of a side's timing workers, and reads back what it found."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, Final

from tailgate.errors import MissingToolError, TailgateError
from tailgate.measure.sides import Side, environment, lacking
from tailgate.profilers.target import TargetSpec
from tailgate.scratch import scratch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tailgate.measure.lockstep import Plan

HASH_SEED: Final = {"PYTHONHASHSEED": "0"}
"""Counts are held against each other: the order of a set, and so what it allocates, must not differ from run to run."""

_TAIL: Final = 1_500


class ProfilerError(TailgateError):
    """A profiler, or the program under it, failed or was refused; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a profiled run: what the target found, and what profiler and target printed."""

    found: Mapping[str, Any]
    stdout: str
    stderr: str


def spec_for(side: Side, plan: Plan, mode: str, **more: Any) -> TargetSpec:
    """Return the spec of a side's program under a plan; its result file is set by `launch`."""
    return TargetSpec(
        module=side.module or plan.module,
        benchmark=side.benchmark,
        settings=dict(plan.settings),
        result="",
        mode=mode,
        roots=tuple(str(each) for each in (*side.roots, plan.root)),
        gc=side.gc,
        **{"operations": plan.operations} | more,
    )


def launch(
    side: Side,
    plan: Plan,
    spec: TargetSpec,
    *,
    before: Sequence[str] = (),
    options: Sequence[str] = (),
    instead: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    limit_s: float = 600.0,
) -> Finished:
    """Run the program: `before` and `options` stand before and behind the interpreter, `instead` for its `-m ...`.

    limit_s: beyond the seconds that the spec replays for. Raises ProfilerError where it failed, with what it said; a
    target's own TailgateError keeps its message and hint.
    """
    with scratch() as folder:
        result, told = Path(folder, "result.json"), Path(folder, "spec.json")
        told.write_text(replace(spec, result=str(result)).to_json(), encoding="utf-8")
        program = instead or ("-m", "tailgate.profilers.target")
        command = [*before, side.python, *side.options, *options, *program, str(told)]
        done = run(command, side, plan, env or {}, limit_s + spec.seconds)
        if not result.is_file():
            raise ProfilerError(
                f"{command[0]} left with status {done.returncode} and no result for {spec.benchmark}: "
                + (done.stderr or done.stdout).strip()[-_TAIL:]
            )
        found = json.loads(result.read_text(encoding="utf-8"))
    if "error" in found:
        kind = MissingToolError if found.get("tool") else ProfilerError
        lacks = lacking(found["error"], environment(side, plan.root, plan.env))
        raise kind(f"{spec.benchmark}: {found['error']}", hint=lacks or found["hint"])
    if done.returncode != 0:
        raise ProfilerError(f"{command[0]} left with status {done.returncode}: {done.stderr.strip()[-_TAIL:]}")
    return Finished(found, done.stdout, done.stderr)


def run(
    command: Sequence[str], side: Side, plan: Plan, env: Mapping[str, str], limit_s: float
) -> subprocess.CompletedProcess[str]:
    """Run a command in the side's environment, from the project's root, with nothing on its standard input.

    When it ends, takes too long or is interrupted, everything that it started ends with it: py-spy and perf are not the
    program that they watch, and a child of the benchmark that lives on would hold a pipe open.
    """
    with TemporaryFile("w+", errors="replace") as stdout, TemporaryFile("w+", errors="replace") as stderr:
        try:
            process = subprocess.Popen(
                command,
                cwd=plan.root,
                env=environment(side, plan.root, plan.env) | dict(env),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                process_group=0,
            )
        except FileNotFoundError:
            raise ProfilerError(f"{command[0]} is not installed") from None
        try:
            status = process.wait(timeout=limit_s)
        except subprocess.TimeoutExpired:
            told = f"{' '.join(command[:3])} ... gave no result within {limit_s:g} s"
            raise ProfilerError(told) from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for stream in (stdout, stderr):
            stream.seek(0)
        return subprocess.CompletedProcess(command, status, stdout.read(), stderr.read())
