"""py-spy: samples the stack from another process; the program runs on unchanged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tailgate.profilers.launch import ProfilerError, launch, spec_for
from tailgate.profilers.profile import Recorded, tool
from tailgate.profilers.stacks import inside, read_speedscope, share_inside

if TYPE_CHECKING:
    from tailgate.profilers.profile import Job

RATE_HZ: Final = 250
"""Each sample stops the program for a while: at 1,000 Hz it ran 45 % slower."""

_REFUSALS: Final = ("Permission Denied", "Operation not permitted", "EPERM")
_YAMA: Final = Path("/proc/sys/kernel/yama/ptrace_scope")


class PySpy:
    """`py-spy record`."""

    name = "py-spy"

    def record(self, job: Job) -> Recorded:
        """Record a speedscope file; its stacks are read back."""
        program = tool("py-spy")
        if program is None:
            raise ProfilerError("py-spy is not installed", hint="pip install py-spy")
        own = job.folder / "py-spy.speedscope.json"
        before = (program, "record", "--format=speedscope", f"--rate={RATE_HZ}", f"--output={own}", "--")
        try:
            spec = spec_for(job.side, job.plan, "replay", seconds=job.seconds)
            done = launch(job.side, job.plan, spec, before=before)
        except ProfilerError as error:
            raise _told(error) from None
        if not own.is_file():
            raise _told(ProfilerError(f"py-spy wrote nothing: {done.stderr.strip()[-500:]}"))
        everything = read_speedscope(json.loads(own.read_text(encoding="utf-8")))
        stacks = inside(everything, job.roots)
        if not stacks:
            raise ProfilerError("py-spy took no sample of an operation", hint="give it longer: --seconds 20")
        samples = round(sum(stacks.values()) * RATE_HZ)
        return Recorded(
            "ns",
            done.found["operations"],
            done.found["wall_ns"],
            {stack: seconds * 1e9 for stack, seconds in stacks.items()},
            files=(own,),
            clock="wall",  # it stops the program, which costs that no CPU time
            sees="running",  # with --idle a line that waits would have the share of its waiting
            notes=(f"{samples:,} samples in operations, {share_inside(stacks, everything)}; {RATE_HZ} a second",),
        )


def _told(error: ProfilerError) -> ProfilerError:
    if any(word in error.message for word in _REFUSALS):
        scope = _YAMA.read_text().strip() if _YAMA.is_file() else "unknown"
        return ProfilerError(
            f"py-spy may not look into another process (kernel.yama.ptrace_scope is {scope})",
            hint="sysctl kernel.yama.ptrace_scope=0 as root; in a container, --cap-add=SYS_PTRACE",
        )
    return error
