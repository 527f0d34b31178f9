"""Reads HTTP/1.1 answers from the bytes of a connection, one after the other, without doing any input or output."""

from __future__ import annotations

from typing import Final

from implementations.gateway._requests import Reply

MAX_HEAD_BYTES: Final = 64 * 1024
MAX_BODY_BYTES: Final = 16 * 1024 * 1024
_NO_BODY: Final = frozenset({204, 304})
_HEX: Final = frozenset(b"0123456789abcdefABCDEF")


class BadReplyError(Exception):
    """Bytes that are no HTTP/1.1 answer, or one that cannot be told from the next: the connection is of no more use."""


class ReplyReader:
    """Feed it what was received; it returns the answer once that is whole.

    Law: however the bytes are cut, the answers are the same. The body ends by Content-Length or by chunks; one with
    neither would end with the connection, which a kept one cannot allow: BadReplyError, as for both at once, two
    lengths that differ, a line that is no header, and a head or body beyond the limits. Answers 1xx are passed over.
    `keep` says after an answer whether the connection may be used again; `rest` is true when bytes are left over,
    which nobody asked for.
    """

    __slots__ = ("_buffer", "_head", "_start", "keep")

    def __init__(self) -> None:
        self.keep = True
        self._buffer = bytearray()
        self._head: tuple[int, float, int] | None = None  # status, reset, length of the body or -1 for chunks
        self._start = 0  # where the body begins

    @property
    def rest(self) -> bool:
        """Return whether there are bytes beyond the last answer."""
        return bool(self._buffer)

    def feed(self, received: bytes) -> Reply | None:
        """Take bytes; return the answer that they complete, or None."""
        buffer = self._buffer
        buffer += received
        while self._head is None:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(buffer) > MAX_HEAD_BYTES:
                    raise BadReplyError(f"a head of more than {MAX_HEAD_BYTES} bytes")
                return None
            head = self._read_head(bytes(buffer[:end]))
            if head is None:
                del buffer[: end + 4]
            else:
                self._head, self._start = head, end + 4
        return self._read_body()

    def _read_body(self) -> Reply | None:
        assert self._head is not None  # noqa: S101  `feed` has set it
        status, reset, length = self._head
        if length < 0:
            body, end = self._chunks()
        else:
            end = self._start + length
            body = bytes(self._buffer[self._start : end]) if end <= len(self._buffer) else None
        if body is None:
            return None
        del self._buffer[:end]
        self._head = None
        return Reply(status, body, reset)

    def _read_head(self, head: bytes) -> tuple[int, float, int] | None:
        """Return status, reset and length of the body; None for an answer that only announces another one."""
        line, _, lines = head.partition(b"\r\n")
        if line[:9] not in {b"HTTP/1.1 ", b"HTTP/1.0 "} or not line[9:12].isdigit() or line[12:13] not in {b"", b" "}:
            raise BadReplyError(f"no status line: {line[:40]!r}")
        status = int(line[9:12])
        self.keep = line[7:8] == b"1"
        length, chunked, reset = -1, False, 0.0
        for name, value in map(_header, lines.split(b"\r\n") if lines else ()):
            if name == b"content-length":
                length = _length(value, length)
            elif name == b"transfer-encoding":
                chunked = _chunked(value)
            elif name == b"connection":
                self.keep = self.keep and value.lower() != b"close"
            elif name == b"x-ratelimit-reset":
                reset = float(value) if value.isdigit() else 0.0
        if 100 <= status < 200:
            return None
        if status in _NO_BODY:
            return status, reset, 0
        if chunked == (length >= 0):
            raise BadReplyError("an answer whose end cannot be known")
        return status, reset, length

    def _chunks(self) -> tuple[bytes | None, int]:
        """Return the body put together of its chunks and where it ends, or None while it is not whole."""
        buffer, at, total = self._buffer, self._start, 0
        parts: list[bytes] = []
        while True:
            end = buffer.find(b"\r\n", at)
            if end < 0:
                return None, 0
            size = _chunk_size(bytes(buffer[at:end]))
            total += size
            if total > MAX_BODY_BYTES:
                raise BadReplyError(f"a body of more than {MAX_BODY_BYTES} bytes")
            at = end + 2
            if size == 0:
                return self._trailer(at, parts)
            if len(buffer) < at + size + 2:
                return None, 0
            if buffer[at + size : at + size + 2] != b"\r\n":
                raise BadReplyError("a chunk that is longer than it says")
            parts.append(bytes(buffer[at : at + size]))
            at += size + 2

    def _trailer(self, at: int, parts: list[bytes]) -> tuple[bytes | None, int]:
        """Pass over the lines after the last chunk, up to the empty one."""
        while True:
            end = self._buffer.find(b"\r\n", at)
            if end < 0:
                return None, 0
            if end == at:
                return b"".join(parts), end + 2
            at = end + 2


def _header(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if not colon or not name or name != name.strip():
        raise BadReplyError(f"no header: {line[:40]!r}")
    return name.lower(), value.strip()


def _length(value: bytes, before: int) -> int:
    if not value.isdigit() or (before >= 0 and int(value) != before) or int(value) > MAX_BODY_BYTES:
        raise BadReplyError(f"Content-Length {value[:40]!r}")
    return int(value)


def _chunked(value: bytes) -> bool:
    if value.lower() != b"chunked":
        raise BadReplyError(f"Transfer-Encoding {value[:40]!r}")
    return True


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    if not digits or len(digits) > 8 or not _HEX.issuperset(digits):
        raise BadReplyError(f"no size of a chunk: {line[:40]!r}")
    return int(digits, 16)
