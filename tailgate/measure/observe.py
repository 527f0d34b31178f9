"""What happened while operations ran: collections, context switches, page faults, each with its time.

An observing worker replays with `replay_observed`, which also keeps when each operation began, outside of its sample;
everything else is noted by the kernel (perf_event_open: it writes into a ring that is read between passes) or by
gc.callbacks into arrays that are made before. So an event and an operation are matched by the clock, and the samples
are those of the plain loop. docs/anatomy.md has the measured cost of observing.
"""

from __future__ import annotations

import ctypes
import gc
import json
import mmap
import os
import platform
import re
import resource
import struct
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tailgate.measure.clock import clock_ns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tailgate.benchmark import Operation, Workload

GC: Final = "gc"
SWITCHES: Final = "switches"
FAULTS: Final = "faults"
LABELS: Final = "labels"
SEGMENTS: Final = "segments"
EVERYTHING: Final = (GC, SWITCHES, FAULTS, LABELS)
"""What `WorkerSpec.observe` may name; the counters of the machine are always read."""

_MOST_COLLECTIONS: Final = 200_000
_RING_PAGES: Final = 128  # a power of two
_PERF_EVENT_OPEN: Final = {"x86_64": 298, "aarch64": 241}
_SOFTWARE, _PAGE_FAULTS, _DUMMY = 1, 2, 9
_SAMPLE_TIME: Final = 1 << 2
_SAMPLE_ID_ALL, _USE_CLOCKID, _CONTEXT_SWITCH, _EXCLUDE_KERNEL = 1 << 18, 1 << 25, 1 << 26, 1 << 5
_RECORD_SAMPLE, _RECORD_SWITCH, _RECORD_LOST = 9, 14, 2
_MISC_OUT, _MISC_PREEMPT = 1 << 13, 1 << 14
_HEAD_AT, _TAIL_AT = 1024, 1032
_CLOCK_MONOTONIC: Final = 1
_ATTRIBUTES: Final = struct.Struct("=IIQQQQQIIQQQQIiQIHH")
_HEADER: Final = struct.Struct("=IHH")
_TIME: Final = struct.Struct("=Q")


def replay_observed(
    operation: Operation,
    inputs: Sequence[Any],
    row: array[int],
    starts: array[int],
    start: int,
    stop: int,
    clock: Callable[[], int],
) -> None:
    """Time as `recorder.replay` does, and keep when each operation began; the store is outside of its sample."""
    for index in range(start, stop):
        item = inputs[index]
        began = clock()
        operation(item)
        row[index] = clock() - began
        starts[index] = began


class _Collections:
    """The collector's callback: begin, end and generation into preallocated arrays."""

    def __init__(self) -> None:
        self.began = array("q", bytes(8 * _MOST_COLLECTIONS))
        self.ended = array("q", bytes(8 * _MOST_COLLECTIONS))
        self.generations = array("b", bytes(_MOST_COLLECTIONS))
        self.count = 0

    def __call__(self, phase: str, info: Mapping[str, int]) -> None:
        now = clock_ns()
        at = self.count
        if at == _MOST_COLLECTIONS:
            return
        if phase == "start":
            self.began[at] = now
            self.generations[at] = info["generation"]
        else:
            self.ended[at] = now
            self.count = at + 1

    def triples(self) -> list[int]:
        """Return begin, end, generation of each collection, one after the other."""
        found: list[int] = []
        for at in range(self.count):
            found += (self.began[at], self.ended[at], self.generations[at])
        return found


