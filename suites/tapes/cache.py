"""Keeps finished tapes on disk, one file a tape, so that a worker process loads one in milliseconds.

A file is one line of JSON (schema, name, digest, number of frames), then the times and the lengths as little-endian
64-bit integers, then the frames one behind the other. The digest is computed anew at every load: a file that was
damaged, cut short or written by another schema is no tape, and is made again.
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from suites.tapes.tape import Tape, digest_of_bytes, from_little_endian, little_endian
from tailgate.errors import TailgateError

_SCHEMA: Final = 1
_INTEGER_BYTES: Final = 8


def load(folder: Path, key: str) -> Tape | None:
    """Load the tape of a key, or None where there is none that is whole."""
    try:
        raw = _path(folder, key).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(folder, error) from error
    try:
        return _parse(raw)
    except (ValueError, KeyError, TypeError):
        return None


def save(folder: Path, key: str, tape: Tape) -> Path:
    """Write a tape under its key: whole or not at all, also where several processes write it at once."""
    header = {"schema": _SCHEMA, "name": tape.name, "digest": tape.digest, "frames": len(tape.frames)}
    path = _path(folder, key)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=folder, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(json.dumps(header).encode() + b"\n")
                file.write(little_endian(tape.times_ns))
                file.writelines(len(frame).to_bytes(_INTEGER_BYTES, "little") for frame in tape.frames)
                file.writelines(tape.frames)
            Path(draft).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(draft).unlink()
            raise
    except OSError as error:
        raise _unusable(folder, error) from error
    return path


def _path(folder: Path, key: str) -> Path:
    return folder / f"{key}.tape"


def _parse(raw: bytes) -> Tape | None:
    head = raw.index(b"\n") + 1
    header = json.loads(raw[:head])
    if header["schema"] != _SCHEMA:
        return None
    column = int(header["frames"]) * _INTEGER_BYTES
    view = memoryview(raw)
    if digest_of_bytes(header["frames"], view[head:]) != header["digest"]:
        return None
    frames: list[bytes] = []
    at = head + 2 * column
    for length in from_little_endian(view[head + column : at]):
        frames.append(raw[at : at + length])
        at += length
    return Tape(header["name"], frames, from_little_endian(view[head : head + column]), header["digest"])


def _unusable(folder: Path, error: OSError) -> TailgateError:
    return TailgateError(
        f"the folder for tapes, {folder}, cannot be used: {error.strerror}",
        hint="give a folder that can be written, or remove what is in its place",
    )
