"""The standard library's own sampling profiler, from CPython 3.15 on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tailgate.profilers.launch import ProfilerError, launch, run, spec_for
from tailgate.profilers.places import Frame
from tailgate.profilers.profile import Recorded
from tailgate.profilers.stacks import LOOP, inside, share_inside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tailgate.profilers.profile import Job

RATE: Final = "1khz"
_FRAME: Final = re.compile(r"^(?P<file>.*):(?P<function>[^:]*):(?P<line>\d+)$")
_BARE_LOOP: Final = (LOOP[0], LOOP[1].rpartition("/")[2])
_SINCE: Final = "import sys; print(*sys.version_info[:2])"


class Sampling:
    """`python -m profiling.sampling run --collapsed`."""

    name = "sampling"

    def record(self, job: Job) -> Recorded:
        """Record collapsed stacks, which are its own file here."""
        version = run((job.side.python, "-c", _SINCE), job.side, job.plan, {}, 60).stdout.strip().replace(" ", ".")
        if tuple(map(int, version.split("."))) < (3, 15):
            raise ProfilerError(
                f"profiling.sampling came with CPython 3.15; {job.side.python} is {version}",
                hint="give one: tailgate profile sampling --python python3.15 ...; py-spy works with any",
            )
        own = job.folder / "sampling.collapsed"
        run_it = ("-m", "profiling.sampling", "run", "-r", RATE, "--collapsed", "-o", str(own))
        spec = spec_for(job.side, job.plan, "replay", seconds=job.seconds)
        done = launch(job.side, job.plan, spec, instead=(*run_it, "-m", "tailgate.profilers.target"))
        if not own.is_file():
            raise ProfilerError(f"profiling.sampling wrote nothing: {done.stderr.strip()[-500:]}")
        everything = list(read_collapsed(own.read_text(encoding="utf-8").splitlines()))
        stacks = inside(everything, job.roots)
        if not stacks:
            raise ProfilerError(
                "profiling.sampling took no sample of an operation", hint="give it longer: --seconds 20"
            )
        return Recorded(
            "ns",
            done.found["operations"],
            done.found["wall_ns"],
            {stack: samples * 1e6 for stack, samples in stacks.items()},
            files=(own,),
            clock="wall",  # it stops the program, which costs that no CPU time
            notes=(
                f"{round(sum(stacks.values())):,} samples in operations, {share_inside(stacks, everything)}; {RATE}",
            ),
        )


def read_collapsed(lines: Iterable[str]) -> Iterator[tuple[list[Frame], float]]:
    """Read `tid:...;file:function:line;... count`, outermost frame first.

    CPython 3.15 writes a file without its folder, and a function with its class. The loop over the operations is given
    its folder back, for by that its callers are known (`stacks.inside`).
    """
    for line in lines:
        stack, _, count = line.rpartition(" ")
        frames = [_frame(part) for part in stack.split(";") if not part.startswith("tid:")]
        if frames and count.isdigit():
            yield frames, float(count)


def _frame(part: str) -> Frame:
    match = _FRAME.match(part)
    if match is None:
        return Frame(part, "?", 0)
    function, file = match["function"], match["file"]
    return Frame(function, LOOP[1] if (function, file) == _BARE_LOOP else file, int(match["line"]))
