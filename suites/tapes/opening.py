"""Opens the tape that a run asks for: from the cache, from a capture, or generated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suites.tapes import cache as store
from suites.tapes.generator import GENERATOR_VERSION, generate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from suites.tapes.tape import Tape


def open_tape(*, capture: str | None, seed: int, messages: int, cache: Path | None) -> Tape:
    """Give the tape of a seed, or of a capture file, at most `messages` frames long (0: all of the capture).

    `cache` is a folder that keeps tapes between processes; None keeps nothing. TailgateError where the capture cannot
    be read or is not understood, and where the cache cannot be used.
    """
    if capture is None:
        return _kept(cache, f"generated-v{GENERATOR_VERSION}-{seed}-{messages}", lambda: generate(seed, messages))
    # a worker on a generated tape does not load the importers
    from suites.tapes.captures import IMPORTER_VERSION, find, read, sha256  # noqa: PLC0415

    path = find(capture)
    tape = _kept(cache, f"capture-v{IMPORTER_VERSION}-{sha256(path)}", lambda: read(path))
    return tape.head(messages) if messages else tape


def _kept(cache: Path | None, key: str, make: Callable[[], Tape]) -> Tape:
    if cache is None:
        return make()
    if (tape := store.load(cache, key)) is None:
        tape = make()
        store.save(cache, key, tape)
    return tape
