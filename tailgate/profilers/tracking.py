"""Inside the counted process: memray around two passes, Python's own allocators traced; the second is counted.

The first makes caches and free lists as a pass leaves them, and lets memray register every function (an allocation
each). Two allocations of odd sizes mark where the operations of the second begin and end, so that building fresh state
does not count. Collections are off, so that none falls into one pass and not into another; one is made at the end, so
that what is retained is held by somebody.

memray sees Python stacks through a profile function, and under one the interpreter makes a frame object for each call
of a Python function, which it does not make otherwise (CPython 3.11 and later), and a bound method for each call of a
method that is written in C, which a plain call leaves unbound: one a call, and from 3.12 on another one for its return.
They are counted in a pass of their own, by the line that calls, and taken off. Other objects remain, such as
the offsets that monitoring passes around from 3.12 on. So how much is allocated is counted once more with the profile
function put away, in every thread, when memray sees each allocation and no stack; sites and stages only say where.
"""

from __future__ import annotations

import ctypes
import gc
import inspect
import sys
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tailgate.errors import MissingToolError
from tailgate.profilers.places import Frame, shorten, stage_of
from tailgate.profilers.target import run_over
from tailgate.scratch import scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import CodeType, FrameType

    from tailgate.profilers.target import Replay, TargetSpec

    _Called = Callable[[FrameType, str, object], None]

_FRAMES: Final = 48
_MAX_SITES: Final = 200
_RESUMED: Final = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_FREEING: Final = ("PYMALLOC_FREE", "FREE", "MUNMAP")

_BEGIN_BYTES, _END_BYTES, _LEAVE_BYTES = 1_234_561, 1_234_563, 1_234_567
"""Sizes that nothing else asks for; a bytearray asks for one byte more."""
_MARKS: Final = (_END_BYTES + 1, _LEAVE_BYTES + 1)

_PASSES_BEFORE: Final = 3
"""What `count` replays before the pass whose total it gives."""

_BOUND_A_CALL: Final = 2 if sys.version_info >= (3, 12) else 1

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
class _Counted:
    """What the marked operations did."""

    places: defaultdict[_Place, _Tally] = field(default_factory=lambda: defaultdict(_Tally))
    retained_bytes: int = 0
    peak_bytes: int = 0


def count(replay: Replay, spec: TargetSpec) -> dict[str, Any]:
    """Count the allocations of one pass, by site and by stage."""
    memray = _memray()
    gc.disable()
    replay.one_pass()
    with scratch() as folder:
        path = Path(folder, "passes.bin")
        with memray.Tracker(path, trace_python_allocators=True):
            replay.one_pass()
            _marked_pass(replay)
        with memray.FileReader(path) as reader:
            seen = _read(memray, reader, replay.workload.stages, spec)
        exact = _exact(memray, replay, spec, Path(folder, "unseen.bin"))
    for place, tally in _profile_objects(replay, replay.workload.stages, spec).items():
        seen.places[place].add(-tally.calls, -tally.size_bytes)
    totals = {"allocations": exact.calls, "bytes": exact.size_bytes}
    return _plain(seen, spec) | totals | {"operations": len(replay.inputs)}


def count_totals(replay: Replay, spec: TargetSpec) -> dict[str, Any]:
    """Count how much one pass allocates, and not where: the same figure, in a fraction of the time."""
    memray = _memray()
    gc.disable()
    for _ in range(_PASSES_BEFORE):
        replay.one_pass()
    with scratch() as folder:
        exact = _exact(memray, replay, spec, Path(folder, "unseen.bin"))
    return {"allocations": exact.calls, "bytes": exact.size_bytes, "operations": len(replay.inputs)}


def _memray() -> Any:
    try:
        import memray  # noqa: PLC0415  a benchmark's process has it only when it is asked to count
    except ImportError as error:
        raise MissingToolError(
            f"allocations are counted by memray, which cannot be imported here: {error}",
            hint=f"{sys.executable} -m pip install 'tailgate[allocations]'",
        ) from error
    return memray


def _exact(memray: Any, replay: Replay, spec: TargetSpec, path: Path) -> _Tally:
    """Count a pass with the profile functions put away: each allocation, and no stack."""
    with memray.Tracker(path, trace_python_allocators=True):
        _put_profile_functions_away()
        _marked_pass(replay)
    with memray.FileReader(path) as reader:
        exact = _total(_read(memray, reader, (), spec))
    exact.add(-1, -sys.getsizeof(bytearray()))  # the object of the mark at the end; its buffer is the mark
    return exact


