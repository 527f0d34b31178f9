"""Measure what an import of each format takes, and hold each to its ground truth: the table of docs/tapes.md.

    python scripts/measure_imports.py                      every format, five imports each
    python scripts/measure_imports.py --against 28d70e0    and the Binance capture beside another revision's importer

Of a format with a capture in ../shared/captures that is imported, of another a walk of 20,000 updates that is written
for it here. An import is that of a command: a capture is read into an empty cache, and the tape is opened from it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import click

# A script is run by its path: the checkout is not on the module path then.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from implementations.registry import load
from suites.paths.inputs import messages_of
from suites.tapes import open_tape
from suites.tapes.captures.events import QuoteEvent
from suites.tapes.captures.reading import events
from tailgate.errors import TailgateError
from tailgate.results.table import Table
from tailgate.terminal.command_line import CommandLine
from tests.harness.test_suites_captures import kraken_checksum, okx_checksum, read, replayed
from tests.unit.tapes.makers import books, walks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT: Final = Path(__file__).resolve().parents[1]
_BINANCE: Final = "binance_spot_btcusdt_20240808.gz"
_BOOK: Final = 3

# Run by the interpreter of this script in the folder of the revision that is measured. The first import loads modules.
_IMPORT: Final = """
import json, sys, tempfile, time
from pathlib import Path
from suites.tapes import open_tape
seconds, peak = [], 0
for _ in range(int(sys.argv[2]) + 1):
    with tempfile.TemporaryDirectory() as cache:
        began = time.perf_counter()
        tape = open_tape(capture=sys.argv[1], seed=0, messages=0, cache=Path(cache))
        seconds.append(time.perf_counter() - began)
        messages = len(tape.frames)
    status = Path("/proc/self/status").read_text()
    peak = peak or int(status.partition("VmHWM:")[2].split()[0])
