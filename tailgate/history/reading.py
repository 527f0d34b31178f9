"""From the folder of a finished run to what a history keeps of it."""

from __future__ import annotations

import base64
import json
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from tailgate.documents.allocations import FILE as ALLOCATIONS
from tailgate.documents.allocations import Allocations
from tailgate.documents.comparison import KINDS
from tailgate.documents.doctor import Diagnosis
from tailgate.documents.duel import DuelDocument
from tailgate.documents.envelope import load, read
from tailgate.documents.gate import GateBlocks, GateDocument
from tailgate.errors import TailgateError
from tailgate.history.entries import Entry, Judgement, Link, Result
from tailgate.history.provenance import digest_of, read_provenance
from tailgate.machine.identity import interpreter_of
from tailgate.results import histogram, schema
from tailgate.results.exports import Row, rows_of
from tailgate.results.load import is_results, load_results
from tailgate.results.run import load_run_facts
from tailgate.results.store import RESULTS
from tailgate.results.summary import figures
from tailgate.statistics.effect import spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tailgate.documents.comparison import Kind, Series
    from tailgate.documents.gate import GatedBenchmark
    from tailgate.documents.provenance import Interpreter, Provenance
    from tailgate.results.load import Results

BASE, HEAD = "base", "head"
"""The arms of a gate's blocks."""


