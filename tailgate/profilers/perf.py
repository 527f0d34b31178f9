"""perf: the kernel samples; with -X perf the interpreter names its Python functions to it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tailgate.profilers.launch import ProfilerError, launch, run, spec_for
from tailgate.profilers.places import Frame
from tailgate.profilers.profile import Recorded, tool
from tailgate.profilers.stacks import inside, share_inside
from tailgate.scratch import scratch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tailgate.profilers.launch import Finished
    from tailgate.profilers.profile import Job
    from tailgate.profilers.target import TargetSpec

RATE_HZ: Final = 499
_PARANOID: Final = Path("/proc/sys/kernel/perf_event_paranoid")
_RATE: Final = Path("/proc/sys/kernel/perf_event_max_sample_rate")
_PYTHON_FRAME: Final = re.compile(r"^py::(?P<function>.*):(?P<file>[^:]+)$")
_FRAME: Final = re.compile(r"^\s+[0-9a-f]+ (?P<symbol>.+) \((?P<object>.*)\)$")
_PLUMBING: Final = re.compile(
    r"_PyEval_|PyEval_|py_trampoline|_?PyObject_(Vectorcall|Call)|_?PyVectorcall|object_vacall|cfunction_vectorcall"
    r"|method_vectorcall|_start|__libc_start|pymain_|Py_RunMain|Py_BytesMain|run_mod|run_eval|_PyRun_|main$|\[unknown\]"
)
_DUMPS: Final = Path("/tmp")  # noqa: S108  the interpreter writes its map there, whatever TMPDIR says
_FACTS: Final = "import sys, sysconfig; print(*sys.version_info[:2], 'omit' in str(sysconfig.get_config_var('CFLAGS')))"


class Perf:
    """`perf record`, its stacks read back by `perf script`."""

    name = "perf"

    def record(self, job: Job) -> Recorded:
        """Record perf's data; Python's functions stand between the native ones."""
        program = tool("perf")
        if program is None:
            raise ProfilerError("perf is not installed", hint="apt-get install linux-perf")
        own = job.folder / "perf.data"
        how = _interpreter(job)
        with scratch() as folder:
            cache, pid_file = str(folder), folder / "pid"
            spec = spec_for(job.side, job.plan, "replay", seconds=job.seconds, pid_file=str(pid_file))
            try:
                done = _launched(job, spec, _before(program, cache, own, how), how)
                text = _script(job, (program, "--buildid-dir", cache), own, how)
            finally:
                _clean(_signed(pid_file))
        everything = list(read_script(text.splitlines()))
        stacks = inside(everything, job.roots)
        if not stacks:
            raise ProfilerError(
                "perf took no sample with Python's frames in it",
                hint="an interpreter built with -fno-omit-frame-pointer, or CPython 3.13 and later",
            )
        samples, share = round(sum(stacks.values())), share_inside(stacks, everything)
        weights = {stack: samples_of / RATE_HZ * 1e9 for stack, samples_of in stacks.items()}
        return Recorded(
            "ns",
            done.found["operations"],
            done.found["cpu_ns"],
            weights,
            files=(own,),
            sees="running",
            notes=(f"{samples:,} samples of the CPU's clock in operations, {share}; {RATE_HZ} a second; -X {how}",),
        )


def _launched(job: Job, spec: TargetSpec, before: tuple[str, ...], how: str) -> Finished:
    try:
        return launch(job.side, job.plan, spec, before=before, options=("-X", how))
    except ProfilerError as error:
        raise _told(error) from None


def _interpreter(job: Job) -> str:
    """Return which option names Python's functions to perf, or refuse an interpreter that cannot."""
    done = run((job.side.python, "-c", _FACTS), job.side, job.plan, {}, 60)
    major, minor, frame_pointers = done.stdout.split()
    version = (int(major), int(minor))
    if version >= (3, 13):
        return "perf_jit"
    if version >= (3, 12) and frame_pointers == "True":
        return "perf"
    why = "knows no -X perf" if version < (3, 12) else "was built without frame pointers, which -X perf needs"
    raise ProfilerError(
        f"perf cannot see Python's functions: {job.side.python} is {major}.{minor} and {why}",
        hint="give one of 3.13 or later: tailgate profile perf --python python3.13 ...",
    )