print(json.dumps([messages, seconds[1:], peak]))
"""


@dataclass(frozen=True, slots=True)
class Imported:
    """What a process said: messages, seconds of each import but the first, peak memory of the first in KiB."""

    messages: int
    seconds: tuple[float, ...]
    peak_kib: int

    @property
    def rate(self) -> float:
        """Return messages a second of the fastest import."""
        return self.messages / min(self.seconds)


def imported(path: Path, runs: int, root: Path = ROOT) -> Imported:
    """Import a capture in a process of its own."""
    command = [sys.executable, "-c", _IMPORT, str(path.resolve()), str(runs)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise TailgateError(f"{path.name} was not imported: {done.stderr.strip().splitlines()[-1]}")
    messages, seconds, peak = json.loads(done.stdout)
    return Imported(messages, tuple(seconds), peak)


def _new_book() -> Any:
    factory: Any = load("book", "reference").factory
    return factory()


def _held(name: str, *, right: bool) -> None:
    if not right:
        raise TailgateError(f"{name}: a book of its tape is not the one that the venue's data say")


def _never_crosses(path: Path) -> str:
    tops = [book.top() for _, book in replayed(read(path), _new_book)]
    _held(path.name, right=all(0 < bid < ask for bid, _, ask, _ in tops))
    return f"never crosses, in {len(tops):,} book messages"


def _kraken(path: Path) -> str:
    digits: dict[str, tuple[int, int]] = {}
    matched = 0
    for event, book in replayed(read(path), _new_book):
        digits.setdefault(event.symbol, event.digits)
        if event.checksum is not None:
            _held(path.name, right=kraken_checksum(book, *digits[event.symbol]) == event.checksum)
            matched += 1
    return f"CRC-32 of the ten best levels in each of {matched:,} updates"


def _okx(path: Path) -> str:
    found = [okx_checksum(book) == event.checksum for event, book in replayed(read(path), _new_book)]
    _held(path.name, right=all(found))
    return f"signed CRC-32 of 25 levels in each of {len(found):,} messages"


def _binance(path: Path) -> str:
    tops = {
        each.update_id: tuple(map(float, each.bid + each.ask)) for each in events(path) if isinstance(each, QuoteEvent)
    }
    found = [
        book.top() == tops[event.update_id]
        for event, book in replayed(read(path), _new_book)
        if event.update_id in tops
    ]
    _held(path.name, right=bool(found) and all(found))
    return f"the published best price and size at {len(found):,} updates; `U`/`u` without a hole"


_CAPTURES: Final[tuple[tuple[str, str, str, Callable[[Path], str]], ...]] = (
    ("Binance depth", "Binance spot, 2024", _BINANCE, _binance),
    ("Coinbase level2", "Coinbase, 2021", "coinbase_level2_10sym_20210417.raw", _never_crosses),
    ("Kraken v1 book", "Kraken, 2021", "kraken_book1000_10sym_20210417.raw", _kraken),
    ("OKX books", "OKX, 2022", "okx_books_3inst_20220513.raw", _okx),
)


def _written(path: Path, name: str, updates: int) -> None:
    """Hold the tape of a walk to what was written: every book, but those that build its first one order by order."""
    tape = open_tape(capture=str(path), seed=0, messages=0, cache=None)
    found: dict[str, Any] = defaultdict(_new_book)
    states = []
    for message in messages_of(tape.frames):
        if message.kind == _BOOK:
            book = found[message.symbol]  # type: ignore[union-attr]  # a book's own
            book.apply(message)
            states.append(book.depth(10))
    _held(name, right=states[-updates - 1 :] == books(updates) and len(found) == 1)


def rows(captures: Path, updates: int, runs: int) -> Iterator[tuple[str, ...]]:
    """Yield a row a format."""
    for name, venue, file, truth in _CAPTURES:
        click.echo(f"{name} ...", err=True)
        path = captures / file
        if not path.is_file():
            raise TailgateError(f"{path} is not there", hint="--captures FOLDER")
        yield _row(name, venue, truth(path), path, runs)
    for name, walk in walks(updates).items():
        click.echo(f"{name} ...", err=True)
        with tempfile.TemporaryDirectory() as folder:
            for file, content in walk.files.items():
                Path(folder, file).write_bytes(content)
            path = Path(folder, next(iter(walk.files)))
            _written(path, name, updates)
            yield _row(name, f"{walk.venue} (written here)", walk.truth, path, runs)


def _row(name: str, venue: str, truth: str, path: Path, runs: int) -> tuple[str, ...]:
    of = imported(path, runs)
    seconds = f"{min(of.seconds):.2f}"
    return name, venue, truth, f"{of.messages:,}", seconds, f"{of.rate:,.0f}", f"{of.peak_kib / 1024:.0f} MiB"


def beside(revision: str, capture: Path, runs: int) -> Table:
    """Import the Binance capture by another revision's importer and this one, one after the other, again and again."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["git", "archive", revision]
        archive = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
        if archive.returncode:
            raise TailgateError(f"git knows no revision {revision}", hint=archive.stderr.decode().strip())
        unpack = ["tar", "-x", "-C", folder]
        subprocess.run(unpack, input=archive.stdout, check=True)
        found: dict[str, list[Imported]] = {revision: [], "this one": []}
        for number in range(runs):
            click.echo(f"side by side, {number + 1} of {runs} ...", err=True)
            found[revision].append(imported(capture, 1, Path(folder)))
            found["this one"].append(imported(capture, 1))
    old, new = ([each.rate for each in found[name]] for name in found)
    told = tuple(
        (name, f"{each[0].messages:,}", f"{median(one.rate for one in each):,.0f}", f"{max(o.rate for o in each):,.0f}")
        for name, each in found.items()
    )
    ratios = f"this one imports {median(new) / median(old):.2f} times as many by the medians, {max(new) / max(old):.2f}"
    columns = ("importer of", "messages", "messages a second, median", "best")
    return Table(f"{capture.name}, {runs} imports of each in turn", columns, told, (f"{ratios} by the best",))


@click.command("measure_imports", cls=CommandLine)
@click.option(
    "--captures",
    type=click.Path(file_okay=False, path_type=Path),
    default=ROOT.parent / "shared" / "captures",
    help="Folder of the real captures.  [../shared/captures]",
)
@click.option("--updates", type=click.IntRange(4), default=20_000, show_default=True, help="Updates of a walk.")
@click.option("--runs", type=click.IntRange(1), default=5, show_default=True, help="Imports of each; the best is told.")
@click.option("--against", metavar="REV", help="Import the Binance capture by this revision too, side by side.")
def main(captures: Path, updates: int, runs: int, against: str | None) -> None:
    """Print, as Markdown, what an import of each format takes, and what proves it right."""
    columns = ("format", "venue", "ground truth", "messages", "seconds", "messages a second", "peak memory")
    click.echo(Table("Imports", columns, tuple(rows(captures, updates, runs))).markdown())
    if against:
        click.echo("\n" + beside(against, captures / _BINANCE, runs).markdown())


if __name__ == "__main__":
    main()
