"""Inside the counted process: memray around the operations of a pass, Python's own allocators traced.

A pass is counted when its caches and free lists are as a pass leaves them; fresh state is built outside, and a tracker
around nothing tells what tracking itself adds. Collections are off, so that none falls into one pass and not into
another; one is made before the tracker ends, so that what is retained is held by somebody.

memray sees Python stacks through a profile function, and under one the interpreter makes a frame object for each call
of a Python function, which it does not make otherwise (CPython 3.11 and later). They are counted in a pass of their
own, by the line that calls, and taken off.
"""

from __future__ import annotations

import gc
import inspect
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tailgate.errors import TailgateError
from tailgate.profilers.places import Frame, shorten, stage_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType, FrameType

    from tailgate.profilers.target import Replay, TargetSpec

_FRAMES: Final = 48
_MAX_SITES: Final = 200
_RESUMED: Final = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_FREEING: Final = ("PYMALLOC_FREE", "FREE", "MUNMAP")

_Place = tuple[Frame, str]  # a site and its stage, or ""


@dataclass(slots=True)
class _Tally:
    """Calls of an allocator and the bytes they asked for."""

    calls: int = 0
    size_bytes: int = 0

    def add(self, calls: int, size_bytes: int) -> None:
        self.calls += calls
        self.size_bytes += size_bytes


@dataclass(slots=True)
class _Tracked:
    """What one tracker saw."""

    places: defaultdict[_Place, _Tally] = field(default_factory=lambda: defaultdict(_Tally))
    retained_bytes: int = 0
    peak_bytes: int = 0

    def without(self, other: _Tracked) -> None:
        """Take off what is no work of the operations."""
        for place, tally in other.places.items():
            self.places[place].add(-tally.calls, -tally.size_bytes)
        self.retained_bytes -= other.retained_bytes
        self.peak_bytes -= other.peak_bytes


def count(replay: Replay, spec: TargetSpec) -> dict[str, Any]:
    """Count the allocations of one pass, by site and by stage."""
    try:
        import memray  # noqa: PLC0415  a benchmark's process has it only when it is asked to count
    except ImportError as error:
        raise TailgateError(
            f"allocations are counted by memray, which cannot be imported here: {error}",
            hint=f"{sys.executable} -m pip install memray",
        ) from error
    stages = replay.workload.stages
    gc.disable()
    nothing = _track(memray, lambda: None, stages, spec)
    replay.one_pass()
    operation = replay.begin()
    gc.collect()
    seen = _track(memray, lambda: replay.run(operation), stages, spec)
    replay.finish(operation)
    seen.without(nothing)
    seen.without(_frame_objects(replay, stages, spec))
    return _plain(seen, spec) | {"operations": len(replay.inputs)}


def _track(memray: Any, act: Callable[[], object], stages: tuple[str, ...], spec: TargetSpec) -> _Tracked:
    with tempfile.TemporaryDirectory(prefix="tailgate-") as folder:
        path = Path(folder, "pass.bin")
        with memray.Tracker(path, trace_python_allocators=True):
            act()
            gc.collect()
        with memray.FileReader(path) as reader:
            return _read(memray, reader, stages, spec)


def _read(memray: Any, reader: Any, stages: tuple[str, ...], spec: TargetSpec) -> _Tracked:
    freeing = {int(memray.AllocatorType[name]) for name in _FREEING}
    seen = _Tracked(peak_bytes=reader.metadata.peak_memory)
    by_stack: dict[int, _Tally] = {}
    for record in reader.get_allocation_records():
        if record.allocator in freeing:
            continue
        tally = by_stack.get(record.stack_id)
        if tally is None:
            stack = [Frame(*each) for each in record.stack_trace(_FRAMES if stages else 1)]
            tally = by_stack[record.stack_id] = seen.places[_place(stack, stages, spec)]
        tally.calls += record.n_allocations
        tally.size_bytes += record.size
    seen.retained_bytes = sum(record.size for record in reader.get_leaked_allocation_records(merge_threads=True))
    return seen


def _place(stack: list[Frame], stages: tuple[str, ...], spec: TargetSpec) -> _Place:
    site = stack[0] if stack else Frame("?", "?", 0)
    return site, stage_of(stack, stages, spec.roots) if stages else ""


def _frame_objects(replay: Replay, stages: tuple[str, ...], spec: TargetSpec) -> _Tracked:
    """Count the frame objects that a pass makes under a profile function, as allocations of the lines that call."""
    fresh: defaultdict[tuple[CodeType, int, _Place], _Tally] = defaultdict(_Tally)
    places: dict[tuple[CodeType | int, ...], _Place] = {}

    def called(frame: FrameType, event: str, _argument: object) -> None:
        caller = frame.f_back
        if event != "call" or caller is None:
            return
        key = tuple(_stack_key(caller)) if stages else (caller.f_code, caller.f_lineno)
        place = places.get(key)
        if place is None:
            place = places[key] = _place(list(_stack(caller)), stages, spec)
        fresh[frame.f_code, frame.f_lasti, place].add(1, sys.getsizeof(frame))

    operation = replay.begin()
    sys.setprofile(called)
    try:
        replay.run(operation)
    finally:
        sys.setprofile(None)
    replay.finish(operation)
    begins: dict[CodeType, int] = {}
    for code, last, _ in fresh:
        begins[code] = min(last, begins.get(code, last))
    made = _Tracked()
    for (code, last, place), tally in fresh.items():
        if not code.co_flags & _RESUMED or last == begins[code]:  # a generator keeps its frame when it is resumed
            made.places[place].add(tally.calls, tally.size_bytes)
    return made


def _stack(frame: FrameType | None) -> Iterator[Frame]:
    while frame is not None:
        yield Frame(frame.f_code.co_name, frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back


def _stack_key(frame: FrameType | None) -> Iterator[CodeType | int]:
    while frame is not None:
        yield frame.f_code
        yield frame.f_lineno
        frame = frame.f_back


def _plain(seen: _Tracked, spec: TargetSpec) -> dict[str, Any]:
    sites: defaultdict[Frame, _Tally] = defaultdict(_Tally)
    stages: defaultdict[str, _Tally] = defaultdict(_Tally)
    for (site, stage), tally in seen.places.items():
        sites[site].add(tally.calls, tally.size_bytes)
        stages[stage].add(tally.calls, tally.size_bytes)
    most = sorted(sites.items(), key=lambda item: (-item[1].calls, item[0]))
    return {
        "allocations": sum(tally.calls for tally in sites.values()),
        "bytes": sum(tally.size_bytes for tally in sites.values()),
        "retained_bytes": seen.retained_bytes,
        "peak_bytes": seen.peak_bytes,
        "sites": [
            [site.function, shorten(site.file, spec.roots), site.line, tally.calls, tally.size_bytes]
            for site, tally in most[:_MAX_SITES]
            if tally.calls > 0
        ],
        "stages": {stage: [tally.calls, tally.size_bytes] for stage, tally in stages.items() if stage},
    }