class PerfRing:
    """One software event of this thread, written by the kernel into a ring; OSError where the kernel refuses."""

    def __init__(self, config: int, *, period: int, flags: int) -> None:
        number = _PERF_EVENT_OPEN.get(platform.machine())
        if number is None:
            raise OSError(f"no perf_event_open known for {platform.machine()}")
        flags |= _SAMPLE_ID_ALL | _USE_CLOCKID | _EXCLUDE_KERNEL
        given = (_SOFTWARE, _ATTRIBUTES.size, config, period, _SAMPLE_TIME, 0, flags)
        attributes = _ATTRIBUTES.pack(*given, 0, 0, 0, 0, 0, 0, 0, _CLOCK_MONOTONIC, 0, 0, 0, 0)
        libc = ctypes.CDLL(None, use_errno=True)
        self._fd = libc.syscall(number, attributes, 0, -1, -1, ctypes.c_ulong(0))
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        self._size = _RING_PAGES * mmap.PAGESIZE
        try:
            self._map = mmap.mmap(self._fd, mmap.PAGESIZE + self._size)
        except OSError:
            os.close(self._fd)
            raise
        self.lost = 0

    def drain(self) -> list[tuple[int, int, int]]:
        """Return (record type, its flags, time in ns) of what was written since the last call."""
        (head,) = _TIME.unpack_from(self._map, _HEAD_AT)
        (tail,) = _TIME.unpack_from(self._map, _TAIL_AT)
        data = self._between(tail, head)
        _TIME.pack_into(self._map, _TAIL_AT, head)
        found, at = [], 0
        while at < len(data):
            kind, misc, size = _HEADER.unpack_from(data, at)
            if kind == _RECORD_LOST:
                self.lost += _TIME.unpack_from(data, at + 16)[0]
            else:
                found.append((kind, misc, _TIME.unpack_from(data, at + size - _TIME.size)[0]))
            at += size
        return found

    def _between(self, tail: int, head: int) -> bytes:
        first, last = (mmap.PAGESIZE + each % self._size for each in (tail, head))
        if head == tail:
            return b""
        if first < last:
            return self._map[first:last]
        return self._map[first:] + self._map[mmap.PAGESIZE : last]

    def close(self) -> None:
        """Stop the event."""
        self._map.close()
        os.close(self._fd)


class Observer:
    """Notes what `names` say, pass by pass; what the machine refuses stands in `notes`."""

    def __init__(self, names: Sequence[str], cpu: int | None) -> None:
        self.names = names
        self._cpu = cpu
        self.notes: list[str] = []
        self._collections = _Collections() if GC in names else None
        self._switches = self._ring(SWITCHES, _DUMMY, period=0, flags=_CONTEXT_SWITCH)
        self._faults = self._ring(FAULTS, _PAGE_FAULTS, period=1, flags=0)
        self.starts = array("q")
        self._passes: list[array[int]] = []
        self._switch_triples: list[int] = []
        self._segments: list[int] = []
        self._count_segments = SWITCHES in names and self._switches is None
        if self._count_segments:
            self.notes.append("a switch is put on the longest delay of the segment in which the kernel counted it")
        self._fault_times: list[int] = []
        self._counters: dict[str, int] = {}
        self._before: dict[str, int] = {}

    def _ring(self, name: str, config: int, *, period: int, flags: int) -> PerfRing | None:
        if name not in self.names:
            return None
        try:
            return PerfRing(config, period=period, flags=flags)
        except OSError as error:
            self.notes.append(f"{name} cannot be matched to operations: perf_event_open: {error.strerror or error}")
            return None

    def begin(self, operations: int, *, kept: bool) -> None:
        """Begin a pass; one that is not kept (the cold one, the warm-up) is replayed alike and forgotten."""
        self.starts = array("q", bytes(8 * operations))
        self._kept = kept
        self._drain(keep=False)
        if kept:
            self._passes.append(self.starts)
            self._before = machine_counters(self._cpu)
            if self._collections is not None:
                gc.callbacks.append(self._collections)

    def replay(self, operation: Operation, inputs: Sequence[Any], row: array[int], start: int, stop: int) -> None:
        """Replay a segment of the pass; where switches cannot be timed, count them in it."""
        before = _involuntary() if self._count_segments else 0
        replay_observed(operation, inputs, row, self.starts, start, stop, clock_ns)
        if self._count_segments and self._kept and (count := _involuntary() - before):
            self._segments += (len(self._passes) - 1, start, stop, count)

    def end(self) -> None:
        """End a pass."""
        if not self._kept:
            return
        if self._collections is not None:
            gc.callbacks.remove(self._collections)
        for key, value in machine_counters(self._cpu).items():
            self._counters[key] = self._counters.get(key, 0) + value - self._before[key]
        self._drain(keep=True)

    def _drain(self, *, keep: bool) -> None:
        if self._switches is not None:
            records = self._switches.drain()
            if keep:
                self._switch_triples += switch_triples(records)
        if self._faults is not None:
            records = self._faults.drain()
            if keep:
                self._fault_times += [time_ns for kind, _, time_ns in records if kind == _RECORD_SAMPLE]

    def write(self, path: str, workload: Workload, operations: int) -> None:
        """Write `path`.starts (int64, passes x operations) and `path`.observed (JSON)."""
        lost = sum(ring.lost for ring in (self._switches, self._faults) if ring is not None)
        if lost:
            self.notes.append(f"the kernel lost {lost} events: its ring was full")
        if self._collections is not None and self._collections.count == _MOST_COLLECTIONS:
            self.notes.append(
                f"collections behind the {_MOST_COLLECTIONS:,}th are not recorded: there was no room for more"
            )
        for ring in (self._switches, self._faults):
            if ring is not None:
                ring.close()
        with Path(f"{path}.starts").open("wb") as out:
            for starts in self._passes:
                starts[:operations].tofile(out)
        labels = workload.labels if LABELS in self.names else None
        plain = {
            GC: None if self._collections is None else self._collections.triples(),
            SWITCHES: None if self._switches is None else self._switch_triples,
            SEGMENTS: self._segments if self._count_segments else None,
            FAULTS: None if self._faults is None else self._fault_times,
            LABELS: None if labels is None else [dict(labels(index)) for index in range(operations)],
            "counters": self._counters,
            "notes": self.notes,
        }
        Path(f"{path}.observed").write_text(json.dumps(plain), encoding="utf-8")


