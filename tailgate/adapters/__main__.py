"""Lists a suite of another tool, or tries it: how many of its benchmarks run as they are.

python -m tailgate.adapters pytest:tests/bench              one line of JSON: (path, implementation, label, reason)
python -m tailgate.adapters pytest:tests/bench --try        prepare each in a process of its own and call it twice
python -m tailgate.adapters asv:benchmarks --count NAME     what a benchmark counts in place of being timed
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Final

from tailgate.adapters import UNAVAILABLE, collect
from tailgate.benchmark import UnavailableError
from tailgate.errors import TailgateError
from tailgate.measure.drivers import Driver
from tailgate.measure.inputs import Fresh
from tailgate.measure.protocol import Injection

if TYPE_CHECKING:
    from tailgate.benchmark import Benchmark

_CALLS: Final = 2
_SECONDS: Final = 120.0


def main() -> int:
    """Do what argv says."""
    spec, *rest = sys.argv[1:] or [""]
    try:
        if rest[:1] == ["--only"]:
            return _call(spec, rest[1])
        if rest[:1] == ["--count"]:
            return _count(spec, rest[1])
        found = collect(spec)
    except TailgateError as error:
        sys.stderr.write(str(error))
        return error.exit_status
    if rest == ["--try"]:
        return _try(spec, [(each.label, "" if each.counts else each.check()) for each in found])
    lines = [(each.path, each.implementation, each.label, each.check()) for each in found]
    sys.stdout.write("\n" + json.dumps(lines) + "\n")
    return 0


def _call(spec: str, name: str) -> int:
    """Prepare one benchmark and call its operation; UNAVAILABLE and the reason are a status of their own."""
    bench = _named(spec, name)
    try:
        workload = bench.prepare({})
    except UnavailableError as error:
        sys.stderr.write(str(error))
        return UNAVAILABLE
    driver = Driver(workload, Injection())
    inputs = Fresh(workload.inputs, workload.fresh) if workload.fresh else workload.inputs
    operation = driver.begin()
    call = driver.plain(operation)
    for item in inputs[:_CALLS]:
        workload.answer(call(item))
    driver.finish(operation)
    driver.close()
    if workload.close is not None:
        workload.close()
    return 0


def _named(spec: str, name: str) -> Benchmark:
    bench = next((each for each in collect(spec, name) if each.name == name), None)
    if bench is None:
        raise TailgateError(f"{spec} has no {name}")
    return bench


def _count(spec: str, name: str) -> int:
    """Print what a benchmark counts, as JSON."""
    try:
        workload = _named(spec, name).prepare({})
    except UnavailableError as error:
        sys.stderr.write(str(error))
        return UNAVAILABLE
    try:
        counted = workload.start()(None)
    finally:
        if workload.close is not None:
            workload.close()
    sys.stdout.write("\n" + json.dumps(float(counted)) + "\n")
    return 0


def _try(spec: str, found: list[tuple[str, str]]) -> int:
    """Print each benchmark that does not run, with the reason, and how many do."""
    counted: Counter[str] = Counter()
    for name, reason in found:
        how, why = ("unavailable", reason) if reason else _tried(spec, name)
        counted[how] += 1
        if how != "runs":
            sys.stdout.write(f"{how}: {name}: {why}\n")
            sys.stdout.flush()
    told = ", ".join(f"{count} {how}" for how, count in counted.most_common())
    sys.stdout.write(f"{len(found)} benchmarks: {told}\n")
    return 0


def _tried(spec: str, name: str) -> tuple[str, str]:
    command = [sys.executable, "-m", "tailgate.adapters", spec, "--only", name]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        return "fails", f"two calls take more than {_SECONDS:g} s"
    last = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
    return {0: ("runs", ""), UNAVAILABLE: ("unavailable", last)}.get(done.returncode, ("fails", last))


if __name__ == "__main__":
    sys.exit(main())
