"""What the coordinator and a worker say to each other, over two pipes: one page, docs/lockstep.md, tells the story.

A worker carries one job or many, each a benchmark. A command is 19 bytes: a code, the number of a job and two integers.
A reply is a status, an integer and a payload. The worker answers every command with exactly one reply, in order, so the
coordinator always knows whose turn it is; end of file on either pipe means that the other side is gone.
"""

from __future__ import annotations

import json
import os
import select
import struct
import time
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from typing import Any, Final

_COMMAND: Final = struct.Struct("<BHqq")
_REPLY: Final = struct.Struct("<BqI")
_LENGTH: Final = struct.Struct("<I")


LEAVES: Final = -1
"""The integer of a reply after which the whole process leaves; what failed is then no single job."""


class Command(IntEnum):
    """What a worker is to do with one of its jobs; a and b are the command's two integers."""

    BEGIN = 1  # build fresh state for a pass
    SEGMENT = 2  # replay operations [a, b): the job's turn
    END = 3  # the pass is over after operation a
    CHECK = 4  # replay [0, a) untimed, reply with the digest of the answers and the subject's origin
    START = 5  # keep what comes from here: a operations, b passes after one to warm up
    EXPLAIN = 6  # replay [0, a] untimed, reply with input and answer of operation a
    QUIT = 7
    PREPARE = 8  # build the tape
    READY = 9  # everything is prepared: go to the measured CPU, reply with what the process is like
    KEEP = 10  # write the samples
    DROP = 11  # the job is over, however far it came


class Status(IntEnum):
    """How a worker's reply is meant."""

    OK = 0
    FAILED = 1  # the payload is the error
    UNAVAILABLE = 2  # the payload says what is missing
    HINDERED = 3  # the payload is an error of the machine: a CPU, memory or a file that is not to be had
    RAISED = 4  # the payload is what an operation raised, and which one it was


@dataclass(frozen=True, slots=True)
class Injection:
    """A known slowdown, built into a worker: how the instrument is proved to see. kind as in measure/inject.py."""

    kind: str = ""
    spins: int = 0
    every: int = 1


@dataclass(frozen=True, slots=True)
class Job:
    """One benchmark in a worker.

    samples: the file that gets the raw samples, int64, passes x operations. record: the file that gets the pyperf JSON,
    or none. gc: as GC_AXIS has it. batch: so many operations are timed together.
    """

    benchmark: str
    samples: str
    record: str = ""
    gc: str = "on"
    injection: Injection = field(default_factory=Injection)
    batch: int = 1


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """Everything a worker needs to know before it prepares."""

    module: str
    settings: dict[str, Any]
    cpu: int | None
    jobs: tuple[Job, ...]
    discard: int = 0  # operations after each switch that are kept out of the percentiles
    gauge: bool = True  # measure what the harness, the clock and an injected delay cost here
    roots: tuple[str, ...] = ()  # where a revision's subject lies
    replaced: tuple[str, ...] = ()  # where it must not come from: the same files of the working tree
    observe: tuple[str, ...] = ()  # what happens in an operation that is noted beside it, see measure/observe.py

    def to_json(self) -> str:
        """Return the spec as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> WorkerSpec:
        """Read what `to_json` wrote."""
        plain = json.loads(text)
        plain["jobs"] = tuple(Job(**each | {"injection": Injection(**each["injection"])}) for each in plain["jobs"])
        for name in ("roots", "replaced", "observe"):
            plain[name] = tuple(plain[name])
        return cls(**plain)


@dataclass(frozen=True, slots=True)
class Reply:
    """A worker's answer."""

    status: Status
    value: int
    payload: bytes

    def json(self) -> Any:
        """Read the payload as JSON."""
        return json.loads(self.payload)


class GoneError(Exception):
    """The other end of a pipe is closed."""


class HungError(Exception):
    """No reply within the limit."""


class WorkerEnd:
    """The worker's end: blocking reads, because the worker has nothing else to do while it is the turn of others."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd = read_fd
        self._write_fd = write_fd

    def receive_spec(self) -> WorkerSpec:
        """Read the spec, which comes before any command."""
        (length,) = _LENGTH.unpack(_read_exactly(self._read_fd, _LENGTH.size))
        return WorkerSpec.from_json(_read_exactly(self._read_fd, length).decode())

    def receive(self) -> tuple[Command, int, int, int]:
        """Wait for the next command: code, job, a, b."""
        code, job, a, b = _COMMAND.unpack(_read_exactly(self._read_fd, _COMMAND.size))
        return Command(code), job, a, b

    def reply(self, value: int = 0, payload: object = None, status: Status = Status.OK) -> None:
        """Answer the command; a payload that is not None travels as JSON."""
        body = b"" if payload is None else json.dumps(payload).encode()
        _write_all(self._write_fd, _REPLY.pack(status, value, len(body)) + body)


class CoordinatorEnd:
    """The coordinator's end: every wait has a limit."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd = read_fd
        self._write_fd = write_fd

    def send_spec(self, spec: WorkerSpec) -> None:
        """Send the spec, once, first."""
        body = spec.to_json().encode()
        _write_all(self._write_fd, _LENGTH.pack(len(body)) + body)

    def send(self, command: Command, job: int = 0, a: int = 0, b: int = 0) -> None:
        """Send the worker its next command."""
        _write_all(self._write_fd, _COMMAND.pack(command, job, a, b))

    def receive(self, limit_s: float) -> Reply:
        """Wait for the reply; GoneError when the worker is dead, HungError when it is silent for too long."""
        deadline = time.monotonic() + limit_s
        status, value, length = _REPLY.unpack(_read_exactly(self._read_fd, _REPLY.size, deadline))
        return Reply(Status(status), value, _read_exactly(self._read_fd, length, deadline))

    def close(self) -> None:
        """Close both pipes; the worker sees the end of file and leaves."""
        os.close(self._read_fd)
        os.close(self._write_fd)


def _read_exactly(fd: int, length: int, deadline: float | None = None) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        if deadline is not None and not select.select([fd], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise HungError
        part = os.read(fd, length - len(parts))
        if not part:
            raise GoneError
        parts += part
    return bytes(parts)


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(fd, view) :]
        except BrokenPipeError:
            raise GoneError from None