def _before(program: str, cache: str, own: Path, how: str) -> tuple[str, ...]:
    graph = "fp" if how == "perf" else "dwarf,16384"
    record = (program, "--buildid-dir", cache, "record", "-q", "-k", "mono", "-F", str(RATE_HZ), "-e", "cpu-clock")
    # No fork is followed: what it does is no part of the operation's thread.
    return (*record, "--no-inherit", "--call-graph", graph, "-o", str(own), "--")


def _script(job: Job, perf: tuple[str, ...], own: Path, how: str) -> str:
    read = own
    if how == "perf_jit":
        read = own.with_name("perf.jit.data")
        _perf(job, (*perf, "inject", "--jit", "-i", str(own), "-o", str(read)))
    try:
        return _perf(job, (*perf, "script", "--no-inline", "-i", str(read), "-F", "comm,pid,tid,time,event,ip,sym,dso"))
    finally:
        if read != own:
            read.unlink(missing_ok=True)


def _perf(job: Job, command: tuple[str, ...]) -> str:
    done = run(command, job.side, job.plan, {}, 600)
    if done.returncode != 0:
        raise ProfilerError(f"perf {command[3]} left with status {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout


def _signed(pid_file: Path) -> list[str]:
    """Return the processes that ran under the profiler, the benchmark's first and its forks behind."""
    return pid_file.read_text(encoding="ascii").split() if pid_file.is_file() else []


def _clean(pids: Iterable[str]) -> None:
    """Remove what interpreter and perf leave in /tmp for a process: names of functions, code, copies of it."""
    for pid in pids:
        for pattern in (f"perf-{pid}.map", f"jit-{pid}.dump", f"jitted-{pid}-*.so"):
            for path in _DUMPS.glob(pattern):
                path.unlink(missing_ok=True)


def read_script(lines: Iterable[str]) -> Iterator[tuple[list[Frame], float]]:
    """Read the stacks that `perf script` prints, a sample each, outermost frame first."""
    stack: list[Frame] = []
    for line in lines:
        match = _FRAME.match(line)
        if match is not None:
            frame = _frame(match["symbol"], match["object"])
            if frame is not None:
                stack.append(frame)
        elif stack:
            yield stack[::-1], 1.0
            stack = []
    if stack:
        yield stack[::-1], 1.0


def _frame(symbol: str, binary: str) -> Frame | None:
    """Return a Python function, or native code that is more than the interpreter calling itself."""
    if match := _PYTHON_FRAME.match(symbol):
        return Frame(match["function"], match["file"], 0)
    return None if _PLUMBING.match(symbol) else Frame(symbol, Path(binary).name, 0)


def _told(error: ProfilerError) -> ProfilerError:
    if (
        "perf_event_paranoid" in error.message
        or "Permission" in error.message
        or "Access to performance" in error.message
    ):
        paranoid = _PARANOID.read_text().strip() if _PARANOID.is_file() else "unknown"
        return ProfilerError(
            f"the kernel does not let perf sample (kernel.perf_event_paranoid is {paranoid})",
            hint="sysctl kernel.perf_event_paranoid=1 as root; in a container, --cap-add=PERFMON",
        )
    if _RATE.is_file() and int(_RATE.read_text()) < RATE_HZ:
        return ProfilerError(
            f"kernel.perf_event_max_sample_rate is {_RATE.read_text().strip()}; perf samples at {RATE_HZ} a second",
            hint="`pyperf system tune` lowered it: sysctl kernel.perf_event_max_sample_rate=100000 as root",
        )
    return error
