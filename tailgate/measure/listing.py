"""What a side has: the benchmarks that its suite declares in its own environment, asked in a process of its own."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple

from tailgate.adapters import collect, is_adapted
from tailgate.benchmark import load_suite
from tailgate.errors import TailgateError
from tailgate.measure.sides import BrokenSideError, Side, SideError, environment, lacking

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tailgate.benchmark import Benchmark

_STDERR_LINES: Final = 6


class Listed(NamedTuple):
    """A benchmark of a side: why it cannot run there, a digest of its code, whether a process may carry others too.

    margin, percentiles, counts, needs: as its suite says.
    """

    reason: str
    code: str = ""
    shares: bool = True
    margin: float | None = None
    percentiles: tuple[float, ...] = ()
    counts: str = ""
    needs: tuple[str, ...] = ()


def listing(side: Side, module: str, root: Path, env: Mapping[str, str]) -> Mapping[str, Listed]:
    """Return a side's benchmarks by name.

    env: what it gets beside the small environment of a worker.
    """
    env = environment(side, root, env)
    command = [side.python, *side.options, "-m", "tailgate.measure.listing", module]
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = "\n".join(done.stderr.strip().splitlines()[-_STDERR_LINES:])
        kind = BrokenSideError if done.returncode > 0 else SideError  # else a signal ended it
        raise kind(
            f"side {side.name!r} cannot list its benchmarks (status {done.returncode}):\n{last}",
            hint=lacking(last, env),
        )
    try:
        names = {
            name: Listed(*each)._replace(percentiles=tuple(each[4]), needs=tuple(each[6]))
            for name, each in json.loads(done.stdout.splitlines()[-1]).items()
        }
    except (IndexError, ValueError):
        printed = done.stdout.strip()[-200:]
        raise BrokenSideError(f"side {side.name!r} printed something in place of its benchmarks: {printed}") from None
    return names


def _code(benchmark: Benchmark) -> str:
    """Return the digest of what defines a benchmark: as its suite says, else its function's source without its name."""
    if benchmark.code or not inspect.isfunction(benchmark.prepare):
        return benchmark.code
    try:
        lines = inspect.getsource(benchmark.prepare).splitlines()
    except (OSError, TypeError):  # made while it runs, by no file
        return ""
    body = [line.replace(benchmark.prepare.__name__, "_") for line in lines if not line.lstrip().startswith("@")]
    return blake2b("\n".join(body).encode(), digest_size=8).hexdigest()


def main() -> int:
    """Print the listing of the module that argv names, as one line of JSON."""
    try:
        module = sys.argv[1]
        found = collect(module) if is_adapted(module) else load_suite(module).benchmarks
    except TailgateError as error:
        sys.stderr.write(str(error))
        return error.exit_status
    listed = {
        each.name: Listed(
            each.unavailable(), _code(each), each.shares, each.margin, each.percentiles, each.counts, each.needs
        )
        for each in found
    }
    sys.stdout.write(json.dumps(listed) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
