"""Measure what reading and writing a typed document costs with msgspec, and with cattrs beside it.

    pip install cattrs && python scripts/measure_documents.py

The document is a duel of 60 blocks. Encoding and decoding are the best of 50, an import the least of 30 processes.
docs/documents.md has the figures of one machine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

# A script is run by its path: the checkout is not on the module path then.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tailgate.documents.duel import DuelDocument
from tailgate.documents.envelope import load
from tailgate.results.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable

GOLDEN = Path(__file__).resolve().parents[1] / "tests" / "golden" / "documents" / "first" / "duel.json"
BLOCKS, TIMES, PROCESSES = 60, 50, 30


def duel_of(blocks: int) -> DuelDocument:
    """Return a duel that was measured once, with its blocks repeated."""
    found = load(GOLDEN, DuelDocument)
    rows: Any = {
        kind: {side: (table * blocks)[:blocks] for side, table in sides.items()}
        for kind, sides in found.series.rows.items()
    }
    return replace(found, blocks=blocks, series=replace(found.series, rows=rows))


def best_us(call: Callable[[], object]) -> float:
    """Return the least duration of a call, in microseconds."""

    def once() -> int:
        began = time.perf_counter_ns()
        call()
        return time.perf_counter_ns() - began

    return min(once() for _ in range(TIMES)) / 1e3


def import_ms(module: str) -> float:
    """Return the least duration of an import in a fresh process, in milliseconds."""
    program = f"import time; began = time.perf_counter_ns(); import {module}; print(time.perf_counter_ns() - began)"
    command = [sys.executable, "-c", program]
    runs = (subprocess.run(command, check=True, capture_output=True, text=True) for _ in range(PROCESSES))
    return min(int(done.stdout) for done in runs) / 1e6


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    duel = duel_of(BLOCKS)
    text = msgspec.json.encode(duel)
    encode, decode = (lambda: msgspec.json.encode(duel)), (lambda: msgspec.json.decode(text, type=DuelDocument))
    rows = [("msgspec", import_ms("msgspec"), best_us(encode), best_us(decode))]
    try:
        from cattrs.preconf.json import make_converter  # noqa: PLC0415  measured where it is installed
    except ImportError:
        print("cattrs is not installed: pip install cattrs")
    else:
        other: Any = make_converter()
        encode, decode = (lambda: other.dumps(duel)), (lambda: other.loads(text, DuelDocument))
        rows.append(("cattrs", import_ms("cattrs.preconf.json"), best_us(encode), best_us(decode)))
    shown = [(name, f"{started:.0f} ms", *(f"{us:.0f} µs" for us in both)) for name, started, *both in rows]
    shown.append(("json alone, unchecked", "", "", f"{best_us(lambda: json.loads(text)):.0f} µs"))
    columns = ("", "import", "encode", "decode and check")
    print(Table(f"A duel of {BLOCKS} blocks, {len(text):,} B", columns, tuple(shown)).markdown())


if __name__ == "__main__":
    main()
