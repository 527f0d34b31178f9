"""Made-up runs: benches and gates of the commits of one main line."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

from tailgate.documents.provenance import Commit, Interpreter
from tailgate.history.entries import Entry, Judgement, Link, Result
from tailgate.machine.identity import machine_of
from tailgate.results import histogram
from tailgate.results.exports import Row

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
_SAMPLES = histogram.fill([1000 + 7 * n for n in range(2000)])
PACKED = base64.b64decode(histogram.encode(histogram.coarsened(_SAMPLES)))
LADDER_NS: tuple[float, ...] = tuple(map(float, histogram.percentiles(_SAMPLES, [50, 90, 99, 99.9])))


def made_commit(number: int) -> Commit:
    """Return a commit of a made-up main line."""
    parent = f"{number - 1:040x}" if number else ""
    return Commit(
        f"{number:040x}", f"{number + 10**6:040x}", parent, BEGAN + timedelta(hours=number), f"commit {number}"
    )


def made_result(name: str, factor: float = 1.0) -> Result:
    """Return a distribution; a factor other than 1 leaves its histogram away, of which it would not be."""
    scaled = tuple(factor * each for each in LADDER_NS)
    kept = (("raw", PACKED), ("reproducible", PACKED)) if factor == 1.0 else ()
    return Result(name, 2000, 7, 3, "a digest", scaled, scaled, *(1000.0, 2e4, 8e3, 3e4), 2, kept)  # type: ignore[arg-type]  # the kinds


def made_link(name: str, shift: float, spread: float = 0.012, blocks: int = 11) -> Link:
    """Return what a gate found."""
    reach = 3 * spread / blocks**0.5
    facts = (shift, shift - reach, shift + reach, 0.99, spread, blocks, 1000.0, 1000.0, "pass")
    return Link(name, "reproducible", 0.99, *facts)


def made_entry(number: int, **changes: Any) -> Entry:
    """Return a bench of the commit of that number; any field may be named."""
    known: dict[str, Any] = {
        "digest": f"run {number}",
        "kind": "bench",
        "project": "books",
        "when": (BEGAN + timedelta(hours=number, minutes=5)).timestamp(),
        "command": "tailgate bench",
        "source": "tailgate",
        "verdict": "",
        "fitness": "fit",
        "head": made_commit(number),
        "base": None,
        "dirty": False,
        "chained": False,
        "machine": machine_of({"CPU": "an invented one", "CPUs": 2}),
        "interpreter": Interpreter("CPython 3.11.7", "GCC, GIL"),
        "settings": '{"seed": 7}',
        "results": (made_result("book/bisect"), made_result("book/heap[read_every=1]")),
        "measures": (Row("book/bisect", "allocations", "per operation", 4.5),),
    }
    return Entry(**known | changes)


def made_gate(number: int, shift: float = 0.0, **changes: Any) -> Entry:
    """Return the gate of the commit of that number against its parent."""
    known: dict[str, Any] = {
        "digest": f"gate {number}",
        "kind": "gate",
        "verdict": "PASS",
        "base": made_commit(number - 1),
        "chained": True,
        "results": (),
        "measures": (),
        "links": (made_link("book/bisect", shift),),
        "judgements": (Judgement("book/bisect", "PASS", ""),),
    }
    return made_entry(number, **known | changes)