def _put_profile_functions_away() -> None:
    """Take the profile function from this thread, from those that live and from those to come."""
    threading.setprofile(None)
    if sys.version_info >= (3, 12):
        threading.setprofile_all_threads(None)
    else:
        sys.setprofile(None)
        _profile_natively(None)


_NATIVE: Final = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.py_object, ctypes.c_int, ctypes.c_void_p)
_EVENTS: Final = {0: "call", 4: "c_call"}  # PyTrace_CALL, PyTrace_C_CALL
_GIVEN: Final[list[Any]] = []  # C holds no reference, and a thread may still be inside of one


def _native(called: _Called) -> Any:
    """Return a profile function as C calls it, of the two events that are counted."""

    def call(_: int, frame: FrameType, what: int, argument: int | None) -> int:
        if what in _EVENTS:
            called(frame, _EVENTS[what], ctypes.cast(argument, ctypes.py_object).value if argument else None)
        return 0

    return _NATIVE(call)


def _profile_natively(called: _Called | None) -> None:
    """Give every thread that lives this profile function, as C calls it: 3.11 has no public way."""
    native = None if called is None else _native(called)
    _GIVEN.append(native)
    api = ctypes.pythonapi  # it holds the GIL, so no thread comes or goes meanwhile
    for name in ("PyInterpreterState_Get", "PyInterpreterState_ThreadHead", "PyThreadState_Next"):
        getattr(api, name).restype = ctypes.c_void_p
    state = api.PyInterpreterState_ThreadHead(ctypes.c_void_p(api.PyInterpreterState_Get()))
    while state:
        api._PyEval_SetProfile(ctypes.c_void_p(state), native, None)  # noqa: SLF001
        state = api.PyThreadState_Next(ctypes.c_void_p(state))


def _marked_pass(replay: Replay) -> None:
    operation = replay.begin()
    inputs = iter(replay.inputs)
    gc.collect()
    bytearray(_BEGIN_BYTES)
    run_over(inputs, operation)
    bytearray(_END_BYTES)
    gc.collect()
    bytearray(_LEAVE_BYTES)
    replay.finish(operation)


def _total(seen: _Counted) -> _Tally:
    total = _Tally()
    for tally in seen.places.values():
        total.add(tally.calls, tally.size_bytes)
    return total


def _read(memray: Any, reader: Any, stages: tuple[str, ...], spec: TargetSpec) -> _Counted:
    """Read what lies between the marks, in the order it happened; frees count until the last mark."""
    freeing = {int(memray.AllocatorType[name]) for name in _FREEING}
    seen = _Counted()
    by_stack: dict[int, _Tally] = {}
    live: dict[int, int] = {}
    held_bytes = 0
    records = iter(reader.get_allocation_records())
    _skip_to(records, _BEGIN_BYTES)
    counting = True
    for record in records:
        if record.allocator in freeing:
            held_bytes -= live.pop(record.address, 0)
            continue
        size: int = record.size
        if size in _MARKS:
            if size == _LEAVE_BYTES + 1:
                break
            counting = False
        if not counting:
            continue
        held_bytes += size - live.get(record.address, 0)
        live[record.address] = size
        seen.peak_bytes = max(seen.peak_bytes, held_bytes)
        tally = by_stack.get(record.stack_id)
        if tally is None:
            stack = [Frame(*each) for each in record.stack_trace(_FRAMES if stages else 1)]
            tally = by_stack[record.stack_id] = seen.places[_place(stack, stages, spec)]
        tally.calls += 1
        tally.size_bytes += size
    seen.retained_bytes = held_bytes
    return seen


def _skip_to(records: Iterator[Any], mark_bytes: int) -> None:
    for record in records:
        if record.size == mark_bytes + 1:
            return


def _place(stack: list[Frame], stages: tuple[str, ...], spec: TargetSpec) -> _Place:
    site = stack[0] if stack else Frame("?", "?", 0)
    return site, stage_of(stack, stages, spec.roots) if stages else ""


