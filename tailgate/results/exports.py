"""Results in the forms of other tools: rows of figures, written as each of them reads it.

What is exported was judged before: a bench from its summary, a gate from its verdict. pytest-benchmark's form wants a
distribution, and stands in pytest_benchmark.py.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from tailgate.documents.bench import BenchSummary
from tailgate.statistics.estimate import ratio_percent
from tailgate.statistics.quantiles import LADDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tailgate.documents.bench import BenchFigures
    from tailgate.documents.gate import Beside, GatedBenchmark, GatedFigure, GateDocument


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of one benchmark; low and high: its range over processes, or the interval of a shift.

    measure: p99 is raw, p99-reproducible of the least duration of each operation. compared: it is the base's, and no
    figure of what was measured now. note: what a reader of it must know.
    """

    benchmark: str
    measure: str
    unit: str
    value: float
    low: float | None = None
    high: float | None = None
    note: str = ""
    compared: bool = False


def rows_of(document: BenchSummary | GateDocument) -> list[Row]:
    """Return every figure of a bench or of a gate."""
    if isinstance(document, BenchSummary):
        return [row for each in document.benchmarks for row in _measured(each)]
    found = [row for each in document.benchmarks for row in _judged(each)]
    unit = "per operation"
    for each in document.counts:
        note = f"accepted: {each.accepted}" if each.accepted else ("more than base" if each.worse else "")
        found.append(Row(each.benchmark, each.what, unit, each.head, note=note))
        found.append(Row(each.benchmark, f"{each.what}-base", unit, each.base, compared=True))
    return found


def _measured(each: BenchFigures) -> Iterator[Row]:
    work = f"{each.operations} operations, {each.passes} passes, {each.processes} processes"
    for place, p in enumerate(LADDER):
        note = f"{work}; advisory" if each.advisory[place] else work
        yield Row(each.name, _percent(p), "ns", each.raw[place], each.low[place], each.high[place], note)
        yield Row(each.name, f"{_percent(p)}-reproducible", "ns", each.reproducible[place], note=note)
    yield Row(each.name, "mean", "ns", each.mean_ns, note=work)
    yield Row(each.name, "max", "ns", each.max_ns, note=work)


def _judged(each: GatedBenchmark) -> Iterator[Row]:
    """Yield the judged figures, then those that stand beside them."""
    for key, figure in each.figures.items():
        percentile = figure.percentile or each.percentile
        yield from _shifted(each.name, key.partition(" ")[0], percentile, figure, figure.verdict)
    for beside in each.beside:
        yield from _shifted(each.name, beside.kind, beside.percentile, beside, "beside, not judged")


def _shifted(benchmark: str, kind: str, percentile: float, figure: GatedFigure | Beside, verdict: str) -> Iterator[Row]:
    name, shift = _percent(percentile) + ("" if kind == "raw" else f"-{kind}"), figure.shift
    yield Row(benchmark, name, "ns", figure.head_ns, note=f"{shift.percent} {shift.interval}, {verdict}")
    yield Row(benchmark, f"{name}-base", "ns", figure.base_ns, compared=True)
    low, high = (None if end is None else ratio_percent(end) for end in (shift.low, shift.high))
    yield Row(benchmark, f"{name}-shift", "%", ratio_percent(shift.log_ratio), low, high, verdict)


def _percent(p: float) -> str:
    return f"p{100 * p:g}"


def bencher(rows: Sequence[Row]) -> str:
    """Return Bencher Metric Format: by benchmark and measure a value with its bounds.

    A measure is a slug, and says its unit: Bencher makes it when it first sees it, and does not know one.
    """
    units = {"ns": "ns", "%": "percent", "per operation": "per-operation"}
    found: dict[str, dict[str, dict[str, float]]] = {}
    for row in (each for each in rows if not each.compared):
        bounds = {"lower_value": row.low, "upper_value": row.high}
        metric = {"value": row.value} | {key: value for key, value in bounds.items() if value is not None}
        slug = f"{row.measure.replace('.', '-')}-{units[row.unit]}"
        found.setdefault(row.benchmark, {})[slug] = metric
    return _json(found)


def github_action(rows: Sequence[Row]) -> str:
    """Return what github-action-benchmark reads as `customSmallerIsBetter`."""
    found = []
    for row in (each for each in rows if not each.compared):
        entry = {"name": f"{row.benchmark} {row.measure}", "unit": row.unit, "value": row.value}
        if row.low is not None or row.high is not None:
            entry["range"] = f"{_end(row.low)} .. {_end(row.high)}"
        found.append(entry | ({"extra": row.note} if row.note else {}))
    return _json(found)


def table(rows: Sequence[Row]) -> str:
    """Return CSV with a line of names on top; an end that is not known is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = [each.name for each in fields(Row) if each.name != "compared"]
    writer.writerow(names)
    writer.writerows([getattr(row, name) for name in names] for row in rows)
    return out.getvalue()


FORMATS: Final[dict[str, Callable[[Sequence[Row]], str]]] = {
    "bencher": bencher,
    "github-action-benchmark": github_action,
    "csv": table,
}
"""What writes rows, by the name of the format."""


def _end(value: float | None) -> str:
    return "open" if value is None else f"{value:.6g}"


def _json(plain: Any) -> str:
    return json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
