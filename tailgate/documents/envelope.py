"""One form for every result file: an envelope (kind, schema number, when, by which version), and the document in it.

A kind of document is a frozen, slotted dataclass under `@document`. `save` writes it, `load` reads it back as that
type; an older schema is brought up to date by plain functions, one a step. What cannot be read is one line that names
the file, what is wrong and the next command. docs/documents.md says why msgspec reads and writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from tailgate.errors import TailgateError
from tailgate.files import replacing

if TYPE_CHECKING:
    from pathlib import Path

D = TypeVar("D")
Migration = Callable[[Any], Any]

_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

BEFORE: Final = 1
"""The schema of a file that was written before envelopes: its kind is known by what it holds."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a file says of itself. when: in UTC; tailgate: the version that wrote it, empty where it is not known."""

    kind: str
    schema: int
    when: datetime
    tailgate: str


@dataclass(frozen=True, slots=True)
class _Letter(Envelope):
    document: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Kind:
    """How documents of one kind are recognised, read and made.

    title: with its article, for messages. made_by: the command that makes one. migrations: from a schema to the next,
    plain data to plain data. bare: recognises the whole content of a file without an envelope, which is schema BEFORE.
    """

    name: str
    schema: int
    type: type
    title: str
    made_by: str
    migrations: Mapping[int, Migration] = field(default_factory=dict)
    bare: Callable[[Any], bool] = lambda _: False


KINDS: Final[dict[str, Kind]] = {}
"""Every kind whose module was imported, by name."""

_KIND_OF: Final[dict[type, Kind]] = {}


def document(
    name: str,
    schema: int,
    *,
    title: str,
    made_by: str,
    migrations: Mapping[int, Migration] | None = None,
    bare: Callable[[Any], bool] = lambda _: False,
) -> Callable[[type[D]], type[D]]:
    """Register the dataclass below as a kind of document; the arguments are those of Kind."""

    def register(of: type[D]) -> type[D]:
        KINDS[name] = _KIND_OF[of] = Kind(name, schema, of, title, made_by, migrations or {}, bare)
        return of

    return register


def keys(*names: str) -> Callable[[Any], bool]:
    """Recognise a file without an envelope by what stands at its top."""
    return lambda plain: isinstance(plain, dict) and plain.keys() >= {*names}


def lines(key: str) -> Callable[[Any], bool]:
    """Recognise a file of lines of JSON without an envelope by what stands in the first."""
    return lambda plain: isinstance(plain, list) and isinstance(next(iter(plain), None), dict) and key in plain[0]


def encode(what: object, when: datetime | None = None) -> bytes:
    """Return a document in its envelope as JSON; `when` is now by default.

    JSON has no infinity and no NaN: a field that may be one is `float | None`, and None is what is read back. In a
    field that may not they are a ValueError, before anything is written. Scalars of numpy become Python's.
    """
    kind = _KIND_OF[type(what)]
    raw = msgspec.Raw(msgspec.json.encode(what, enc_hook=_scalar))
    try:
        msgspec.json.decode(raw, type=kind.type)
    except msgspec.ValidationError as error:
        raise ValueError(f"{kind.title} that could not be read again: {error}") from error
    letter = _Letter(kind.name, kind.schema, when or datetime.now(UTC), _own_version(), raw)
    return msgspec.json.format(msgspec.json.encode(letter), indent=1) + b"\n"


def save(path: Path, what: object, when: datetime | None = None) -> Path:
    """Write a document in its envelope, whole or not at all; return the path."""
    text = encode(what, when)
    with replacing(path) as temporary:
        temporary.write_bytes(text)
    return path


def load(path: Path, of: type[D]) -> D:
    """Read a document of that type back; TailgateError where the file is none, or none that can be read."""
    wanted = _KIND_OF[of]
    envelope, content = _opened(path, f"make it with: {wanted.made_by}")
    if envelope.kind != wanted.name:
        known = KINDS.get(envelope.kind)
        raise TailgateError(
            f"{path} is {known.title if known else f'of kind {envelope.kind!r}'}, not {wanted.title}",
            hint=f"name {wanted.title}; {wanted.made_by} makes one",
        )
    found: D = _read(path, envelope, content, wanted)
    return found