@runtime_checkable
class Keeps(Protocol):
    """A document that a history keeps without knowing its type: the ledger's, the wire's, a project's own."""

    def rows_kept(self) -> Sequence[Row]:
        """Return its figures."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What the files of a folder hold. when: seconds since the epoch."""

    kind: str
    when: float
    verdict: str = ""
    fitness: str = ""
    settings: str = ""
    interpreter: Interpreter | None = None
    results: tuple[Result, ...] = ()
    links: tuple[Link, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    measures: tuple[Row, ...] = ()


def entry_of(folder: Path, provenance: Provenance | None = None) -> Entry:
    """Return the run of a folder; provenance: where it comes from, if not what stands beside it."""
    origin = provenance or read_provenance(folder)
    found = _found(folder, origin)
    return Entry(
        digest_of(origin),
        found.kind,
        origin.project,
        found.when,
        origin.command,
        "tailgate",
        found.verdict,
        found.fitness,
        origin.head,
        origin.base,
        origin.dirty,
        origin.chained and origin.base is not None and origin.head is not None and not origin.dirty,
        origin.machine,
        found.interpreter or origin.interpreter,
        found.settings or origin.settings,
        found.results,
        found.links,
        found.judgements,
        _once(found.measures),
    )


def _found(folder: Path, origin: Provenance) -> _Found:
    found: _Found | None = None
    for name in origin.files:
        path = folder / name
        if is_results(path):
            found = _bench(folder, load_results(path))
            continue
        envelope, document = read(path)
        if isinstance(document, GateDocument):
            found = _gate(document, _blocks(folder, origin))
        elif isinstance(document, DuelDocument):
            found = _duel(document, origin)
        elif isinstance(document, Diagnosis):
            found = _doctor(document)
        elif isinstance(document, Keeps):
            verdict = str(getattr(document, "tally", ""))
            found = _Found(envelope.kind, 0.0, verdict, measures=tuple(document.rows_kept()))
        if found is not None and not found.when:
            found = replace(found, when=envelope.when.timestamp())
    if found is None:
        raise TailgateError(
            f"{folder} holds nothing that a history keeps: {', '.join(origin.files)}",
            hint="it keeps bench, gate, duel, ledger, wire and doctor",
        )
    return found


def _bench(folder: Path, results: Results) -> _Found:
    facts = load_run_facts(folder)
    counts = load(folder / ALLOCATIONS, Allocations).counts if (folder / ALLOCATIONS).is_file() else ()
    measures = [
        Row(each.benchmark, what, unit, value)
        for each in counts
        for what, unit, value in (
            ("allocations", "per operation", each.per_operation),
            ("allocated bytes", "per operation", each.bytes_per_operation),
        )
    ]
    first = results.benchmarks[0]
    work = {"operations": first.operations, "passes": first.passes, **results.settings}
    told = results.pyperf
    build = interpreter_of(
        f"{told.get('python_implementation', '')} {str(told.get('python_version', '')).partition(' ')[0]}",
        str(told.get("python_compiler", "")),
        str(told.get("python_cflags", "")),
        f"GIL {told[schema.GIL]}" if schema.GIL in told else "",
    )
    return _Found(
        "bench",
        facts.began if facts else 0.0 or (folder / RESULTS).stat().st_mtime,
        "",
        facts.verdict if facts else "",
        json.dumps(work, sort_keys=True),
        build,
        tuple(_results(results)),
        measures=tuple(measures),
    )


def _results(results: Results) -> Iterator[Result]:
    for each in results.benchmarks:
        found = figures(each)
        yield Result(
            each.name,
            each.operations,
            each.passes,
            len(each.processes),
            each.digest,
            found.raw,
            found.reproducible,
            found.low[2],
            found.high[2],
            found.mean_ns,
            found.max_ns,
            sum(not advisory for advisory in found.advisory),
            (("raw", _packed(each.raw())), ("reproducible", _packed(each.reproducible()))),
        )


def _packed(of: histogram.Histogram) -> bytes:
    """Return a histogram as it is kept: to 0.4 %, in HdrHistogram's compressed encoding without the base64 of files."""
    return base64.b64decode(histogram.encode(histogram.coarsened(of)))


def unpacked(encoded: bytes) -> histogram.Histogram:
    """Return a kept histogram."""
    return histogram.decode(base64.b64encode(encoded).decode("ascii"))


def _blocks(folder: Path, origin: Provenance) -> Mapping[str, Series]:
    return load(folder / "blocks.json", GateBlocks).benchmarks if "blocks.json" in origin.files else {}


def _gate(gate: GateDocument, blocks: Mapping[str, Series]) -> _Found:
    machine = {key.removeprefix(schema.MACHINE): value for key, value in gate.machine.items()}
    measures = [Row(each.benchmark, each.what, "per operation", each.head, note=each.accepted) for each in gate.counts]
    return _Found(
        "gate",
        0.0,
        gate.verdict,
        str(machine.get("verdict", "")),
        links=tuple(link for each in gate.benchmarks for link in _gated(each, blocks.get(each.name))),
        judgements=tuple(Judgement(each.name, each.verdict, each.fitness) for each in gate.benchmarks),
        measures=tuple(measures),
    )


def _gated(each: GatedBenchmark, series: Series | None) -> Iterator[Link]:
    """Yield the judged figures, and what stands beside them: a chain may be made of either."""
    for key, figure in each.figures.items():
        p = figure.percentile or each.percentile
        kind: Kind = "raw" if key.startswith("raw") else "reproducible"
        yield _link(each, kind, p, figure, figure.verdict, series)
    for beside in each.beside:
        yield _link(each, beside.kind, beside.percentile, beside, "", series)


def _link(each: GatedBenchmark, kind: Kind, p: float, figure: Any, verdict: str, series: Series | None) -> Link:
    found = _spread(series, kind, (BASE, HEAD), p, each.blocks)
    facts = (figure.shift.log_ratio, figure.shift.low, figure.shift.high, figure.shift.confidence)
    return Link(each.name, kind, p, *facts, found, each.blocks, figure.base_ns, figure.head_ns, verdict)


def _duel(duel: DuelDocument, origin: Provenance) -> _Found:
    name = origin.benchmark or f"{duel.head} against {duel.base}"
    links = [
        Link(
            name,
            each.kind,
            each.p,
            *(each.shift.log_ratio, each.shift.low, each.shift.high, each.shift.confidence),
            _spread(duel.series, each.kind, (duel.base, duel.head), each.p, duel.blocks),
            *(duel.blocks, each.base_ns, each.head_ns, duel.verdict),
        )
        for each in duel.figures
    ]
    return _Found("duel", 0.0, duel.verdict, links=tuple(links), judgements=(Judgement(name, duel.verdict, ""),))


def _spread(series: Series | None, kind: Kind, sides: tuple[str, str], p: float, blocks: int) -> float | None:
    """Return the standard deviation of the blocks that were judged; None where they are not there."""
    if series is None or any(side not in series.rows[kind] for side in sides):
        return None
    try:
        found = spread(series.ratio_at(kind, *sides, p)[:blocks])
    except TailgateError:  # one block, or a percentile of 0 ns
        return None
    return found if math.isfinite(found) else None


def _doctor(told: Diagnosis) -> _Found:
    effect = told.smallest_p99_effect
    rows = [] if effect is None else [Row("machine", "smallest p99 effect", "%", 100 * effect)]
    rows += [Row("machine", f"lost share of CPU {each.cpu}", "%", 100 * each.lost_share) for each in told.jitter]
    return _Found("doctor", 0.0, told.verdict, "; ".join(told.reasons), measures=tuple(rows))


def _once(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Give every row a name of its own: of two alike the later is numbered."""
    seen: dict[tuple[str, str], int] = {}
    found = []
    for row in rows:
        number = seen[row.benchmark, row.measure] = seen.get((row.benchmark, row.measure), 0) + 1
        found.append(row if number == 1 else replace(row, measure=f"{row.measure} ({number})"))
    return tuple(found)


__all__ = ["KINDS", "entry_of", "rows_of", "unpacked"]
