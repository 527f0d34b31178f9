"""Make a long capture of a short one of Binance, by repeating it with shifted times and identifiers.

    python scripts/repeat_capture.py captures/binance_spot_btcusdt_20240808.gz --to build/long.txt --mb 2000

Each copy begins where the one before ended, in time and in numbers: no gap, and books as deep as the first ones. It is
for measuring how memory and time grow with size (docs/tapes.md), and as true a capture as its original is.
"""

from __future__ import annotations

import gzip
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

# A script is run by its path: the checkout is not on the module path then.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tailgate.errors import TailgateError
from tailgate.terminal.command_line import CommandLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NUMBERS: Final = re.compile(rb'^([0-9]{19}) |"(U|u|lastUpdateId|t|E|T)":([0-9]+)')
_MILLISECOND_NS: Final = 1_000_000


def repeated(lines: Iterable[bytes], copies: int = 0) -> Iterator[bytes]:
    """Yield the lines again and again (0 copies: for ever), each time later and with higher numbers.

    Lines are `<epoch ns> <JSON>`. TailgateError where they are not.
    """
    kept = list(lines)
    found = [each for line in kept for each in _numbers(line)]
    received = [number for key, number in found if not key]
    if len(received) != len(kept) or len(kept) < 2:
        raise TailgateError("expected lines of `<receive time in ns> <JSON>`", hint="name Binance's shared capture")
    span_ms = (max(received) - min(received)) // _MILLISECOND_NS + 1
    diffs = [number for line in kept if b'"U":' in line for key, number in _numbers(line) if key in {b"U", b"u"}]
    spans = dict.fromkeys((b"U", b"u", b"lastUpdateId"), _span(diffs))  # diffs follow each other without a gap
    spans[b"t"] = _span([number for key, number in found if key == b"t"])
    copy = 0
    while not copies or copy < copies:
        shifts = {key: copy * span for key, span in spans.items()}
        shifts |= {b"E": copy * span_ms, b"T": copy * span_ms, b"": copy * span_ms * _MILLISECOND_NS}

        def later(match: re.Match[bytes], shifts: dict[bytes, int] = shifts) -> bytes:
            if match[1]:
                return b"%d " % (int(match[1]) + shifts[b""])
            return b'"%b":%d' % (match[2], int(match[3]) + shifts[match[2]])

        yield from (_NUMBERS.sub(later, line) for line in kept)
        copy += 1


def _numbers(line: bytes) -> list[tuple[bytes, int]]:
    """Return the numbers that are shifted, with their keys; that of the receive time is empty."""
    return [(match[2] or b"", int(match[1] or match[3])) for match in _NUMBERS.finditer(line)]


def _span(numbers: list[int]) -> int:
    """Return by how much numbers rise from one copy to the next."""
    return max(numbers) - min(numbers) + 1 if numbers else 0


@click.command("repeat_capture", cls=CommandLine)
@click.argument("capture", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--to", "target", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
@click.option("--mb", type=click.FloatRange(min=0, min_open=True), default=2000.0, show_default=True, help="Its size.")
def main(capture: Path, target: Path, mb: float) -> None:
    """Repeat CAPTURE (of Binance, gzip) until it has so many megabytes, uncompressed."""
    if target.exists():
        raise TailgateError(f"{target} exists", hint="remove it, or name another file")
    written = 0
    with gzip.open(capture) as file, target.open("wb") as out:
        for line in repeated(file.read().splitlines(keepends=True)):
            written += out.write(line)
            if written >= mb * 1e6:
                break
    click.echo(f"{target}: {written / 1e6:,.0f} MB")


if __name__ == "__main__":
    main()
