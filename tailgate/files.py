"""How files are named and replaced: whole or not at all."""

from __future__ import annotations

import contextlib
import os
import re
from hashlib import blake2s
from pathlib import Path
from typing import TYPE_CHECKING

from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Iterator


def slug(name: str) -> str:
    """Return a file name for a benchmark, no two names the same.

    `parse/by-hand` is `parse-by-hand`, `parse/fast[size=10]` is `parse-fast@size=10`. Where the name
    cannot be read off that (`parse-by/hand`) a digest of it follows.
    """
    plain = re.sub(r"[^\w.@=,]+", "-", name.replace("[", "@").removesuffix("]")).strip("-")
    first, bracket, axes = plain.replace("-", "/", 1).partition("@")
    if name == (f"{first}[{axes}]" if bracket else first):
        return plain
    return f"{plain}-{blake2s(name.encode(), digest_size=3).hexdigest()}"


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path that takes the place of `path` when all went well; a full disk loses nothing.

    A link stays, and what it points to is replaced. A device, a pipe or a folder is refused: what takes its place would
    take it from the whole machine.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        if path.exists() and not path.is_file():
            raise TailgateError(f"cannot write {path}: it is no regular file", hint="name a file to write")
        target.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(target)
    except OSError as error:
        raise TailgateError(
            f"cannot write {path}: {error.strerror or error}; what stood there before is whole",
            hint="free some room or choose another folder with --output",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
