"""Opens the tape that a run asks for: from the cache, from a capture, or generated."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from suites.tapes import cache as store
from suites.tapes.generator import GENERATOR_VERSION, generate
from suites.tapes.writing import TapeWriter
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from suites.tapes.market import Market
    from suites.tapes.tape import Tape


def open_tape(  # noqa: PLR0913  each is an option of a command line
    *,
    capture: str | None,
    seed: int,
    messages: int,
    cache: Path | None,
    symbols: str = "",
    start: str = "",
    end: str = "",
    on_gap: str = "resync",
    fitted: str = "",
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Tape:
    """Return the tape of a seed, or of a capture (a file, several with commas between, a folder), `messages` long.

    `fitted` names a file of parameters for the generator. Of a capture 0 messages are all, and symbols, start, end and
    on_gap say what of it is wanted. `cache` is a folder that keeps tapes between processes; None keeps nothing.
    `progress` gets bytes read and bytes in all while a capture is imported. TailgateError where the capture cannot
    be read or is not understood, and where the cache cannot be used.
    """
    if capture is None:
        key = f"generated-v{GENERATOR_VERSION}-{seed}-{messages}"
        if not fitted:
            return _kept(cache, key, lambda: generate(seed, messages))
        return _kept(cache, f"{key}-{_key_of(Path(fitted))}", lambda: generate(seed, messages, _market(Path(fitted))))
    if fitted:
        raise TailgateError("a tape is generated or captured", hint="give --fitted FILE or --capture FILE")
    # a worker on a generated tape does not load the importers
    from suites.tapes.captures.reading import Cut, checked_on_gap, find, key_of, read  # noqa: PLC0415

    paths = find(capture)
    whole = Cut(symbols, start, end, 0, checked_on_gap(on_gap))
    cut = Cut(symbols, start, end, messages, whole.on_gap)
    in_all = sum(path.stat().st_size for path in paths)

    def make(writer: TapeWriter) -> str:
        read(paths, cut, writer, lambda done: progress(done, in_all))
        return paths[0].name if len(paths) == 1 else f"{paths[0].name} and {len(paths) - 1} more"

    if cache is None:
        writer = TapeWriter()
        name = make(writer)
        return writer.tape(name)
    for key in dict.fromkeys((key_of(paths, whole), key_of(paths, cut))):
        if (tape := store.load(cache, key, messages)) is not None:
            return tape
    path = store.save(cache, key_of(paths, cut), make)
    if (tape := store.load(cache, key_of(paths, cut), messages)) is None:
        raise TailgateError(
            f"the tape in {path} is damaged a moment after it was written", hint="check the disk it is on"
        )
    return tape


def _key_of(path: Path) -> str:
    """Return the digest of a file of parameters."""
    try:
        return blake2b(path.read_bytes(), digest_size=16).hexdigest()
    except OSError as error:
        raise TailgateError(
            f"the parameters in {path} cannot be read: {error.strerror}", hint="nox -s tape -- CAPTURE --fit FILE"
        ) from error


def _market(path: Path) -> Market:
    # what reads documents is not imported by a worker whose tape is there
    from suites.tapes.fitted import market_of  # noqa: PLC0415

    return market_of(path)


def _kept(cache: Path | None, key: str, make: Callable[[], Tape]) -> Tape:
    if cache is None:
        return make()
    if (tape := store.load(cache, key)) is None:
        tape = make()
        store.save(cache, key, lambda writer: _copied(tape, writer))
    return tape


def _copied(tape: Tape, writer: TapeWriter) -> str:
    for time_ns, frame in zip(tape.times_ns, tape.frames, strict=True):
        writer.add(time_ns, frame)
    writer.notes = tape.notes
    return tape.name