def read(path: Path) -> tuple[Envelope, Any]:
    """Read a file of any kind in KINDS: what it says of itself, and the document."""
    envelope, content = _opened(path)
    if envelope.kind not in KINDS:
        raise TailgateError(
            f"{path} is of kind {envelope.kind!r}, which is not known here",
            hint=f"read are: {', '.join(sorted(KINDS))}",
        )
    return envelope, _read(path, envelope, content, KINDS[envelope.kind])


def recognise(path: Path) -> Envelope:
    """Return what a file says of itself, without reading its document."""
    return _opened(path)[0]


def _scalar(value: Any) -> Any:
    """Return what a scalar of numpy holds; msgspec asks for what it does not know itself."""
    if hasattr(value, "dtype") and value.ndim == 0:
        return value.item()
    raise TypeError(f"{type(value).__name__} has no place in a document")


def _own_version() -> str:
    try:
        return version("tailgate")
    except PackageNotFoundError:  # imported from a checkout that was never installed
        return ""


def _opened(path: Path, missing: str = "run the command that writes it") -> tuple[Envelope, msgspec.Raw | Any]:
    """Return the envelope, and the document still as bytes; of a bare file all that it holds, as plain data."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise TailgateError(f"there is no {path}", hint=missing) from None
    except OSError as error:
        raise TailgateError(f"{path} cannot be read: {error.strerror or error}") from error
    try:
        letter = msgspec.json.decode(text, type=_Letter)
    except msgspec.ValidationError:
        return _bare(path, text)
    except _UNREADABLE as error:
        if path.suffix == ".jsonl":
            return _bare(path, text)
        raise _damaged(path, str(error)) from error
    return Envelope(*(getattr(letter, each.name) for each in fields(Envelope))), letter.document


def _bare(path: Path, text: bytes) -> tuple[Envelope, Any]:
    try:
        plain = msgspec.json.Decoder().decode_lines(text) if path.suffix == ".jsonl" else msgspec.json.decode(text)
    except _UNREADABLE as error:
        raise _damaged(path, str(error)) from error
    when = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    for kind in KINDS.values():
        if kind.bare(plain):
            return Envelope(kind.name, BEFORE, when, ""), plain
    raise TailgateError(
        f"{path} is no result file: it names neither its kind nor its schema",
        hint="name a file that a tailgate command wrote",
    )


def _read(path: Path, envelope: Envelope, content: msgspec.Raw | Any, kind: Kind) -> Any:
    if envelope.schema > kind.schema:
        raise TailgateError(
            f"{path} is {kind.title} of schema {envelope.schema}, written by tailgate "
            f"{envelope.tailgate or 'unknown'}; this one reads up to schema {kind.schema}",
            hint=f"read it with that version, or make it again: {kind.made_by}",
        )
    try:
        if envelope.schema == kind.schema and isinstance(content, msgspec.Raw):
            return msgspec.json.decode(content, type=kind.type)
        plain = msgspec.json.decode(content) if isinstance(content, msgspec.Raw) else content
        for schema in range(envelope.schema, kind.schema):
            if schema not in kind.migrations:
                raise TailgateError(
                    f"{path} is {kind.title} of schema {envelope.schema}, which is no longer read",
                    hint=f"make it again: {kind.made_by}",
                )
            plain = kind.migrations[schema](plain)
        return msgspec.convert(plain, kind.type)
    except (*_UNREADABLE, LookupError, TypeError, ValueError, AttributeError) as error:
        why = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise _damaged(path, why, f"make it again: {kind.made_by}") from error


def _damaged(path: Path, why: str, hint: str = "was it cut short? make it again") -> TailgateError:
    return TailgateError(f"{path} is damaged: {' '.join(why.split())}", hint=hint)
