"""What a side has: the benchmarks that its suite declares in its own environment, asked in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from tailgate.adapters import collect, is_adapted
from tailgate.benchmark import load_suite
from tailgate.errors import TailgateError
from tailgate.measure.sides import BrokenSideError, Side, SideError, environment, lacking

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_STDERR_LINES: Final = 6


def listing(side: Side, module: str, root: Path, env: Mapping[str, str]) -> Mapping[str, str]:
    """Return the names of a side's benchmarks, each with why it cannot run there, or nothing.

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
        names: Mapping[str, str] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        printed = done.stdout.strip()[-200:]
        raise BrokenSideError(f"side {side.name!r} printed something in place of its benchmarks: {printed}") from None
    return names


def main() -> int:
    """Print the listing of the module that argv names, as one line of JSON."""
    try:
        module = sys.argv[1]
        found = collect(module) if is_adapted(module) else load_suite(module).benchmarks
    except TailgateError as error:
        sys.stderr.write(str(error))
        return error.exit_status
    sys.stdout.write(json.dumps({each.name: each.unavailable() for each in found}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