def _profile_objects(replay: Replay, stages: tuple[str, ...], spec: TargetSpec) -> dict[_Place, _Tally]:
    """Count the objects that a pass makes because of a profile function, as allocations of the lines that call."""
    fresh: defaultdict[tuple[CodeType, int, _Place], _Tally] = defaultdict(_Tally)
    made: defaultdict[_Place, _Tally] = defaultdict(_Tally)
    places: dict[tuple[CodeType | int, ...], _Place] = {}

    def placed(caller: FrameType) -> _Place:
        key = tuple(_stack_key(caller)) if stages else (caller.f_code, caller.f_lineno)
        place = places.get(key)
        if place is None:
            place = places[key] = _place(list(_stack(caller)), stages, spec)
        return place

    def counting(temporary: int) -> _Called:
        def called(frame: FrameType, event: str, argument: object) -> None:
            if event == "c_call":  # a method that somebody keeps bound was not made for the profile function
                if hasattr(argument, "__self__") and sys.getrefcount(argument) == temporary:
                    made[placed(frame)].add(_BOUND_A_CALL, _BOUND_A_CALL * sys.getsizeof(argument))
                return
            caller = frame.f_back
            if event == "call" and caller is not None and frame.f_code is not run_over.__code__:
                fresh[frame.f_code, frame.f_lasti, placed(caller)].add(1, sys.getsizeof(frame))

        return called

    try:
        operation = replay.begin()
        _profile_every_thread(counting)
        run_over(replay.inputs, operation)
    finally:
        _put_profile_functions_away()
    replay.finish(operation)
    _add_frames(made, fresh)
    return made


def _add_frames(made: dict[_Place, _Tally], fresh: Mapping[tuple[CodeType, int, _Place], _Tally]) -> None:
    """Add the frames; a generator keeps its own when it is resumed, which is where it does not begin."""
    begins: dict[CodeType, int] = {}
    for code, last, _ in fresh:
        begins[code] = min(last, begins.get(code, last))
    for (code, last, place), tally in fresh.items():
        if not code.co_flags & _RESUMED or last == begins[code]:
            made[place].add(tally.calls, tally.size_bytes)


def _profile_every_thread(counting: Callable[[int], _Called]) -> None:
    """Give a profile function to the threads that live and to those to come; each knows what it is given by."""
    called = counting(_references_to_a_temporary(sys.setprofile))
    threading.setprofile(called)
    if sys.version_info >= (3, 12):
        threading.setprofile_all_threads(called)
    else:
        _profile_natively(counting(_references_to_a_temporary(_profile_natively)))


def _references_to_a_temporary(give: Callable[[Any], None]) -> int:
    """Return how many references a profile function, given so, sees to a method that was bound for it alone."""
    seen: list[int] = []

    def called(_frame: FrameType, event: str, argument: object) -> None:
        if event == "c_call" and getattr(argument, "__name__", "") == "append":
            seen.append(sys.getrefcount(argument))

    kept: list[None] = []
    give(called)
    kept.append(None)
    give(None)
    return seen[0]


def _stack(frame: FrameType | None) -> Iterator[Frame]:
    while frame is not None:
        yield Frame(frame.f_code.co_name, frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back


def _stack_key(frame: FrameType | None) -> Iterator[CodeType | int]:
    while frame is not None:
        yield frame.f_code
        yield frame.f_lineno
        frame = frame.f_back


def _plain(seen: _Counted, spec: TargetSpec) -> dict[str, Any]:
    sites: defaultdict[Frame, _Tally] = defaultdict(_Tally)
    stages: defaultdict[str, _Tally] = defaultdict(_Tally)
    for (site, stage), tally in seen.places.items():
        if site.file == __file__:
            continue  # the marks
        sites[site].add(tally.calls, tally.size_bytes)
        stages[stage].add(tally.calls, tally.size_bytes)
    most = sorted(sites.items(), key=lambda item: (-item[1].calls, item[0]))
    return {
        "retained_bytes": seen.retained_bytes,
        "peak_bytes": seen.peak_bytes,
        "sites": [
            [site.function, shorten(site.file, spec.roots), site.line, tally.calls, tally.size_bytes]
            for site, tally in most[:_MAX_SITES]
            if tally.calls > 0
        ],
        "stages": {stage: [tally.calls, tally.size_bytes] for stage, tally in stages.items() if stage},
    }
