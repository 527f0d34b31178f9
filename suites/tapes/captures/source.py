"""Reads a capture's bytes, plain, gzip or zstd, in memory that does not grow with it; counts what its end lacks."""

from __future__ import annotations

import io
import os
import zlib
from dataclasses import dataclass, field
from operator import length_hint
from typing import TYPE_CHECKING, Any, Final, cast

from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator
    from pathlib import Path

HOW_TO_GET_ONE: Final = "python scripts/download_captures.py --list   names public captures that can be downloaded"
HEAD_BYTES: Final = 1 << 20
"""As much is looked at to recognise a format."""

MOST_LINE_BYTES: Final = 64 << 20
"""A longer line is no message of any venue: the longest snapshot known, 5,000 levels a side, has 0.4 MB."""

_CHUNK_BYTES: Final = 1 << 18
_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_BOM: Final = b"\xef\xbb\xbf"
_GZIP_WINDOW: Final = 31


@dataclass(slots=True)
class Source:
    """One file of a capture, and how far it was read.

    `line` (or record, or row: `unit`) and `offset`, in the uncompressed file, are of what was given last; `read_bytes`
    counts the packed file. `lost` counts what an unfinished end leaves out.
    """

    path: Path
    lost: Counter[tuple[str, str]]
    line: int = 0
    offset: int = 0
    read_bytes: int = 0
    cut: str = field(default="", init=False)
    unit: str = "line"
    _block: list[bytes] = field(default_factory=list, init=False)
    _walked: Iterator[Any] | None = field(default=None, init=False)

    def where(self) -> str:
        """Name the place that was read last."""
        index = self.index()
        offset = self.offset + sum(map(len, self._block[:index])) + index
        return f"{self.path.name}, {self.unit} {self.line + index}, byte {offset}"

    def fault(self, why: str, where: str = "") -> TailgateError:
        """Return the error of a place, of the one read last unless another is named."""
        return TailgateError(
            f"{where or self.where()}: {why}",
            hint="--to ends before this place, --on-gap resync goes on behind a gap; fetch a damaged copy again",
        )

    def head(self) -> bytes:
        """Read the beginning, uncompressed."""
        parts, size = [], 0
        for chunk in self.chunks():
            parts.append(chunk)
            size += len(chunk)
            if size >= HEAD_BYTES:
                break
        return b"".join(parts)[:HEAD_BYTES]

    def lines(self) -> Iterator[bytes]:
        """Yield the lines that are not blank, without their ends; a last one that no line feed ends comes too."""
        for block in self.blocks():
            yield from self.walk(block)

    def blocks(self) -> Iterator[list[bytes]]:
        """Yield the lines as they are unpacked, some at a time, blank ones too; a last one without an end comes alone.

        `line` and `offset` are those of the first, until `walk` or `follow` says which one it is.
        """
        line, at, rest = 1, 0, b""
        for chunk in self.chunks():
            block = (rest + chunk).split(b"\n")
            rest = block.pop()
            if block:
                self._begin(line, at, block)
                yield block
                line, at = line + len(block), at + sum(map(len, block)) + len(block)
            if len(rest) > MOST_LINE_BYTES:
                self._begin(line, at, [])
                raise self.fault(f"expected a line feed within {MOST_LINE_BYTES:,} bytes")
        self._begin(line, at, [])
        if text := rest.strip():
            self.cut = self.cut or "no line feed"
            yield [text]
        self.cut = ""

    def _begin(self, line: int, offset: int, block: list[bytes]) -> None:
        self.line, self.offset, self._block, self._walked = line, offset, block, None

    def walk(self, block: list[bytes]) -> Iterator[bytes]:
        """Yield those lines of a block that are not blank, and stand at each."""
        line, at = self.line, self.offset
        for number, text in enumerate(block, line):
            self.line, self.offset = number, at
            at += len(text) + 1
            if text and text != b"\r":
                yield text

    def follow(self, walked: Iterator[Any]) -> None:
        """Stand in a block where an iterator stands that has as many items: nothing is done for each of them."""
        self._walked = walked

    def index(self) -> int:
        """Return where in a block the iterator stands that is followed: which item it gave last."""
        return 0 if self._walked is None else max(0, len(self._block) - length_hint(self._walked) - 1)

    def chunks(self) -> Iterator[bytes]:
        """Yield the uncompressed bytes, without a byte order mark."""
        first = True
        for chunk in self._unpacked():
            yield chunk.removeprefix(_BOM) if first else chunk
            first = False

    def binary(self) -> io.BufferedReader:
        """Open the uncompressed bytes as a file, for a library that reads its own format."""
        return io.BufferedReader(cast("io.RawIOBase", _Raw(self.chunks())), _CHUNK_BYTES)

    def _unpacked(self) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as file:
                begin = file.peek(len(_ZSTD))
                if begin.startswith(_GZIP):
                    yield from self._members(file, "gzip")
                elif begin.startswith(_ZSTD):
                    yield from self._members(file, "zstd")
                else:
                    while data := self._read(file):
                        yield data
        except OSError as error:
            raise TailgateError(
                f"the capture {self.path} cannot be read: {error.strerror or error}", hint=HOW_TO_GET_ONE
            ) from error

    def _read(self, file: io.BufferedReader) -> bytes:
        data = file.read(_CHUNK_BYTES)
        self.read_bytes += len(data)
        return data

    def _members(self, file: io.BufferedReader, kind: str) -> Iterator[bytes]:
        """Unpack one member behind the other; of an unfinished one, what there is."""
        make, errors = unpacker(kind)
        while data := self._read(file):
            member = make()
            try:
                while True:
                    if text := member.decompress(data, _CHUNK_BYTES):
                        yield text
                    if member.eof:
                        break
                    # zlib hands back what it had no room for, zstd keeps it
                    data = getattr(member, "unconsumed_tail", b"")
                    if not data and getattr(member, "needs_input", True) and not (data := self._read(file)):
                        self.cut = f"an unfinished {kind} member"
                        self.lost[f"end of a file: its last {kind} member is unfinished", self.path.name] += 1
                        return
            except errors as error:
                raise TailgateError(
                    f"{self.path.name}, before byte {self.read_bytes} of the packed file: the {kind} stream is broken"
                    f" ({error})",
                    hint=f"fetch the capture again and compare its SHA-256; {HOW_TO_GET_ONE}",
                ) from error
            unused = member.unused_data.lstrip(b"\0") if kind == "gzip" else member.unused_data
            if unused:
                file.seek(-len(unused), os.SEEK_CUR)
                self.read_bytes -= len(unused)


class _Raw(io.RawIOBase):
    """Chunks as a raw file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = next(self._chunks, b"")
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def unpacker(kind: str) -> tuple[Any, tuple[type[Exception], ...]]:
    """Return what makes a decompressor of a kind, and what it raises; TailgateError where zstd has no library."""
    if kind == "gzip":
        return (lambda: zlib.decompressobj(_GZIP_WINDOW)), (zlib.error,)
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415  from 3.14 on
    except ImportError:
        try:
            from backports import zstd  # noqa: PLC0415  an optional package: named when it is needed
        except ImportError as error:
            raise TailgateError(
                "the capture is packed by zstd, which this Python cannot read",
                hint="python -m pip install backports.zstd",
            ) from error
    return zstd.ZstdDecompressor, (zstd.ZstdError,)
