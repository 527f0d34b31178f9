"""Allocators as sides: CPython's own, and those that LD_PRELOAD puts under it; what memory each of them takes."""

from __future__ import annotations

import ctypes
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tailgate.documents.allocators import AllocatorMemory
from tailgate.errors import TailgateError
from tailgate.monitor.memory import Jemalloc, read_memory
from tailgate.profilers.launch import HASH_SEED, launch, spec_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tailgate.measure.lockstep import Plan
    from tailgate.measure.sides import Side
    from tailgate.profilers.target import Replay, TargetSpec

_LIBRARIES: Final = (
    Path("/usr/lib/x86_64-linux-gnu"),
    Path("/usr/lib/aarch64-linux-gnu"),
    Path("/usr/local/lib"),
    Path("/usr/lib64"),
    Path("/usr/lib"),
)
_PRELOADED: Final[Mapping[str, tuple[str, str]]] = {
    "jemalloc": ("libjemalloc.so*", "apt-get install libjemalloc2"),
    "mimalloc-preload": ("libmimalloc.so*", "apt-get install libmimalloc2.0"),
    "tcmalloc": ("libtcmalloc_minimal.so*", "apt-get install libtcmalloc-minimal4"),
}
_STATUS: Final = Path("/proc/self/status")
_CLEAR: Final = Path("/proc/self/clear_refs")
_POOLS: Final = re.compile(r"^# bytes in allocated blocks\s*=\s*([\d,]+)", re.MULTILINE)
_ARENAS: Final = re.compile(r"([\d,]+)$")


_MALLINFO2: Final = (
    *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
    *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
)


@dataclass(frozen=True, slots=True)
class Allocator:
    """One way to serve memory: what a side's environment needs, or why it cannot be had here."""

    name: str
    env: Mapping[str, str]
    missing: str = ""
    hint: str = ""


def allocators(python: str = sys.executable, libraries: Sequence[Path] = _LIBRARIES) -> dict[str, Allocator]:
    """Return every allocator by name, for an interpreter; those that are missing say how to get them."""
    found = {name: Allocator(name, {"PYTHONMALLOC": name}) for name in ("pymalloc", "malloc")}
    built_in = _serves(python, "mimalloc")
    found["mimalloc"] = Allocator(
        "mimalloc",
        {"PYTHONMALLOC": "mimalloc"},
        "" if built_in else f"{python} has no mimalloc of its own",
        "" if built_in else "CPython has it from 3.13 on; mimalloc-preload works with any",
    )
    for name, (pattern, install) in _PRELOADED.items():
        library = next((path for folder in libraries for path in sorted(folder.glob(pattern))), None)
        if library is None:
            found[name] = Allocator(name, {}, f"there is no {pattern.removesuffix('*')} here", install)
        else:
            found[name] = Allocator(name, {"LD_PRELOAD": str(library), "PYTHONMALLOC": "malloc"})
    return found


def allocator(name: str, python: str = sys.executable) -> Allocator:
    """Return one allocator; TailgateError where the name is unknown or it is not installed."""
    known = allocators(python)
    if name not in known:
        raise TailgateError(f"there is no allocator {name!r}", hint=f"the right ones: {', '.join(known)}")
    if known[name].missing:
        raise TailgateError(f"the allocator {name} cannot be used: {known[name].missing}", hint=known[name].hint)
    return known[name]


def _serves(python: str, name: str) -> bool:
    """Ask an interpreter whether it starts under PYTHONMALLOC=name."""
    try:
        done = subprocess.run([python, "-S", "-c", ""], env={"PYTHONMALLOC": name}, capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def memory_under(name: str, side: Side, plan: Plan) -> AllocatorMemory:
    """Replay a pass of a side under an allocator, in a process of its own, and weigh it."""
    chosen = allocator(name, side.python)
    done = launch(side, plan, spec_for(side, plan, "memory"), env=HASH_SEED | dict(chosen.env))
    found = dict(done.found)
    if name == "pymalloc" and (match := _POOLS.findall(done.stderr)):
        found["asked_bytes"] = int(match[-1].replace(",", ""))
        found["held_bytes"] = _arena_bytes(done.stderr)
    return AllocatorMemory(name, side.benchmark, **found)


def _arena_bytes(stderr: str) -> int | None:
    """Read the last `N arenas * SIZE bytes/arena = TOTAL` of CPython's own statistics."""
    lines = [line for line in stderr.splitlines() if "bytes/arena" in line]
    match = _ARENAS.search(lines[-1].strip()) if lines else None
    return int(match[1].replace(",", "")) if match else None


class _Mallinfo2(ctypes.Structure):
    """The figures of glibc's malloc."""

    _fields_ = tuple((name, ctypes.c_size_t) for name in _MALLINFO2)


def weigh(replay: Replay, _spec: TargetSpec) -> dict[str, Any]:
    """Replay a warm-up pass, then one more, and read the process's memory while its state is alive."""
    replay.one_pass()
    jemalloc = Jemalloc.find()
    before = read_memory(jemalloc=jemalloc)
    _reset_peak()
    operation = replay.begin()
    replay.run(operation)
    after = read_memory(jemalloc=jemalloc)
    peak = _peak_bytes()
    asked, held = _asked_and_held(after.jemalloc_bytes)
    sys._debugmallocstats() if hasattr(sys, "_debugmallocstats") else None  # noqa: SLF001  CPython's only statistics
    replay.finish(operation)
    return {
        "operations": len(replay.inputs),
        "rss_bytes": after.rss_bytes or 0,
        "grown_bytes": (after.rss_bytes or 0) - (before.rss_bytes or 0),
        "peak_bytes": peak,
        "asked_bytes": asked,
        "held_bytes": held,
        "jemalloc_bytes": dict(after.jemalloc_bytes),
    }


def _asked_and_held(jemalloc: Mapping[str, int]) -> tuple[int | None, int | None]:
    if jemalloc:
        return jemalloc.get("allocated"), jemalloc.get("resident")
    preloaded = "libmimalloc" in _maps() or "libtcmalloc" in _maps()
    mallinfo2 = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if mallinfo2 is None or preloaded or sys.getallocatedblocks() != 0:
        return None, None  # glibc would tell of its own part only
    mallinfo2.restype = _Mallinfo2
    told = mallinfo2()
    return told.uordblks + told.hblkhd, told.arena + told.hblkhd


def _maps() -> str:
    try:
        return Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _reset_peak() -> None:
    try:
        _CLEAR.write_text("5", encoding="ascii")
    except OSError:
        return  # then the peak is that of the whole process


def _peak_bytes() -> int | None:
    try:
        match = re.search(r"^VmHWM:\s*(\d+) kB", _STATUS.read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        return None
    return int(match[1]) * 1024 if match else None
