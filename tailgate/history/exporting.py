"""Writes a history for other tools: a line a figure as CSV or Parquet, a line a run as JSON Lines, with all of it."""

from __future__ import annotations

import base64
import csv
import io
import json
from dataclasses import asdict, astuple, dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tailgate.errors import MissingToolError
from tailgate.results.exports import Row
from tailgate.statistics.quantiles import LADDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tailgate.history.entries import Entry


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of one run. when: in UTC, ISO 8601. A shift is a log ratio of head over base."""

    run: str
    when: str
    project: str
    kind: str
    source: str
    commit: str
    base: str
    dirty: bool
    machine: str
    interpreter: str
    build: str
    settings: str
    benchmark: str
    measure: str
    unit: str
    value: float
    low: float | None
    high: float | None
    verdict: str
    note: str


_TEXTS: Final = {each.name for each in fields(Line) if each.type == "str"}


def lines_of(entries: Iterable[Entry]) -> Iterator[Line]:
    """Yield every figure of every run."""
    for entry in entries:
        head = (
            *(entry.digest, datetime.fromtimestamp(entry.when, UTC).isoformat(), entry.project, entry.kind),
            *(entry.source, entry.head.id if entry.head else "", entry.base.id if entry.base else "", entry.dirty),
            *(entry.machine.fingerprint, entry.interpreter.version, entry.interpreter.build, entry.settings),
        )
        verdicts = {each.benchmark: each.verdict for each in entry.judgements}
        for row in _rows(entry):
            figure = (row.benchmark, row.measure, row.unit, row.value, row.low, row.high)
            yield Line(*head, *figure, verdicts.get(row.benchmark, entry.verdict), row.note)


def _rows(entry: Entry) -> Iterator[Row]:
    for each in entry.results:
        work = f"{each.operations} operations, {each.passes} passes, {each.processes} processes"
        for place, p in enumerate(LADDER):
            note = work if place < each.sure else f"{work}; advisory"
            low, high = (each.low_ns, each.high_ns) if p == 0.99 else (None, None)
            yield Row(each.benchmark, f"p{100 * p:g}", "ns", each.raw[place], low, high, note)
            yield Row(each.benchmark, f"p{100 * p:g}-reproducible", "ns", each.reproducible[place], note=note)
        yield Row(each.benchmark, "mean", "ns", each.mean_ns, note=work)
        yield Row(each.benchmark, "max", "ns", each.max_ns, note=work)
    for link in entry.links:
        name = f"p{100 * link.percentile:g}" + ("" if link.kind == "raw" else f"-{link.kind}")
        note = f"{link.blocks} blocks, {100 * link.confidence:g} % interval"
        yield Row(link.benchmark, f"{name}-shift", "log ratio", link.log_ratio, link.low, link.high, note)
    yield from entry.measures


def as_csv(entries: Iterable[Entry]) -> bytes:
    """Return CSV with a line of names on top."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([each.name for each in fields(Line)])
    writer.writerows(astuple(line) for line in lines_of(entries))
    return out.getvalue().encode()


def as_json_lines(entries: Iterable[Entry]) -> bytes:
    """Return a line a run, with all that is kept of it; histograms in base64, as HdrHistogram's tools read them."""
    return "".join(json.dumps(asdict(entry), default=_plain, ensure_ascii=False) + "\n" for entry in entries).encode()


def as_parquet(entries: Iterable[Entry]) -> bytes:
    """Return Parquet with the columns of the CSV; MissingToolError where pyarrow is not installed."""
    try:
        import pyarrow as pa  # noqa: PLC0415  40 MB that only this needs
        from pyarrow import parquet  # noqa: PLC0415  as above
    except ModuleNotFoundError as error:
        raise MissingToolError(
            "Parquet is written by pyarrow, which is not installed", hint="pip install pyarrow"
        ) from error
    own: dict[str, Any] = {name: pa.string() for name in _TEXTS} | {"dirty": pa.bool_()}
    schema = pa.schema([(each.name, own.get(each.name, pa.float64())) for each in fields(Line)])
    table = pa.Table.from_pylist([asdict(line) for line in lines_of(entries)], schema=schema)
    out = pa.BufferOutputStream()
    parquet.write_table(table, out, compression="zstd")
    return bytes(out.getvalue().to_pybytes())


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in JSON")


FORMATS: Final = {"csv": as_csv, "jsonl": as_json_lines, "parquet": as_parquet}
"""What writes a history, by the name of the format."""
