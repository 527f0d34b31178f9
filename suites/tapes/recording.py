"""A recording of a feed: one line a frame or event, JSON, packed as zstd frames that each stand alone.

    {"received":1764325800123456789,"frame":[{"T":"q",...}]}        a text frame: its own bytes up to the last `}`
    {"received":1764325800123456789,"msgpack":"kYOhVKF0..."}        a binary frame, base64
    {"received":1764325800123456789,"bytes":"W3siVCI6..."}          a text frame that fits in no line, base64
    {"received":1764325800123456789,"event":"gap","reason":"..."}   what happened to the connection

`received` is in ns since the epoch and begins every line. A file begins with the event `recording`. The rest is in
docs/tapes.md.
"""

from __future__ import annotations

import json
import sys
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from implementations.feed._encodings import JSON_CONTROL, MSGPACK_CONTROL
from suites.tapes.frames import Rfc3339
from suites.tapes.tape import DIGEST_BYTES

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FORMAT: Final = 1
SUFFIX: Final = ".jsonl.zst"
Kind: TypeAlias = Literal["frame", "msgpack", "bytes", "event"]

_HEAD: Final = b'{"received":'
_FRAME: Final = b',"frame":'
_CHUNK_BYTES: Final = 1 << 18
_FIRST: Final = b',"event":"recording","format":'


@dataclass(frozen=True, slots=True)
class Record:
    """One line: when it was received, and a frame's own bytes, or the facts of an event as JSON."""

    received_ns: int
    kind: Kind
    payload: bytes

    @property
    def data(self) -> bool:
        """Say whether it is a frame of market data, neither an event nor the protocol's own."""
        control = MSGPACK_CONTROL if self.kind == "msgpack" else JSON_CONTROL
        return self.kind != "event" and not self.payload.startswith(control)

    def json_frame(self) -> bytes:
        """Return a frame as JSON text, whatever its encoding on the wire; ValueError where it is none."""
        return json_of(self.payload) if self.kind == "msgpack" else self.payload

    def event(self) -> dict[str, Any]:
        """Return the facts of an event: its name under `event`."""
        facts: dict[str, Any] = json.loads(self.payload)
        return facts


def frame_line(received_ns: int, frame: bytes) -> bytes:
    """Write a text frame; one that is no array on one line of ASCII goes as base64."""
    if frame[:1] == b"[" and b"\n" not in frame and frame.isascii():
        return b'{"received":%d,"frame":%b}\n' % (received_ns, frame)
    return _packed_line(received_ns, "bytes", frame)


def msgpack_line(received_ns: int, frame: bytes) -> bytes:
    """Write a binary frame."""
    return _packed_line(received_ns, "msgpack", frame)


def event_line(received_ns: int, event: str, **facts: object) -> bytes:
    """Write an event of the connection or of the recorder."""
    return json.dumps({"received": received_ns, "event": event, **facts}, separators=(",", ":")).encode() + b"\n"


def pack(lines: bytes) -> bytes:
    """Return lines as one zstd frame, with a checksum."""
    return zstd.compress(lines, options={int(zstd.CompressionParameter.checksum_flag): 1})


def is_recording(first_line: bytes) -> bool:
    """Tell by the first line of a file, uncompressed, whether it is a recording."""
    return first_line.startswith(_HEAD) and _FIRST in first_line[:64]


def parse(line: bytes) -> Record:
    """Read one line; ValueError where it is none of a recording's."""
    if not line.startswith(_HEAD):
        raise ValueError("expected a line that begins with the receive time")
    comma = line.index(b",")
    received_ns = int(line[len(_HEAD) : comma])
    if line.startswith(_FRAME, comma):
        end = line.rindex(b"}")
        return Record(received_ns, "frame", line[comma + len(_FRAME) : end])
    facts = json.loads(line)
    if "event" in facts:
        return Record(received_ns, "event", line)
    for kind in ("msgpack", "bytes"):
        if kind in facts:
            return Record(received_ns, kind, b64decode(facts[kind], validate=True))
    raise ValueError("expected a frame or an event beside the receive time")


def read(path: Path) -> Iterator[Record]:
    """Yield what a file holds, up to where a recorder that was killed left off; ValueError where it is damaged."""
    rest = b""
    for text in _unpacked(path):
        lines = (rest + text).split(b"\n")
        rest = lines.pop()
        yield from map(parse, lines)


class FramesDigest:
    """BLAKE2b over the length (8 bytes, little-endian) and the bytes of every frame, whenever they came."""

    def __init__(self) -> None:
        self.frames = 0
        self._digest = blake2b(digest_size=DIGEST_BYTES)

    def add(self, frame: bytes) -> None:
        """Take the next frame."""
        self.frames += 1
        self._digest.update(len(frame).to_bytes(8, "little") + frame)

    def hex(self) -> str:
        """Return the digest of the frames so far."""
        return self._digest.hexdigest()


def json_of(payload: bytes) -> bytes:
    """Return a msgpack frame as the JSON frame that says the same: keys in their order, times as RFC 3339."""
    import msgpack  # type: ignore[import-untyped]  # noqa: PLC0415  needed for binary frames alone; it ships no types

    write = Rfc3339().write
    try:
        frame = msgpack.unpackb(payload)
        text = json.dumps(frame, separators=(",", ":"), ensure_ascii=False, default=lambda time: write(_epoch_ns(time)))
    except (msgpack.UnpackException, ValueError, AttributeError, TypeError) as error:
        raise ValueError(f"expected a frame in msgpack; {error}") from error
    return text.encode()


def _epoch_ns(time: Any) -> int:
    return int(time.seconds) * 1_000_000_000 + int(time.nanoseconds)


def _packed_line(received_ns: int, kind: str, frame: bytes) -> bytes:
    return b'{"received":%d,"%b":"%b"}\n' % (received_ns, kind.encode(), b64encode(frame))


def _unpacked(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        rest = b""
        while data := rest or file.read(_CHUNK_BYTES):
            member = zstd.ZstdDecompressor()
            for piece in chain((data,), iter(lambda: file.read(_CHUNK_BYTES), b"")):
                try:
                    yield member.decompress(piece)
                except zstd.ZstdError as error:
                    raise ValueError(f"{path.name} is damaged before byte {file.tell():,}: {error}") from error
                if member.eof:
                    break
            rest = member.unused_data
