"""Download public captures of real exchanges by name, and refuse what does not have their SHA-256.

    python scripts/download_captures.py --list
    python scripts/download_captures.py coinbase kraken --to captures
    nox -s bench -- --capture captures/coinbase_level2_10sym_20210417.raw

It needs nothing but Python. The captures belong to the projects that published them, under the licences named by
--list; they are not part of this project. A file that is there already is never overwritten.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import os
import sys
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

# A script is run by its path: the checkout is not on the module path then.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tailgate.errors import TailgateError
from tailgate.terminal.boundary import status_of
from tailgate.terminal.output import watched_output

if TYPE_CHECKING:
    from collections.abc import Sequence

_CRYPTOFEED: Final = "https://raw.githubusercontent.com/bmoscon/cryptofeed/ce58c2a0015040aa2271e80bac783d74fa2cdcff"
_HFTBACKTEST: Final = "https://raw.githubusercontent.com/nkaz001/hftbacktest/5f3ec40b2afb764e0fea112f941ed85523ef4e88"
PROGRAM: Final = "download_captures"
_CHUNK_BYTES: Final = 1 << 16
_TIMEOUT_S: Final = 30.0
_AGAIN: Final = "check the connection and the folder, and run the same command again"
_REMOVE: Final = "remove that file, or name another folder with --to, and run the same command again"


@dataclass(frozen=True, slots=True)
class Capture:
    """A public capture: a pinned URL, and what must come from it."""

    name: str
    file: str
    url: str
    size_bytes: int
    sha256: str
    content: str
    licence: str


CAPTURES: Final = (
    Capture(
        "coinbase",
        "coinbase_level2_10sym_20210417.raw",
        f"{_CRYPTOFEED}/sample_data/COINBASE.ws.28.0",
        1_616_756,
        "8b2afe9b69ed0cf5b5eb6c36a82015a25cfa8aaee83379ac9588961b7b5ae8e9",
        "Coinbase, 10 products, 31 s: snapshots, 9,719 updates, matches, tickers",
        "cryptofeed's, by Bryant Moscon",
    ),
    Capture(
        "kraken",
        "kraken_book1000_10sym_20210417.raw",
        f"{_CRYPTOFEED}/sample_data/KRAKEN.ws.50.0",
        894_822,
        "b7faccd1f457a11fd39de563500369a18b7c7e159e8725497a36ad66136907cb",
        "Kraken, 10 pairs, 31 s: snapshots, 4,269 updates with checksums",
        "cryptofeed's, by Bryant Moscon",
    ),
    Capture(
        "binance",
        "binance_spot_btcusdt_20240808.gz",
        f"{_HFTBACKTEST}/examples/spot/btcusdt_20240808.gz",
        1_274_097,
        "5d263f4c5379cfc27379ef0e22779aa33804463d1b69c292e9c0714e31f2e1b4",
        "Binance spot BTCUSDT, 346 s: a snapshot, 3,451 depth diffs, quotes, trades",
        "MIT, hftbacktest, by nkaz001",
    ),
    Capture(
        "okx",
        "okx_books_3inst_20220513.raw",
        f"{_CRYPTOFEED}/sample_data/OKX.ws.1.0",
        294_370,
        "a9b65fb84bda877ac799d3afe6e3630f0929751b31c6fa1bb4a55e0e6aceac91",
        "OKX, 3 instruments, 11 s: 290 books of 400 levels with checksums, trades, tickers",
        "cryptofeed's, by Bryant Moscon",
    ),
)


def choose(names: Sequence[str]) -> list[Capture]:
    """Return the captures of these names, all for none; TailgateError for a wrong one."""
    known = {capture.name: capture for capture in CAPTURES}
    if wrong := [name for name in names if name not in known]:
        raise TailgateError(f"there is no capture {wrong[0]!r}", hint=f"the captures are {', '.join(known)}")
    return [known[name] for name in names] or list(CAPTURES)


def download(capture: Capture, folder: Path) -> Path:
    """Download one capture into a folder, whole and of the right SHA-256 or not at all; return its path.

    A file that is there and right is left alone; one that is there and wrong is a TailgateError, as is any failure.
    """
    path = folder / capture.file
    try:
        if path.exists():
            _check(hashlib.sha256(path.read_bytes()).hexdigest(), capture, f"{path}, which is there already,", _REMOVE)
            return path
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as scratch:
            draft = Path(scratch, capture.file)
            _check(_fetch(capture, draft), capture, capture.url, _AGAIN)
            os.link(draft, path)  # unlike a rename, it fails where a file has come up meanwhile
    except (OSError, http.client.HTTPException) as error:  # urllib's errors are of OSError
        raise TailgateError(
            f"{capture.name}: {capture.url} could not be downloaded to {path}: {error}",
            hint=_AGAIN,
        ) from error
    return path


def _fetch(capture: Capture, draft: Path) -> str:
    """Write what the URL answers, at most a byte more than expected, and return its SHA-256."""
    digest = hashlib.sha256()
    left = capture.size_bytes + 1
    with urllib.request.urlopen(capture.url, timeout=_TIMEOUT_S) as answer, draft.open("wb") as file:  # noqa: S310  the table's own URLs
        while left and (chunk := answer.read(min(left, _CHUNK_BYTES))):
            digest.update(chunk)
            file.write(chunk)
            left -= len(chunk)
    return digest.hexdigest()


def _check(sha256: str, capture: Capture, where: str, hint: str) -> None:
    if sha256 != capture.sha256:
        raise TailgateError(
            f"{capture.name}: {where} has the SHA-256 {sha256}, expected {capture.sha256}; nothing was written",
            hint=hint,
        )


def main(arguments: Sequence[str]) -> int:
    """Download, list, or say in a line what went wrong; return the exit status."""
    parser = argparse.ArgumentParser(prog="download_captures.py", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="which captures (all of them)")
    parser.add_argument("--to", type=Path, default=Path("captures"), metavar="DIR", help="folder (%(default)s)")
    parser.add_argument("--list", action="store_true", help="name the captures and download nothing")
    options = parser.parse_args(arguments)

    def act() -> None:
        for capture in choose(options.names):
            if options.list:
                print(f"{capture.name:10}{capture.size_bytes:>12,} bytes  {capture.content}  ({capture.licence})")
            else:
                print(download(capture, options.to))

    return status_of(PROGRAM, act, again="what is complete stays; the same command fetches the rest")


if __name__ == "__main__":
    with watched_output(PROGRAM):
        sys.exit(main(sys.argv[1:]))