def _involuntary() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw


def switch_triples(records: Sequence[tuple[int, int, int]]) -> list[int]:
    """Return (out, in, whether it was preempted) of each absence from the CPU, one by one, from its records."""
    found: list[int] = []
    out: tuple[int, int] | None = None
    for kind, misc, time_ns in records:
        if kind != _RECORD_SWITCH:
            continue
        if misc & _MISC_OUT:
            out = time_ns, int(bool(misc & _MISC_PREEMPT))
        elif out is not None:
            found += (out[0], time_ns, out[1])
            out = None
    return found


_TIMER: Final = re.compile(r"^\s*LOC:((?:\s+\d+)+)", re.MULTILINE)
_COLUMNS: Final = re.compile(r"\bCPU(\d+)")  # /proc/interrupts has one for each CPU that is online, and no other


def machine_counters(
    cpu: int | None, interrupts: Path = Path("/proc/interrupts"), stat: Path = Path("/proc/stat")
) -> dict[str, int]:
    """Read what the machine counts: timer interrupts and stolen ns of a CPU (of all, where unpinned), our switches."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    found = {"time_ns": clock_ns(), "involuntary_switches": usage.ru_nivcsw, "page_faults": usage.ru_minflt}
    try:
        table = interrupts.read_text(encoding="ascii", errors="replace")
        match = _TIMER.search(table)
        if match is not None and cpu is not None:
            online = _COLUMNS.findall(table.partition("\n")[0])
            found["timer_interrupts"] = int(match[1].split()[online.index(str(cpu))])
        name = "cpu" if cpu is None else f"cpu{cpu}"
        line = next(each for each in stat.read_text(encoding="ascii").splitlines() if each.split()[0] == name)
        found["stolen_ns"] = int(line.split()[8]) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")
    except (OSError, StopIteration, IndexError, ValueError):
        pass  # not Linux, or a container that hides them: these causes stay unknown
    return found
